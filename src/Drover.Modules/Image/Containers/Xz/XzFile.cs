using System.Buffers.Binary;

namespace Drover.Modules;

/// <summary>Decompresses .xz files: any number of streams and blocks, LZMA2 alone in each block, as all that pack modules make them.</summary>
internal static class XzFile
{
    /// <summary>The only filter here. liblzma knows others (x86, delta, …), but the kernel's build packs with <c>--lzma2=dict=1MiB</c> and nothing before it.</summary>
    const int Lzma2Filter = 0x21;

    /// <summary>The largest dictionary the format can name, 4 GiB − 1; ours is the output, so its size costs nothing.</summary>
    const int MaxDictionaryCode = 40;

    const int FilterCountMask = 0x03, ReservedFlags = 0x3c, HasPackedSize = 0x40, HasImageSize = 0x80;

    /// <exception cref="ModuleDataException">Truncated, corrupt, followed by something else, too large, or of an unknown filter.</exception>
    public static byte[] Decompress(byte[] contents, string file)
    {
        byte[]? image = null;
        Decompress(contents, file, bytes => image = GC.AllocateUninitializedArray<byte>(bytes));
        return image!;
    }

    /// <summary>Decompresses into what <paramref name="room"/> gives for that many bytes: the same array again and again, for whoever reads a whole tree.</summary>
    /// <returns>The decompressed size.</returns>
    /// <exception cref="ModuleDataException">Truncated, corrupt, followed by something else, too large, or of an unknown filter.</exception>
    public static int Decompress(ReadOnlyMemory<byte> contents, string file, Func<int, byte[]> room)
    {
        var index = XzIndex.Read(new MemorySource(contents, file));
        var image = room((int)index.ImageBytes);
        var written = 0;
        foreach (var block in index.Blocks)
        {
            // XzIndex has validated that all blocks lie in the file and their images in the sum
            var bytes = contents.Span.Slice((int)block.Offset, (int)block.PaddedBytes);
            DecodeBlock(block, bytes, image.AsSpan(written, (int)block.ImageBytes), file);
            written += (int)block.ImageBytes;
        }
        return written;
    }

    static void DecodeBlock(XzBlock block, ReadOnlySpan<byte> bytes, Span<byte> image, string file)
    {
        var headerBytes = ReadHeader(bytes, out var dictionaryBytes, file, block.Offset);
        var checkBytes = CheckBytes(block.Check);
        var packedBytes = block.UnpaddedBytes - headerBytes - checkBytes;
        if (packedBytes <= 0)
            throw new ModuleDataException(file, block.Offset, "xz block is shorter than its header and check");

        var packedOffset = block.Offset + headerBytes;
        var packed = bytes.Slice(headerBytes, (int)packedBytes);
        if (Lzma2Decoder.Decode(packed, image, dictionaryBytes, file, packedOffset) != packed.Length)
            throw new ModuleDataException(file, packedOffset, "LZMA2 data end before their block does");
        if (bytes[(headerBytes + packed.Length)..^checkBytes].ContainsAnyExcept((byte)0))
            throw new ModuleDataException(file, packedOffset + packed.Length, "xz block is padded with something");
        if (!IsGood(image, bytes[^checkBytes..], block.Check))
            throw new ModuleDataException(file, block.Offset + bytes.Length - checkBytes, "checksum of the decompressed bytes is wrong");
    }

    /// <summary>
    /// <code>
    /// size of the header / 4 − 1 · flags · [packed size] · [decompressed size] · filters (id, size of properties, properties) · padding · CRC32
    /// </code>
    /// The sizes are optional and those of the index count: LZMA2 must come out at exactly them.
    /// </summary>
    static int ReadHeader(ReadOnlySpan<byte> block, out uint dictionaryBytes, string file, long offset)
    {
        // 0 would begin an index; the smallest header is of eight bytes
        var headerBytes = (block[0] + 1) * 4;
        if (block[0] == 0 || headerBytes > block.Length)
            throw new ModuleDataException(file, offset, $"xz block header of {headerBytes} bytes");
        var body = block[..(headerBytes - 4)];
        if (Checksums.Crc32(body) != BinaryPrimitives.ReadUInt32LittleEndian(block[body.Length..]))
            throw new ModuleDataException(file, offset, "checksum of the xz block header is wrong");

        var flags = body[1];
        var at = 2;
        if ((flags & HasPackedSize) != 0)
            XzIndex.Number(body, ref at, file, offset);
        if ((flags & HasImageSize) != 0)
            XzIndex.Number(body, ref at, file, offset);
        var filter = XzIndex.Number(body, ref at, file, offset);
        if ((flags & (FilterCountMask | ReservedFlags)) != 0 || filter != Lzma2Filter)
            throw new ModuleDataException(file, offset + at, $"xz filter 0x{filter:x2} is not supported, only LZMA2 by itself");
        var properties = XzIndex.Number(body, ref at, file, offset);
        if (properties != 1 || at >= body.Length || body[at] > MaxDictionaryCode)
            throw new ModuleDataException(file, offset + at, "properties of LZMA2 are out of range");
        dictionaryBytes = body[at] == MaxDictionaryCode ? uint.MaxValue : (2u | (body[at] & 1u)) << (body[at] / 2 + 11);
        return headerBytes;
    }

    static int CheckBytes(XzCheck check) => check switch
    {
        XzCheck.None => 0,
        XzCheck.Crc32 => 4,
        XzCheck.Crc64 => 8,
        _ => 32,
    };

    /// <summary>SHA-256 goes unverified: in .NET it would bring a native OpenSSL, and the kernel itself takes no check but CRC32 (kernel: <c>XZ_CHECK_CRC32</c>).</summary>
    static bool IsGood(ReadOnlySpan<byte> image, ReadOnlySpan<byte> check, XzCheck kind) => kind switch
    {
        XzCheck.Crc32 => Checksums.Crc32(image) == BinaryPrimitives.ReadUInt32LittleEndian(check),
        XzCheck.Crc64 => Checksums.Crc64(image) == BinaryPrimitives.ReadUInt64LittleEndian(check),
        _ => true,
    };
}
