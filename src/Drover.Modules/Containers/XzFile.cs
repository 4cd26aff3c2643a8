using System.Buffers.Binary;
using System.Diagnostics;

namespace Drover.Modules.Containers;

/// <summary>Decompresses .xz files of any number of streams and blocks. The system's library does it where there is
/// one: it is faster, and has all filters. The decoder here reads LZMA2 alone, which is how modules are
/// packed.</summary>
static class XzFile
{
    const int Lzma2Filter = 0x21; // the only filter that the kernel's build uses (--lzma2=dict=1MiB)

    /// <summary>A dictionary of 4 GiB − 1, the maximum; it needs no memory: the output serves as one.</summary>
    const int MaxDictionaryCode = 40;

    const int FilterCountMask = 0x03, ReservedFlags = 0x3c, HasPackedSize = 0x40, HasImageSize = 0x80;

    /// <exception cref="ModuleDataException">Corrupt, too large, with trailing data, or another filter.</exception>
    public static byte[] Decompress(byte[] contents, string file)
    {
        byte[]? image = null;
        Decompress(contents, file, bytes => image = GC.AllocateUninitializedArray<byte>(bytes));
        return image!;
    }

    /// <summary>Decompresses into the array that <paramref name="room"/> returns for a size.</summary>
    /// <returns>The decompressed size.</returns>
    /// <exception cref="ModuleDataException">Corrupt, too large, with trailing data, or another filter.</exception>
    public static int Decompress(ReadOnlyMemory<byte> contents, string file, Func<int, byte[]> room)
    {
        var index = XzIndex.Read(new MemorySource(contents, file));
        var image = room((int)index.ImageBytes);
        var library = SystemDecoders.Current;
        if (library?.TryXz(contents.Span, image.AsSpan(0, (int)index.ImageBytes)) == true)
            return (int)index.ImageBytes;
        var written = 0;
        foreach (var block in index.Blocks)
        {
            // XzIndex has checked that all blocks are inside the file and their images add up
            var bytes = contents.Span.Slice((int)block.Offset, (int)block.PaddedBytes);
            // here SHA-256 is not verified (it needs OpenSSL; the kernel reads no such file): the library's word counts
            if (block.Check is XzCheck.Sha256 && library?.HasXz == true)
                throw new ModuleDataException(file, block.Offset, "liblzma refuses the xz block");
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
            throw new ModuleDataException(file, packedOffset, "LZMA2 data end before their block");
        if (bytes[(headerBytes + packed.Length)..^checkBytes].ContainsAnyExcept((byte)0))
            throw new ModuleDataException(file, packedOffset + packed.Length, "padding of the xz block is not zero");
        var checkOffset = block.Offset + bytes.Length - checkBytes;
        if (!Verify(image, bytes[^checkBytes..], block.Check))
            throw new ModuleDataException(file, checkOffset, "checksum of the decompressed bytes is wrong");
    }

    /// <summary>
    /// <code>
    /// size of the header / 4 − 1 · flags · [packed size] · [decompressed size]
    ///     · filters (id, size of properties, properties) · padding · CRC32
    /// </code>
    /// The optional sizes are ignored: the data are checked against those of the index.
    /// </summary>
    static int ReadHeader(ReadOnlySpan<byte> block, out uint dictionaryBytes, string file, long offset)
    {
        // 0 starts an index; the smallest header has eight bytes
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
        {
            throw new ModuleDataException(file, offset + at, $"the xz filter {NameOf(filter)}: only liblzma reads it")
            { Fault = DataFault.NeedsLibrary };
        }
        var properties = XzIndex.Number(body, ref at, file, offset);
        if (properties != 1 || at >= body.Length || body[at] > MaxDictionaryCode)
            throw new ModuleDataException(file, offset + at, "properties of LZMA2 are out of range");
        dictionaryBytes = body[at] == MaxDictionaryCode ? uint.MaxValue : (2u | (body[at] & 1u)) << (body[at] / 2 + 11);
        return headerBytes;
    }

    /// <summary>By the list of filters in the format, and in lzma/filter.h and its neighbours.</summary>
    static string NameOf(long filter) => filter switch
    {
        0x03 => "delta",
        0x04 => "x86",
        0x05 => "powerpc",
        0x06 => "ia64",
        0x07 => "arm",
        0x08 => "armthumb",
        0x09 => "sparc",
        0x0a => "arm64",
        0x0b => "riscv",
        _ => $"0x{filter:x2}",
    };

    /// <summary>Whether each kernel that has xz reads the file: LZMA2 alone with CRC32 or no check, in one stream
    /// (kernel: <c>dec_stream_header</c>, <c>dec_block_header</c>). What else it reads depends on its build.</summary>
    /// <param name="head">The first 64 bytes, or all of a shorter file.</param>
    public static bool IsForAnyKernel(ReadOnlySpan<byte> head, XzIndex index)
    {
        const int StreamHeaderBytes = 12, UsualHeaderBytes = 12;
        // 64 MiB, xz -9: the kernel allocates all of it
        const int MaxDictionaryCodeOfKernel = 28;
        if (index.Streams != 1 || index.Blocks.Any(block => block.Check is not (XzCheck.None or XzCheck.Crc32)))
            return false;
        if (index.Blocks.Count == 0)
            return true;
        var block = head[StreamHeaderBytes..];
        if (block.Length < UsualHeaderBytes || (block[1] & (FilterCountMask | ReservedFlags)) != 0)
            return false;
        try
        {
            var at = 2;
            for (var sizes = block[1] & (HasPackedSize | HasImageSize); sizes != 0; sizes &= sizes - 1)
                XzIndex.Number(block, ref at, "", 0);
            return XzIndex.Number(block, ref at, "", 0) == Lzma2Filter && at + 1 < block.Length
                && block[at + 1] <= MaxDictionaryCodeOfKernel;
        }
        catch (ModuleDataException)
        {
            return false;
        }
    }

    static int CheckBytes(XzCheck check) => check switch
    {
        XzCheck.None => 0,
        XzCheck.Crc32 => 4,
        XzCheck.Crc64 => 8,
        _ => 32,
    };

    static bool Verify(ReadOnlySpan<byte> image, ReadOnlySpan<byte> check, XzCheck kind) => kind switch
    {
        XzCheck.Crc32 => Checksums.Crc32(image) == BinaryPrimitives.ReadUInt32LittleEndian(check),
        XzCheck.Crc64 => Checksums.Crc64(image) == BinaryPrimitives.ReadUInt64LittleEndian(check),
        _ => true,
    };
}

/// <summary>A block of an .xz file, from the index.</summary>
/// <param name="Offset">Offset of its header in the file.</param>
/// <param name="UnpaddedBytes">Header, LZMA2 data and check, without the padding to four.</param>
readonly record struct XzBlock(long Offset, long UnpaddedBytes, long ImageBytes, XzCheck Check)
{
    /// <summary>Size in the file, with the padding between data and check. XzIndex has bounded it.</summary>
    public long PaddedBytes => (UnpaddedBytes + 3) & ~3L;
}

/// <summary>Kinds of check, by their numbers in the format.</summary>
enum XzCheck : byte { None = 0, Crc32 = 1, Crc64 = 4, Sha256 = 10 }

/// <summary>All blocks of an .xz file, read backwards because the sizes are at the end.</summary>
/// <remarks>
/// One stream; a file may hold several, each followed by NULs in multiples of four:
/// <code>
/// header   fd '7zXZ' 00 · flags (00, kind of check) · CRC32 of the flags
/// blocks   each padded to four bytes
/// index    00 · number of blocks · per block (unpadded size, decompressed size) · padding to four · CRC32
/// footer   CRC32 of the next two · u32 size of the index / 4 − 1 · flags · 'YZ'
/// </code>
/// Fixed-size numbers are little-endian; those of the index have seven bits a byte, lowest first, and the last byte is
/// below 80.
/// </remarks>
sealed class XzIndex
{
    const int HeaderBytes = 12, FooterBytes = 12;
    const int MinIndexBytes = 8; // index of a stream without blocks

    /// <summary>A million blocks. xz writes a module as one, with <c>--block-size</c> or threads as a few.</summary>
    const int MaxIndexBytes = 8 << 20;

    const int MaxStreams = 64 << 10; // liblzma decodes any number (LZMA_CONCATENATED)
    const int MaxNumberBytes = 9;

    public static ReadOnlySpan<byte> Magic => [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0];

    static ReadOnlySpan<byte> FooterMagic => "YZ"u8;

    XzIndex(List<XzBlock> blocks, int streams, long imageBytes)
    {
        Blocks = blocks;
        Streams = streams;
        ImageBytes = imageBytes;
    }

    public IReadOnlyList<XzBlock> Blocks { get; } // in file order
    public int Streams { get; }
    public long ImageBytes { get; } // sum over the blocks; at most ModuleLimits.MaxImageBytes

    /// <exception cref="ModuleDataException">Corrupt, with trailing data, or too large.</exception>
    public static XzIndex Read(ByteSource source)
    {
        var blocks = new List<XzBlock>();
        var total = 0L;
        var end = source.Length;
        var streams = 0;
        for (; end > 0; streams++)
        {
            if (streams == MaxStreams)
                throw new ModuleDataException(source.Name, end, $"more than {MaxStreams} xz streams");
            end = ReadStream(source, SkipPadding(source, end), blocks, ref total);
        }
        blocks.Reverse();
        Debug.Assert(total <= ModuleLimits.MaxImageBytes, "ReadRecords bounds the sum");
        return new XzIndex(blocks, streams, total);
    }

    /// <summary>Appends the blocks of the stream that ends at <paramref name="end"/>, last block first.</summary>
    /// <returns>The offset of the stream.</returns>
    static long ReadStream(ByteSource source, long end, List<XzBlock> blocks, ref long total)
    {
        if (end < HeaderBytes + FooterBytes)
            throw new ModuleDataException(source.Name, end, "ends within an xz stream");
        Span<byte> footer = stackalloc byte[FooterBytes];
        source.Read(end - FooterBytes, footer);
        if (!footer[10..].SequenceEqual(FooterMagic))
            throw new ModuleDataException(source.Name, end - 2, "no xz footer: truncated, or trailing data");
        if (Checksums.Crc32(footer[4..10]) != BinaryPrimitives.ReadUInt32LittleEndian(footer))
            throw new ModuleDataException(source.Name, end - FooterBytes, "checksum of the xz footer is wrong");
        var indexBytes = (BinaryPrimitives.ReadUInt32LittleEndian(footer[4..]) + 1L) * 4;
        var indexOffset = end - FooterBytes - indexBytes;
        if (indexOffset < HeaderBytes)
            throw new ModuleDataException(source.Name, end - 8, $"xz index of {indexBytes} bytes starts too early");
        if (indexBytes is < MinIndexBytes or > MaxIndexBytes)
        {
            throw new ModuleDataException(source.Name, end - 8,
                $"xz index of {indexBytes} bytes, not {MinIndexBytes} to {MaxIndexBytes}");
        }
        var index = new byte[indexBytes];
        source.Read(indexOffset, index);
        var first = blocks.Count;
        var check = CheckOf(footer[8..10], source.Name, end - 4);
        var packed = ReadRecords(index, indexOffset, check, source.Name, blocks, ref total);
        var start = indexOffset - packed - HeaderBytes;
        if (start < 0)
            throw new ModuleDataException(source.Name, indexOffset, "xz index has more bytes than precede it");
        CheckHeader(source, start, footer[8..10]);
        // the records have sizes only; the start of the stream gives the offsets
        var offset = start + HeaderBytes;
        for (var i = first; i < blocks.Count; i++)
        {
            blocks[i] = blocks[i] with { Offset = offset };
            offset += blocks[i].PaddedBytes;
        }
        Debug.Assert(offset == indexOffset, "the blocks fill the space before the index");
        blocks.Reverse(first, blocks.Count - first);
        return start;
    }

    static long ReadRecords(
        ReadOnlySpan<byte> index, long indexOffset, XzCheck check, string file, List<XzBlock> blocks, ref long total)
    {
        var body = index[..^4];
        if (Checksums.Crc32(body) != BinaryPrimitives.ReadUInt32LittleEndian(index[^4..]))
            throw new ModuleDataException(file, indexOffset, "checksum of the xz index is wrong");
        if (body[0] != 0)
            throw new ModuleDataException(file, indexOffset, "no xz index at the offset in the footer");
        var at = 1;
        var count = Number(body, ref at, file, indexOffset);
        var packed = 0L;
        for (var i = 0L; i < count; i++)
        {
            var unpadded = Number(body, ref at, file, indexOffset);
            var image = Number(body, ref at, file, indexOffset);
            // the same bound prevents overflow in all sums here
            if (unpadded is 0 or > ModuleLimits.MaxImageBytes || image > ModuleLimits.MaxImageBytes - total)
            {
                throw new ModuleDataException(file, indexOffset + at,
                    $"xz block of {unpadded} bytes for {image}: more than {ModuleLimits.MaxImageBytes} in total");
            }
            if (image / Lzma2Decoder.MaxRatio > unpadded)
                throw new ModuleDataException(file, indexOffset + at, $"xz block of {unpadded} bytes for {image}");
            var block = new XzBlock(0, unpadded, image, check);
            packed += block.PaddedBytes;
            total += image;
            blocks.Add(block);
        }
        if (body.Length - at > 3 || body[at..].ContainsAnyExcept((byte)0))
            throw new ModuleDataException(file, indexOffset + at, "xz index has data after its records");
        return packed;
    }

    static void CheckHeader(ByteSource source, long start, ReadOnlySpan<byte> footerFlags)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        source.Read(start, header);
        if (!header.StartsWith(Magic))
            throw new ModuleDataException(source.Name, start, "no xz header");
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        if (Checksums.Crc32(header[6..8]) != crc || !header[6..8].SequenceEqual(footerFlags))
            throw new ModuleDataException(source.Name, start + 6, "xz header is corrupt");
    }

    static XzCheck CheckOf(ReadOnlySpan<byte> flags, string file, long offset)
        => flags[0] == 0 && Enum.IsDefined((XzCheck)flags[1])
            ? (XzCheck)flags[1]
            : throw new ModuleDataException(file, offset, $"xz stream flags {flags[0]:x2} {flags[1]:x2} are unknown");

    static long SkipPadding(ByteSource source, long end)
    {
        Span<byte> buffer = stackalloc byte[1 << 10];
        // most files have none: four bytes show it
        for (var next = 4; end >= 4; next = buffer.Length)
        {
            var part = buffer[..(int)Math.Min(next, end & ~3)];
            source.Read(end - part.Length, part);
            var last = part.LastIndexOfAnyExcept((byte)0);
            if (last >= 0)
                return end - ((part.Length - 1 - last) & ~3);
            end -= part.Length;
        }
        return end;
    }

    /// <summary>Reads a number of the index or of a block header and moves <paramref name="at"/> past it.</summary>
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
        throw new ModuleDataException(file, offset + at, "unterminated number in the xz file");
    }
}
