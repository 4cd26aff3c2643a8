using System.Buffers.Binary;
using System.IO.Compression;

namespace Drover.Modules;

/// <summary>
/// Decompresses .gz files of one member and nothing behind it, as gzip makes them. The kernel too reads one member only (kernel: <c>module_gzip_decompress</c>);
/// gzread, and so kmod, would go on to a second.
/// </summary>
/// <remarks>
/// GZipStream gives a truncated file's bytes without a word of the missing end, and does not tell where it stopped. So size and checksum are taken from where they
/// must stand if the file is whole, and compared here:
/// <code>
/// 1f 8b · header · deflate · u32 CRC32 of the contents · u32 their size modulo 2^32
/// </code>
/// </remarks>
internal static class GzipFile
{
    /// <summary>Shortest file: header, an empty deflate block, trailer.</summary>
    const int MinBytes = 10 + 2 + TrailerBytes;

    const int TrailerBytes = 8;

    /// <summary>What a byte of deflate yields at most (zlib's technical notes).</summary>
    const long MaxRatio = 1032;

    public static ReadOnlySpan<byte> Magic => [0x1f, 0x8b];

    /// <summary>The decompressed size, by the trailer.</summary>
    /// <exception cref="ModuleDataException">Truncated, or a size that cannot be true.</exception>
    public static int ImageBytes(ByteSource source)
    {
        if (source.Length < MinBytes)
            throw new ModuleDataException(source.Name, source.Length, "ends within the gzip header");
        Span<byte> size = stackalloc byte[4];
        source.Read(source.Length - size.Length, size);
        var bytes = BinaryPrimitives.ReadUInt32LittleEndian(size);
        return bytes <= ModuleFile.MaxImageBytes && bytes / MaxRatio <= source.Length
            ? (int)bytes
            : throw new ModuleDataException(source.Name, source.Length - size.Length, $"gzip of {source.Length} bytes for {bytes}");
    }

    /// <exception cref="ModuleDataException">Truncated, corrupt, followed by something else, or too large.</exception>
    public static byte[] Decompress(byte[] contents, string file)
    {
        var image = GC.AllocateUninitializedArray<byte>(ImageBytes(new MemorySource(contents, file)));
        var written = 0;
        try
        {
            using var stream = new GZipStream(new MemoryStream(contents), CompressionMode.Decompress);
            written = stream.ReadAtLeast(image, image.Length, throwOnEndOfStream: false);
            if (written < image.Length || stream.ReadByte() >= 0)
                throw new ModuleDataException(file, written, $"not the {image.Length} bytes that the gzip trailer tells");
        }
        catch (InvalidDataException e)
        {
            throw new ModuleDataException(file, written, $"gzip: {e.Message}", e);
        }
        if (Checksums.Crc32(image) != BinaryPrimitives.ReadUInt32LittleEndian(contents.AsSpan(contents.Length - TrailerBytes)))
            throw new ModuleDataException(file, contents.Length - TrailerBytes, "checksum of the gzip trailer is wrong");
        return image;
    }
}
