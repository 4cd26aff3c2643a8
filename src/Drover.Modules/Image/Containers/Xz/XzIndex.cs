using System.Buffers.Binary;

namespace Drover.Modules;

/// <summary>Where a block stands in an .xz file and what it becomes, by the index.</summary>
/// <param name="Offset">Its first byte in the file, which is that of its header.</param>
/// <param name="UnpaddedBytes">Header, LZMA2 data and check, without the padding to four.</param>
/// <param name="ImageBytes">Decompressed size.</param>
/// <param name="Check">What kind of check ends it.</param>
internal readonly record struct XzBlock(long Offset, long UnpaddedBytes, long ImageBytes, XzCheck Check)
{
    /// <summary>What the block takes in the file: the padding stands between its data and its check. XzIndex has bounded the size.</summary>
    public long PaddedBytes => (UnpaddedBytes + 3) & ~3L;
}

/// <summary>The kinds of check that are in use; their numbers are those of the format.</summary>
internal enum XzCheck : byte { None = 0, Crc32 = 1, Crc64 = 4, Sha256 = 10 }

/// <summary>All blocks of an .xz file, read from its end backwards, as the sizes stand there.</summary>
/// <remarks>
/// One stream, of which a file may hold several, with NULs in fours between and behind them:
/// <code>
/// header   fd '7zXZ' 00 · flags (00, kind of check) · CRC32 of the flags
/// blocks   each padded to four bytes
/// index    00 · number of blocks · per block (unpadded size, decompressed size) · padding to four · CRC32
/// footer   CRC32 of the next two · u32 size of the index / 4 − 1 · flags · 'YZ'
/// </code>
/// Fixed numbers are little-endian; those of the index take seven bits a byte, the lowest first, and the last byte is below 80.
/// </remarks>
internal sealed class XzIndex
{
    const int HeaderBytes = 12;
    const int FooterBytes = 12;

    /// <summary>The index of a stream without blocks.</summary>
    const int MinIndexBytes = 8;

    /// <summary>Largest index read: some 10,000 blocks. xz makes one block of a module; with <c>--block-size</c> or threads a few.</summary>
    const int MaxIndexBytes = 64 << 10;

    /// <summary>Most streams in one file: nobody concatenates modules, but the format allows it and liblzma follows (<c>LZMA_CONCATENATED</c>).</summary>
    const int MaxStreams = 64;

    /// <summary>Most padding behind a stream.</summary>
    const int MaxPaddingBytes = 64 << 10;

    /// <summary>Bytes of the longest number.</summary>
    const int MaxNumberBytes = 9;

    public static ReadOnlySpan<byte> Magic => [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0];

    static ReadOnlySpan<byte> FooterMagic => "YZ"u8;

    XzIndex(List<XzBlock> blocks, long imageBytes)
    {
        Blocks = blocks;
        ImageBytes = imageBytes;
    }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<XzBlock> Blocks { get; }

    /// <summary>Sum over the blocks; at most <see cref="ModuleFile.MaxImageBytes"/>.</summary>
    public long ImageBytes { get; }

    /// <exception cref="ModuleDataException">Truncated, corrupt, followed by something else, or larger than <see cref="ModuleFile.MaxImageBytes"/>.</exception>
    public static XzIndex Read(ByteSource source)
    {
        var blocks = new List<XzBlock>();
        var total = 0L;
        var end = source.Length;
        for (var streams = 0; end > 0; streams++)
        {
            if (streams == MaxStreams)
                throw new ModuleDataException(source.Name, end, $"more than {MaxStreams} xz streams");
            end = ReadStream(source, SkipPadding(source, end), blocks, ref total);
        }
        blocks.Reverse();
        return new XzIndex(blocks, total);
    }

    /// <summary>Appends the blocks of the stream that ends at <paramref name="end"/>, the last first.</summary>
    /// <returns>Where that stream begins.</returns>
    static long ReadStream(ByteSource source, long end, List<XzBlock> blocks, ref long total)
    {
        if (end < HeaderBytes + FooterBytes)
            throw new ModuleDataException(source.Name, end, "ends within an xz stream");
        Span<byte> footer = stackalloc byte[FooterBytes];
        source.Read(end - FooterBytes, footer);
        if (!footer[10..].SequenceEqual(FooterMagic))
            throw new ModuleDataException(source.Name, end - 2, "no xz footer: truncated, or followed by something else");
        if (Checksums.Crc32(footer[4..10]) != BinaryPrimitives.ReadUInt32LittleEndian(footer))
            throw new ModuleDataException(source.Name, end - FooterBytes, "checksum of the xz footer is wrong");

        var indexBytes = (BinaryPrimitives.ReadUInt32LittleEndian(footer[4..]) + 1L) * 4;
        var indexOffset = end - FooterBytes - indexBytes;
        if (indexOffset < HeaderBytes)
            throw new ModuleDataException(source.Name, end - 8, $"xz index of {indexBytes} bytes begins before the stream");
        if (indexBytes is < MinIndexBytes or > MaxIndexBytes)
            throw new ModuleDataException(source.Name, end - 8, $"xz index of {indexBytes} bytes, not {MinIndexBytes} to {MaxIndexBytes}");
        var index = new byte[indexBytes];
        source.Read(indexOffset, index);

        var first = blocks.Count;
        var packed = ReadRecords(index, indexOffset, CheckOf(footer[8..10], source.Name, end - 4), source.Name, blocks, ref total);
        var start = indexOffset - packed - HeaderBytes;
        if (start < 0)
            throw new ModuleDataException(source.Name, indexOffset, "xz index tells of more bytes than stand before it");
        CheckHeader(source, start, footer[8..10]);

        // the records told sizes; now it is known where they begin
        var offset = start + HeaderBytes;
        for (var i = first; i < blocks.Count; i++)
        {
            blocks[i] = blocks[i] with { Offset = offset };
            offset += blocks[i].PaddedBytes;
        }
        blocks.Reverse(first, blocks.Count - first);
        return start;
    }

    static long ReadRecords(ReadOnlySpan<byte> index, long indexOffset, XzCheck check, string file, List<XzBlock> blocks, ref long total)
    {
        var body = index[..^4];
        if (Checksums.Crc32(body) != BinaryPrimitives.ReadUInt32LittleEndian(index[^4..]))
            throw new ModuleDataException(file, indexOffset, "checksum of the xz index is wrong");
        if (body[0] != 0)
            throw new ModuleDataException(file, indexOffset, "no xz index where the footer says");

        var at = 1;
        var count = Number(body, ref at, file, indexOffset);
        var packed = 0L;
        for (var i = 0L; i < count; i++)
        {
            var unpadded = Number(body, ref at, file, indexOffset);
            var image = Number(body, ref at, file, indexOffset);
            // the same bound keeps every sum here far from overflow
            if (unpadded is 0 or > ModuleFile.MaxImageBytes || image > ModuleFile.MaxImageBytes - total)
                throw new ModuleDataException(file, indexOffset + at, $"xz block of {unpadded} bytes for {image}: more than {ModuleFile.MaxImageBytes} in all");
            if (image / Lzma2Decoder.MaxRatio > unpadded)
                throw new ModuleDataException(file, indexOffset + at, $"xz block of {unpadded} bytes cannot hold {image}");
            var block = new XzBlock(0, unpadded, image, check);
            packed += block.PaddedBytes;
            total += image;
            blocks.Add(block);
        }
        if (body.Length - at > 3 || body[at..].ContainsAnyExcept((byte)0))
            throw new ModuleDataException(file, indexOffset + at, "xz index goes on behind its records");
        return packed;
    }

    static void CheckHeader(ByteSource source, long start, ReadOnlySpan<byte> footerFlags)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        source.Read(start, header);
        if (!header.StartsWith(Magic))
            throw new ModuleDataException(source.Name, start, "no xz header");
        if (Checksums.Crc32(header[6..8]) != BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) || !header[6..8].SequenceEqual(footerFlags))
            throw new ModuleDataException(source.Name, start + 6, "xz header is corrupt");
    }

    static XzCheck CheckOf(ReadOnlySpan<byte> flags, string file, long offset)
        => flags[0] == 0 && Enum.IsDefined((XzCheck)flags[1])
            ? (XzCheck)flags[1]
            : throw new ModuleDataException(file, offset, $"xz stream flags {flags[0]:x2} {flags[1]:x2} are unknown");

    static long SkipPadding(ByteSource source, long end)
    {
        Span<byte> four = stackalloc byte[4];
        for (var skipped = 0; end >= 4; skipped += 4)
        {
            source.Read(end - 4, four);
            if (four.ContainsAnyExcept((byte)0))
                break;
            if (skipped == MaxPaddingBytes)
                throw new ModuleDataException(source.Name, end, $"more than {MaxPaddingBytes} NULs behind an xz stream");
            end -= 4;
        }
        return end;
    }

    /// <summary>Reads a number of the index or of a block's header and moves <paramref name="at"/> behind it.</summary>
    public static long Number(ReadOnlySpan<byte> bytes, ref int at, string file, long offset)
    {
        var value = 0L;
        for (var i = 0; i < MaxNumberBytes && at < bytes.Length; i++)
        {
            var b = bytes[at++];
            value |= (long)(b & 0x7f) << (7 * i);
            if (b < 0x80)
                return value;
        }
        throw new ModuleDataException(file, offset + at, "number without an end in the xz file");
    }
}
