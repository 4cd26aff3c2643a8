using System.Buffers.Binary;
using System.IO.Compression;

namespace Drover.Modules.Containers;

/// <summary>Decompresses .gz files of exactly one member, as gzip writes them. The kernel reads only one member, too
/// (kernel: <c>module_gzip_decompress</c>); gzread, and so kmod, would read more.</summary>
/// <remarks>
/// GZipStream does not report a missing end, nor where it stopped. So this compares size and checksum with the trailer
/// at its only valid place:
/// <code>
/// 1f 8b · header · deflate · u32 CRC32 of the contents · u32 their size modulo 2^32
/// </code>
/// </remarks>
static class GzipFile
{
    const int MinBytes = 10 + 2 + TrailerBytes; // header, an empty deflate block, trailer
    const int TrailerBytes = 8;
    const long MaxRatio = 1032; // maximum compression of deflate (zlib's technical notes)

    public static ReadOnlySpan<byte> Magic => [0x1f, 0x8b];

    /// <summary>The decompressed size, from the trailer.</summary>
    /// <exception cref="ModuleDataException">Truncated, or the size is impossible.</exception>
    public static int ImageBytes(ByteSource source)
    {
        if (source.Length < MinBytes)
            throw new ModuleDataException(source.Name, source.Length, "ends within the gzip header");
        Span<byte> size = stackalloc byte[4];
        var at = source.Length - size.Length;
        source.Read(at, size);
        var bytes = BinaryPrimitives.ReadUInt32LittleEndian(size);
        return bytes <= ModuleLimits.MaxImageBytes && bytes / MaxRatio <= source.Length
            ? (int)bytes
            : throw new ModuleDataException(source.Name, at, $"gzip of {source.Length} bytes for {bytes}");
    }

    /// <exception cref="ModuleDataException">Truncated, corrupt, with trailing data, or too large.</exception>
    public static byte[] Decompress(byte[] contents, string file)
    {
        var image = GC.AllocateUninitializedArray<byte>(ImageBytes(new MemorySource(contents, file)));
        var written = 0;
        try
        {
            using var stream = new GZipStream(new MemoryStream(contents), CompressionMode.Decompress);
            written = stream.ReadAtLeast(image, image.Length, throwOnEndOfStream: false);
            if (written < image.Length || stream.ReadByte() >= 0)
                throw new ModuleDataException(file, written, $"not the {image.Length} bytes of the gzip trailer");
        }
        catch (InvalidDataException e)
        {
            throw new ModuleDataException(file, written, $"gzip: {e.Message}", e);
        }
        var trailer = contents.Length - TrailerBytes;
        if (Checksums.Crc32(image) != BinaryPrimitives.ReadUInt32LittleEndian(contents.AsSpan(trailer)))
            throw new ModuleDataException(file, trailer, "checksum of the gzip trailer is wrong");
        return image;
    }
}
