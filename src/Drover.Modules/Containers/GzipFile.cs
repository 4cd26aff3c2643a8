using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;

namespace Drover.Modules.Containers;

/// <summary>Decompresses .gz files of any number of members, as gzip and gzread do; NULs may follow. The kernel reads
/// the first member only (kernel: <c>module_gzip_decompress</c>).</summary>
/// <remarks>
/// A member:
/// <code>
/// 1f 8b 08 · u8 flags · u32 time · u8 · u8 · [u16 size, extra] · [name 00] · [comment 00] · [u16 CRC of the header]
///     · deflate · u32 CRC32 of the contents · u32 their size modulo 2^32
/// </code>
/// DeflateStream reports neither a missing end nor where it stopped. So the end is where the right checksum and size
/// are, at one of the last bytes that it took.
/// </remarks>
static class GzipFile
{
    const int HeaderBytes = 10, TrailerBytes = 8;
    const int MinDeflateBytes = 2;
    const int MinBytes = HeaderBytes + MinDeflateBytes + TrailerBytes;
    const int FirstImageBytes = 8 << 10;

    /// <summary>The most that DeflateStream gets at once: less than lies between the trailers of two members.</summary>
    const int MaxReadBytes = HeaderBytes + MinDeflateBytes;

    const long MaxRatio = 1032; // maximum compression of deflate (zlib's technical notes)
    const byte Deflate = 8;
    const int HasHeaderCheck = 2, HasExtra = 4, HasName = 8, HasComment = 16, ReservedFlags = 0xe0;

    public static ReadOnlySpan<byte> Magic => [0x1f, 0x8b];

    /// <summary>The decompressed size, from the trailer: of one member, which is what gzip writes.</summary>
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
        int at = 0, filled = 0;
        do
            at = DecompressMember(contents, at, ref image, ref filled, file);
        while (contents.AsSpan(at).ContainsAnyExcept((byte)0));
        if (filled < image.Length)
            Array.Resize(ref image, filled);
        return image;
    }

    /// <returns>The offset of its end.</returns>
    static int DecompressMember(byte[] contents, int member, ref byte[] image, ref int filled, string file)
    {
        var (first, start) = (filled, HeaderEnd(contents, member, file));
        using var packed = new ShortReads(contents, start);
        try
        {
            using var inflate = new DeflateStream(packed, CompressionMode.Decompress, leaveOpen: true);
            for (int count; ; filled += count)
            {
                if (filled == image.Length && !TryGrow(inflate, ref image, ref filled, file))
                    break;
                count = inflate.Read(image.AsSpan(filled));
                if (count == 0)
                    break;
            }
        }
        catch (InvalidDataException e)
        {
            throw new ModuleDataException(file, filled, $"gzip: {e.Message}", e);
        }
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, Checksums.Crc32(image.AsSpan(first, filled - first)));
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], (uint)(filled - first));
        if (filled == first)
            return EndOfEmpty(contents, start, file);
        var taken = start + (int)packed.Position;
        var from = Math.Max(start + MinDeflateBytes, taken - MaxReadBytes);
        var to = Math.Min(taken + TrailerBytes, contents.Length);
        var found = from < to ? contents.AsSpan(from, to - from).IndexOf(trailer) : -1;
        if (found < 0)
            throw new ModuleDataException(file, taken, "checksum or size of the gzip trailer is wrong");
        Debug.Assert(from + found + TrailerBytes <= contents.Length, "the trailer is in the file");
        return from + found + TrailerBytes;
    }

    /// <summary>Eight NULs, checksum and size of nothing, may be anywhere: deflate says nothing in two ways.</summary>
    static int EndOfEmpty(ReadOnlySpan<byte> contents, int start, string file)
    {
        var bytes = contents[start..];
        foreach (ReadOnlySpan<byte> nothing in (byte[][])[[3, 0], [1, 0, 0, 0xff, 0xff]])
        {
            if (bytes.StartsWith(nothing) && bytes.Length >= nothing.Length + TrailerBytes
                && !bytes.Slice(nothing.Length, TrailerBytes).ContainsAnyExcept((byte)0))
            {
                return start + nothing.Length + TrailerBytes;
            }
        }
        throw new ModuleDataException(file, start, "gzip data end early");
    }

    /// <summary>Makes room for more; false at the member's end.</summary>
    static bool TryGrow(DeflateStream inflate, ref byte[] image, ref int filled, string file)
    {
        var next = inflate.ReadByte();
        if (next < 0)
            return false;
        if (filled >= ModuleLimits.MaxImageBytes)
            throw new ModuleDataException(file, filled, $"gzip: more than {ModuleLimits.MaxImageBytes} bytes");
        Array.Resize(ref image, (int)Math.Clamp(image.Length * 2L, FirstImageBytes, ModuleLimits.MaxImageBytes));
        image[filled++] = (byte)next;
        return true;
    }

    static int HeaderEnd(ReadOnlySpan<byte> contents, int member, string file)
    {
        var header = contents[member..];
        if (!header.StartsWith(Magic))
            throw new ModuleDataException(file, member, "data after the gzip trailer");
        if (header.Length < MinBytes)
            throw new ModuleDataException(file, contents.Length, "ends within the gzip header");
        var flags = header[3];
        if (header[2] != Deflate || (flags & ReservedFlags) != 0)
            throw new ModuleDataException(file, member, $"gzip method {header[2]}, flags 0x{flags:x2}");
        var at = HeaderBytes;
        if ((flags & HasExtra) != 0)
            at += 2 + BinaryPrimitives.ReadUInt16LittleEndian(header[at..]);
        for (var texts = (flags & HasName) / HasName + (flags & HasComment) / HasComment; texts > 0; texts--)
        {
            var end = at < header.Length ? header[at..].IndexOf((byte)0) : -1;
            at = end < 0 ? header.Length : at + end + 1;
        }
        at += (flags & HasHeaderCheck) != 0 ? 2 : 0;
        return at <= header.Length - TrailerBytes - MinDeflateBytes
            ? member + at
            : throw new ModuleDataException(file, contents.Length, "ends within the gzip header");
    }

    sealed class ShortReads(byte[] contents, int start) : MemoryStream(contents, start, contents.Length - start)
    {
        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, Math.Min(count, MaxReadBytes));
    }
}
