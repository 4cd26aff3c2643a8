using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Text;
using Drover.Modules.Containers;
using Drover.Text;

namespace Drover.Modules.Signature;

/// <summary>The signature appended to a module; only the kernel verifies it.</summary>
/// <param name="IdType"><c>PGP</c>, <c>X509</c>, or <c>PKCS#7</c>, the only type in use.</param>
/// <param name="Signer">The signer, empty if not named.</param>
/// <param name="KeyId">For PKCS#7, the serial number of the signer's certificate, without leading zeros, or its key
/// identifier.</param>
/// <param name="HashAlgorithm">The kernel's name, such as <c>sha256</c>; the object identifier of others.</param>
sealed record ModuleSignature(
    string IdType, string Signer, ReadOnlyMemory<byte> KeyId, string HashAlgorithm, ReadOnlyMemory<byte> Signature)
{
    const int TrailerBytes = 12; // the trailer without its marker (kernel: struct module_signature)

    /// <summary>Bounds the signature read: a few hundred bytes, or a few thousand with a certificate chain.</summary>
    const int MaxBytes = 1 << 20;

    // by their numbers in the trailer (kernel: enum pkey_id_type; kmod: enum pkey_algo, pkey_hash_algo)
    static readonly string[] s_idTypes = ["PGP", "X509", "PKCS#7"];
    static readonly string[] s_hashes = ["md4", "md5", "sha1", "rmd160", "sha256", "sha384", "sha512", "sha224", "sm3"];
    const int Algorithms = 2, Pkcs7 = 2;

    /// <summary>The last bytes of a signed module (kernel: <c>MODULE_SIG_STRING</c>).</summary>
    static ReadOnlySpan<byte> Marker => "~Module signature appended~\n"u8;

    /// <summary>The signature of an uncompressed module, or null (kmod: <c>kmod_module_signature_info</c>).</summary>
    /// <remarks>
    /// From the end backwards:
    /// <code>
    /// marker · u32 big-endian size · 3 × 0 · u8 bytes of key id · u8 bytes of signer · u8 id type · u8 hash
    ///     · u8 algorithm · signature · [key id] · [signer]
    /// </code>
    /// </remarks>
    /// <exception cref="ModuleDataException">The marker is present, but no valid signature precedes it.</exception>
    public static ModuleSignature? Read(ByteSource module)
    {
        var end = module.Length - Marker.Length;
        Span<byte> marker = stackalloc byte[Marker.Length];
        if (end < 0)
            return null;
        module.Read(end, marker);
        if (!marker.SequenceEqual(Marker))
            return null;
        end -= TrailerBytes;
        if (end < 0)
            throw new ModuleDataException(module.Name, 0, "too short for the signature at its end");
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        module.Read(end, trailer);
        var (algorithm, hash, idType) = (trailer[0], trailer[1], trailer[2]);
        var (signerBytes, keyIdBytes) = (trailer[3], trailer[4]);
        var signatureBytes = BinaryPrimitives.ReadUInt32BigEndian(trailer[8..]);
        if (algorithm >= Algorithms || hash >= s_hashes.Length || idType >= s_idTypes.Length)
            throw new ModuleDataException(module.Name, end, $"unknown signature kind {algorithm}, {hash}, {idType}");
        if (signatureBytes == 0 || signatureBytes > MaxBytes || signerBytes + keyIdBytes + signatureBytes > end)
            throw new ModuleDataException(module.Name, end + 8, $"signature of {signatureBytes} bytes in {end}");
        var bytes = new byte[signerBytes + keyIdBytes + (int)signatureBytes];
        module.Read(end - bytes.Length, bytes);
        var signature = bytes.AsMemory(signerBytes + keyIdBytes);
        if (idType == Pkcs7)
            return Pkcs7SignerInfo.Read(signature, module.Name, end - signatureBytes);
        var signer = ByteText.Of(bytes.AsSpan(0, signerBytes));
        var keyId = bytes.AsMemory(signerBytes, keyIdBytes);
        return new ModuleSignature(s_idTypes[idType], signer, keyId, s_hashes[hash], signature);
    }
}

/// <summary>The first signer of a PKCS#7 message (RFC 2315), which the kernel's <c>sign-file</c> writes.</summary>
/// <remarks>
/// <code>
/// ContentInfo  SEQUENCE { OID signedData, [0] SignedData }
/// SignedData   SEQUENCE { version, SET digestAlgorithms, SEQUENCE content, [0] certificates?, [1] crls?,
///                         SET OF SignerInfo }
/// SignerInfo   SEQUENCE { version, SEQUENCE { Name issuer, INTEGER serial } or [0] key identifier,
///                         SEQUENCE { OID digest, … }, [0] attributes?, SEQUENCE { … }, OCTET STRING signature, … }
/// Name         SEQUENCE OF SET OF SEQUENCE { OID type, any string }
/// </code>
/// A key identifier in place of issuer and serial (RFC 5652, <c>sign-file -k</c>) names no signer.
/// </remarks>
static class Pkcs7SignerInfo
{
    const string SignedData = "1.2.840.113549.1.7.2", CommonName = "2.5.4.3";

    static readonly Asn1Tag s_tag0 = new(TagClass.ContextSpecific, 0), s_tag1 = new(TagClass.ContextSpecific, 1);

    /// <param name="offset">Offset of <paramref name="message"/> in <paramref name="file"/>, for errors.</param>
    /// <exception cref="ModuleDataException">Not such a message, or without signer.</exception>
    public static ModuleSignature Read(ReadOnlyMemory<byte> message, string file, long offset)
    {
        try
        {
            return Read(message)
                ?? throw new ModuleDataException(file, offset, "PKCS#7 without signer");
        }
        catch (AsnContentException problem)
        {
            throw new ModuleDataException(file, offset, $"PKCS#7: {problem.Message}", problem);
        }
    }

    static ModuleSignature? Read(ReadOnlyMemory<byte> message)
    {
        var content = new AsnReader(message, AsnEncodingRules.BER).ReadSequence();
        if (ReadIdentifier(content) != SignedData)
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
        var (name, key) = IdentityOf(signer);
        var digest = ReadIdentifier(signer.ReadSequence());
        SkipOptional(signer, s_tag0);
        signer.ReadSequence();
        var signature = signer.ReadOctetString();
        return new ModuleSignature("PKCS#7", name, key, HashOf(digest) ?? digest, signature);
    }

    static (string Name, ReadOnlyMemory<byte> Key) IdentityOf(AsnReader signer)
    {
        if (signer.PeekTag().HasSameClassAndValue(s_tag0))
            return ("", signer.ReadOctetString(s_tag0));
        var issuerAndSerial = signer.ReadSequence();
        return (NameOf(issuerAndSerial.ReadSequence()), Magnitude(issuerAndSerial.ReadIntegerBytes()));
    }

    /// <summary>An object identifier, such as 1.2.840; AsnReader's own method would link BigInteger, 40 KB.</summary>
    static string ReadIdentifier(AsnReader reader)
    {
        if (!reader.PeekTag().HasSameClassAndValue(Asn1Tag.ObjectIdentifier))
            throw new AsnContentException("an object identifier is missing");
        var text = new StringBuilder();
        var arc = 0UL;
        foreach (var part in reader.PeekContentBytes().Span)
        {
            if (arc > ulong.MaxValue >> 7)
                throw new AsnContentException("an object identifier is too large");
            arc = (arc << 7) | (part & 0x7Fu);
            if ((part & 0x80) != 0)
                continue;
            var first = text.Length == 0 ? Math.Min(arc / 40, 2) : 0;
            text.Append(text.Length == 0 ? $"{first}." : ".").Append(arc - (first * 40));
            arc = 0;
        }
        reader.ReadEncodedValue();
        return text.ToString();
    }

    static void SkipOptional(AsnReader reader, Asn1Tag tag)
    {
        if (reader.HasData && reader.PeekTag().HasSameClassAndValue(tag))
            reader.ReadEncodedValue();
    }

    /// <summary>The first common name, else the last name, up to a NUL (kmod: <c>x509_name_to_str</c>).</summary>
    static string NameOf(AsnReader issuer)
    {
        var name = "";
        while (issuer.HasData)
        {
            var relative = issuer.ReadSetOf(skipSortOrderValidation: true);
            while (relative.HasData)
            {
                var pair = relative.ReadSequence();
                var type = ReadIdentifier(pair);
                var text = pair.PeekContentBytes().Span;
                var end = text.IndexOf((byte)0);
                name = ByteText.Of(end < 0 ? text : text[..end]);
                if (type == CommonName)
                    return name;
            }
        }
        return name;
    }

    /// <summary>The bytes of a number without sign and leading zeros (kmod: <c>BN_bn2bin</c>).</summary>
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
        "2.16.840.1.101.3.4.2.5" => "sha512-224",
        "2.16.840.1.101.3.4.2.6" => "sha512-256",
        "2.16.840.1.101.3.4.2.7" => "sha3-224",
        "2.16.840.1.101.3.4.2.8" => "sha3-256",
        "2.16.840.1.101.3.4.2.9" => "sha3-384",
        "2.16.840.1.101.3.4.2.10" => "sha3-512",
        "2.16.840.1.101.3.4.2.11" => "shake128",
        "2.16.840.1.101.3.4.2.12" => "shake256",
        "1.2.156.10197.1.401" => "sm3",
        _ => null,
    };
}
