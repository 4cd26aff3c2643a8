using System.Formats.Asn1;

namespace Drover.Modules;

/// <summary>The first signer of a PKCS#7 message (RFC 2315), as the kernel's <c>sign-file</c> makes it: who, with which key, over which hash.</summary>
/// <remarks>
/// <code>
/// ContentInfo  SEQUENCE { OID signedData, [0] SignedData }
/// SignedData   SEQUENCE { version, SET digestAlgorithms, SEQUENCE content, [0] certificates?, [1] crls?, SET OF SignerInfo }
/// SignerInfo   SEQUENCE { version, SEQUENCE { Name issuer, INTEGER serial }, SEQUENCE { OID digest, … }, [0] attributes?, SEQUENCE { … }, OCTET STRING signature, … }
/// Name         SEQUENCE OF SET OF SEQUENCE { OID type, any string }
/// </code>
/// A signer named by a key identifier ([0] in the place of issuer and serial, RFC 5652) is not of PKCS#7, and kmod shows none.
/// </remarks>
static class Pkcs7SignerInfo
{
    const string SignedData = "1.2.840.113549.1.7.2", CommonName = "2.5.4.3";

    static readonly Asn1Tag s_tag0 = new(TagClass.ContextSpecific, 0), s_tag1 = new(TagClass.ContextSpecific, 1);

    /// <param name="file">For messages, as is <paramref name="offset"/>, where <paramref name="message"/> stands in that file.</param>
    /// <exception cref="ModuleDataException">No such message, or it names no signer, or a hash that modules are not signed with.</exception>
    public static ModuleSignature Read(ReadOnlyMemory<byte> message, string file, long offset)
    {
        try
        {
            return Read(message) ?? throw new ModuleDataException(file, offset, "PKCS#7 without a signer, or with a hash that modules are not signed with");
        }
        catch (AsnContentException problem)
        {
            throw new ModuleDataException(file, offset, $"PKCS#7: {problem.Message}", problem);
        }
    }

    static ModuleSignature? Read(ReadOnlyMemory<byte> message)
    {
        var content = new AsnReader(message, AsnEncodingRules.BER).ReadSequence();
        if (content.ReadObjectIdentifier() != SignedData)
            return null;
        var signed = content.ReadSequence(s_tag0).ReadSequence();
        signed.ReadIntegerBytes();
        signed.ReadSetOf(skipSortOrderValidation: true);
        signed.ReadSequence();
        SkipOptional(signed, s_tag0);
        SkipOptional(signed, s_tag1);
        var signers = signed.ReadSetOf(skipSortOrderValidation: true);
        if (!signers.HasData)
            return null;

        var signer = signers.ReadSequence();
        signer.ReadIntegerBytes();
        var issuerAndSerial = signer.ReadSequence();
        var name = NameOf(issuerAndSerial.ReadSequence());
        var serial = Magnitude(issuerAndSerial.ReadIntegerBytes());
        var hash = HashOf(signer.ReadSequence().ReadObjectIdentifier());
        SkipOptional(signer, s_tag0);
        signer.ReadSequence();
        var signature = signer.ReadOctetString();
        return hash is null ? null : new ModuleSignature("PKCS#7", name, serial, hash, signature);
    }

    static void SkipOptional(AsnReader reader, Asn1Tag tag)
    {
        if (reader.HasData && reader.PeekTag().HasSameClassAndValue(tag))
            reader.ReadEncodedValue();
    }

    /// <summary>The first common name; without one whatever comes last (kmod: <c>x509_name_to_str</c>). The bytes of the string, of whichever kind it is, up to a NUL.</summary>
    static string NameOf(AsnReader issuer)
    {
        var name = "";
        while (issuer.HasData)
        {
            var relative = issuer.ReadSetOf(skipSortOrderValidation: true);
            while (relative.HasData)
            {
                var pair = relative.ReadSequence();
                var type = pair.ReadObjectIdentifier();
                var text = pair.PeekContentBytes().Span;
                var end = text.IndexOf((byte)0);
                name = RawText.Of(end < 0 ? text : text[..end]);
                if (type == CommonName)
                    return name;
            }
        }
        return name;
    }

    /// <summary>The number's bytes without sign and leading zeros (kmod: <c>BN_bn2bin</c>).</summary>
    static ReadOnlyMemory<byte> Magnitude(ReadOnlyMemory<byte> number)
    {
        var bytes = number.ToArray();
        if ((bytes[0] & 0x80) != 0)
        {
            var carry = 1;
            for (var i = bytes.Length - 1; i >= 0; i--)
            {
                var flipped = (byte)~bytes[i] + carry;
                bytes[i] = (byte)flipped;
                carry = flipped >> 8;
            }
        }
        var first = bytes.AsSpan().IndexOfAnyExcept((byte)0);
        return first < 0 ? ReadOnlyMemory<byte>.Empty : bytes.AsMemory(first);
    }

    static string? HashOf(string algorithm) => algorithm switch
    {
        "1.2.840.113549.2.4" => "md4",
        "1.2.840.113549.2.5" => "md5",
        "1.3.14.3.2.26" => "sha1",
        "1.3.36.3.2.1" => "rmd160",
        "2.16.840.1.101.3.4.2.1" => "sha256",
        "2.16.840.1.101.3.4.2.2" => "sha384",
        "2.16.840.1.101.3.4.2.3" => "sha512",
        "2.16.840.1.101.3.4.2.4" => "sha224",
        "1.2.156.10197.1.401" => "sm3",
        _ => null,
    };
}
