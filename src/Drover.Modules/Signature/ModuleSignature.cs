using System.Buffers.Binary;

namespace Drover.Modules;

/// <summary>What a signature that is appended to a module says of itself; whether it is good is the kernel's to say. Immutable; safe for any thread.</summary>
/// <param name="IdType"><c>PGP</c>, <c>X509</c> or <c>PKCS#7</c>, as all of today's are.</param>
/// <param name="Signer">Who signed, a character a byte (Latin-1); empty where nobody is named.</param>
/// <param name="KeyId">Which key: of PKCS#7 the serial number of the signer's certificate, without leading zeros.</param>
/// <param name="HashAlgorithm">By the names of the kernel: <c>sha256</c>.</param>
/// <param name="Signature">The signature itself.</param>
public sealed record ModuleSignature(string IdType, string Signer, ReadOnlyMemory<byte> KeyId, string HashAlgorithm, ReadOnlyMemory<byte> Signature)
{
    /// <summary>Size of the trailer without its marker (kernel: <c>struct module_signature</c>).</summary>
    const int TrailerBytes = 12;

    /// <summary>Most bytes of a signature that are read: some hundred are usual, and with a chain of certificates a few thousand.</summary>
    const int MaxBytes = 1 << 20;

    // by the numbers of the trailer (kernel: enum pkey_id_type; kmod: enum pkey_algo, pkey_hash_algo)
    static readonly string[] s_idTypes = ["PGP", "X509", "PKCS#7"];
    static readonly string[] s_hashes = ["md4", "md5", "sha1", "rmd160", "sha256", "sha384", "sha512", "sha224", "sm3"];
    const int Algorithms = 2, Pkcs7 = 2;

    /// <summary>What a signed module ends with (kernel: <c>MODULE_SIG_STRING</c>).</summary>
    internal static ReadOnlySpan<byte> Marker => "~Module signature appended~\n"u8;

    /// <summary>The signature at the end of an uncompressed module; null where there is none (kmod: <c>kmod_module_signature_info</c>).</summary>
    /// <remarks>
    /// From the module's end backwards:
    /// <code>
    /// marker · u32 big-endian size · 3 × 0 · u8 bytes of key id · u8 bytes of signer · u8 id type · u8 hash · u8 algorithm · signature · [key id] · [signer]
    /// </code>
    /// </remarks>
    /// <exception cref="ModuleDataException">The marker is there, and before it no signature that can be understood.</exception>
    internal static ModuleSignature? Read(ByteSource module)
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
        var (algorithm, hash, idType, signerBytes, keyIdBytes) = (trailer[0], trailer[1], trailer[2], trailer[3], trailer[4]);
        var signatureBytes = BinaryPrimitives.ReadUInt32BigEndian(trailer[8..]);
        if (algorithm >= Algorithms || hash >= s_hashes.Length || idType >= s_idTypes.Length)
            throw new ModuleDataException(module.Name, end, $"signature of kind {algorithm}, {hash}, {idType}, which is none");
        if (signatureBytes == 0 || signatureBytes > MaxBytes || signerBytes + keyIdBytes + signatureBytes > end)
            throw new ModuleDataException(module.Name, end + 8, $"signature of {signatureBytes} bytes, of {end} before it");

        var bytes = new byte[signerBytes + keyIdBytes + (int)signatureBytes];
        module.Read(end - bytes.Length, bytes);
        var signature = bytes.AsMemory(signerBytes + keyIdBytes);
        if (idType == Pkcs7)
            return Pkcs7SignerInfo.Read(signature, module.Name, end - signatureBytes);
        return new ModuleSignature(s_idTypes[idType], RawText.Of(bytes.AsSpan(0, signerBytes)), bytes.AsMemory(signerBytes, keyIdBytes), s_hashes[hash], signature);
    }
}
