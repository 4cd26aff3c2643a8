using System.Buffers.Binary;
using System.IO.Compression;

namespace Drover.Modules;

/// <summary>Decompresses .gz files. As with gzread, members follow one another and whatever else follows is ignored.</summary>
internal static class GzipFile
{
    /// <summary>Shortest member: header, an empty deflate block, checksum and size.</summary>
    const int MinBytes = 10 + 2 + TrailerBytes;

    /// <summary>CRC32 and ISIZE.</summary>
    const int TrailerBytes = 8;

    /// <summary>What a byte of deflate yields at most (zlib's technical notes).</summary>
    const long MaxRatio = 1032;

    public static ReadOnlySpan<byte> Magic => [0x1f, 0x8b];

    /// <summary>The size in the last four bytes: of the last member, modulo 2^32, so a hint; null where it cannot be true.</summary>
    public static long? SizeHint(ByteSource source)
    {
        if (source.Length < MinBytes)
            return null;
        Span<byte> size = stackalloc byte[4];
        source.Read(source.Length - size.Length, size);
        var hint = BinaryPrimitives.ReadUInt32LittleEndian(size);
        return hint <= ModuleFile.MaxImageBytes && hint / MaxRatio <= source.Length ? hint : null;
    }

    /// <exception cref="ModuleDataException">Truncated, corrupt, or larger than <see cref="ModuleFile.MaxImageBytes"/>.</exception>
    public static byte[] Decompress(byte[] contents, string file)
    {
        var hint = SizeHint(new MemorySource(contents, file)) ?? contents.Length;
        var image = GC.AllocateUninitializedArray<byte>((int)hint);
        var written = 0;
        try
        {
            using var stream = new GZipStream(new MemoryStream(contents), CompressionMode.Decompress);
            while (true)
            {
                written += stream.ReadAtLeast(image.AsSpan(written), image.Length - written, throwOnEndOfStream: false);
                if (written < image.Length)
                    break;
                // one byte more tells the end of the members from a hint that was too small
                var next = stream.ReadByte();
                if (next < 0)
                    break;
                if (written == ModuleFile.MaxImageBytes)
                    throw new ModuleDataException(file, written, $"more than {ModuleFile.MaxImageBytes} bytes once decompressed");
                Array.Resize(ref image, (int)Math.Min(Math.Max(2L * image.Length, MinBytes), ModuleFile.MaxImageBytes));
                image[written++] = (byte)next;
            }
        }
        catch (InvalidDataException e)
        {
            throw new ModuleDataException(file, written, $"gzip: {e.Message}", e);
        }
        Array.Resize(ref image, written);
        return image;
    }
}
