using System.Buffers.Binary;
using ZstdSharp;

namespace Drover.Modules;

/// <summary>Decompresses .zst files, one frame or several.</summary>
internal static class ZstdFile
{
    /// <summary>Longest frame header: magic, descriptor, window, dictionary id, content size.</summary>
    public const int MaxHeaderBytes = 4 + 1 + 1 + 4 + 8;

    /// <summary>What a byte yields at most: a block of three bytes of header and one to repeat holds up to 128 KiB (<c>ZSTD_BLOCKSIZE_MAX</c>).</summary>
    const long MaxRatio = (128 << 10) / 4;

    public static ReadOnlySpan<byte> Magic => [0x28, 0xb5, 0x2f, 0xfd];

    /// <summary>The decompressed size by the header of the first frame, or null where it tells none.</summary>
    /// <param name="head">The first <see cref="MaxHeaderBytes"/> bytes, or fewer of a shorter file.</param>
    /// <exception cref="ModuleDataException">Ends within the header.</exception>
    public static ulong? ContentSize(ReadOnlySpan<byte> head, string file)
    {
        if (head.Length <= Magic.Length)
            throw new ModuleDataException(file, head.Length, "ends within the zstd header") { Fault = DataFault.OtherFormat };
        // descriptor: content size in bits 7 and 6, single segment (no window byte) in 5, dictionary id in 1 and 0
        var descriptor = head[Magic.Length];
        var singleSegment = (descriptor & 0x20) != 0;
        var at = Magic.Length + 1 + (singleSegment ? 0 : 1) + (descriptor & 3) switch { 3 => 4, var idBytes => idBytes };
        var bytes = (descriptor >> 6) switch { 0 => singleSegment ? 1 : 0, 1 => 2, 2 => 4, _ => 8 };
        if (at + bytes > head.Length)
            throw new ModuleDataException(file, head.Length, "ends within the zstd header") { Fault = DataFault.OtherFormat };
        return bytes switch
        {
            0 => null,
            1 => head[at],
            2 => 256u + BinaryPrimitives.ReadUInt16LittleEndian(head[at..]),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(head[at..]),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(head[at..]),
        };
    }

    /// <exception cref="ModuleDataException">Truncated, corrupt, followed by something else, or too large.</exception>
    public static byte[] Decompress(byte[] contents, string file)
    {
        try
        {
            // the sum over all frames; of a frame that does not tell, what its blocks hold at most
            var bound = Decompressor.GetDecompressedSize(contents);
            if (bound > ModuleFile.MaxImageBytes || bound / MaxRatio > (ulong)contents.Length)
                throw new ModuleDataException(file, 0, $"zstd frames of {contents.Length} bytes for {bound}") { Fault = DataFault.OtherFormat };
            using var decompressor = new Decompressor();
            var image = GC.AllocateUninitializedArray<byte>((int)bound);
            var written = decompressor.Unwrap(contents, image);
            Array.Resize(ref image, written);
            return image;
        }
        catch (ZstdException e)
        {
            throw new ModuleDataException(file, 0, $"zstd: {e.Message}", e) { Fault = DataFault.OtherFormat };
        }
    }
}
