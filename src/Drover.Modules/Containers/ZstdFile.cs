using System.Buffers.Binary;
using ZstdSharp;

namespace Drover.Modules.Containers;

/// <summary>Decompresses .zst files of one or several frames.</summary>
static class ZstdFile
{
    /// <summary>Longest frame header: magic, descriptor, window, dictionary id, content size.</summary>
    public const int MaxHeaderBytes = 4 + 1 + 1 + 4 + 8;

    /// <summary>A block of three header bytes and one repeated byte has up to <c>ZSTD_BLOCKSIZE_MAX</c>.</summary>
    const long MaxRatio = (128 << 10) / 4;

    public static ReadOnlySpan<byte> Magic => [0x28, 0xb5, 0x2f, 0xfd];

    /// <summary>Whether a frame begins that has no contents: 50 to 5f 2a 4d 18.</summary>
    public static bool IsSkippable(ReadOnlySpan<byte> head) =>
        head.Length >= 4 && (BinaryPrimitives.ReadUInt32LittleEndian(head) & ~0xfu) == 0x184d2a50;

    /// <summary>The decompressed size by the header of the first frame; null if it has none, or is skippable.</summary>
    /// <param name="head">The first <see cref="MaxHeaderBytes"/> bytes, or all of a shorter file.</param>
    /// <exception cref="ModuleDataException">Ends within the header.</exception>
    public static ulong? ContentSize(ReadOnlySpan<byte> head, string file)
    {
        if (head.Length <= Magic.Length)
            throw TooShort(head, file);
        if (IsSkippable(head))
            return null;
        // descriptor: content size in bits 7 and 6, single segment (no window byte) in 5, dictionary id in 1 and 0
        var descriptor = head[Magic.Length];
        var singleSegment = (descriptor & 0x20) != 0;
        var idBytes = (descriptor & 3) == 3 ? 4 : descriptor & 3;
        var at = Magic.Length + 1 + (singleSegment ? 0 : 1) + idBytes;
        var bytes = (descriptor >> 6) switch { 0 => singleSegment ? 1 : 0, 1 => 2, 2 => 4, _ => 8 };
        if (at + bytes > head.Length)
            throw TooShort(head, file);
        return bytes switch
        {
            0 => null,
            1 => head[at],
            2 => 256u + BinaryPrimitives.ReadUInt16LittleEndian(head[at..]),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(head[at..]),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(head[at..]),
        };
    }

    /// <exception cref="ModuleDataException">Truncated, corrupt, with trailing data, or too large.</exception>
    public static byte[] Decompress(byte[] contents, string file)
    {
        try
        {
            // the sum over all frames; of one without a content size, the maximum that its blocks hold
            var bound = Decompressor.GetDecompressedSize(contents);
            if (bound > ModuleLimits.MaxImageBytes || bound / MaxRatio > (ulong)contents.Length)
                throw Invalid(file, 0, $"zstd frames of {contents.Length} bytes for {bound}");
            var image = GC.AllocateUninitializedArray<byte>((int)bound);
            var bytes = SystemDecoders.Current?.TryZstd(contents, image) ?? -1;
            Array.Resize(ref image, bytes >= 0 ? bytes : Unwrap(contents, image));
            return image;
        }
        catch (ZstdException e)
        {
            throw Invalid(file, 0, $"zstd: {e.Message}", e);
        }
    }

    static int Unwrap(byte[] contents, byte[] image)
    {
        using var decompressor = new Decompressor();
        return decompressor.Unwrap(contents, image);
    }

    static ModuleDataException TooShort(ReadOnlySpan<byte> head, string file) =>
        Invalid(file, head.Length, "ends within the zstd header");

    static ModuleDataException Invalid(string file, long offset, string problem, Exception? inner = null) =>
        new(file, offset, problem, inner);
}
