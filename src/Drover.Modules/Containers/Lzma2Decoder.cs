namespace Drover.Modules.Containers;

/// <summary>Decodes an LZMA2 stream in memory, with the output as dictionary and 30 KB of probabilities.</summary>
/// <remarks>
/// A stream is a sequence of chunks, each with a control byte first:
/// <code>
/// 00          the end
/// 01          stored bytes, dictionary reset             u16 size − 1
/// 02          stored bytes                               u16 size − 1
/// 80 … ff     LZMA; the low 5 bits are bits 16 … 20 of   u16 size − 1, u16 packed size − 1
///   a0 … bf   … state reset
///   c0 … df   … state reset, new properties              u8 properties
///   e0 … ff   … dictionary reset as well                 u8 properties
/// </code>
/// Numbers are big-endian. The first chunk must reset the dictionary, and the first LZMA chunk after that must have
/// properties.
/// </remarks>
static class Lzma2Decoder
{
    /// <summary>Maximum compression: a chunk of a 6-byte header and 5 bytes of range coder holds up to 2 MiB.</summary>
    public const long MaxRatio = (1 << 21) / 11 + 1;

    /// <summary>Decodes up to the end marker and fills <paramref name="output"/> exactly.</summary>
    /// <param name="packed">Starts with the first chunk; may continue after the end marker.</param>
    /// <param name="dictionaryBytes">Maximum distance of a match.</param>
    /// <param name="packedOffset">The offset of <paramref name="packed"/> in that file, for errors.</param>
    /// <returns>Bytes of <paramref name="packed"/> used.</returns>
    /// <exception cref="ModuleDataException">Corrupt, truncated, or of another size.</exception>
    public static int Decode(
        ReadOnlySpan<byte> packed, Span<byte> output, uint dictionaryBytes, string file, long packedOffset)
    {
        var lzma = new LzmaDecoder();
        int at = 0, written = 0, dictionaryStart = 0;
        bool needDictionary = true, needProperties = true;
        while (true)
        {
            var chunk = at;
            var control = Take(packed, ref at, 1, file, packedOffset)[0];
            if (control == 0)
                break;
            if (control is >= 0xe0 or 1)
            {
                needDictionary = false;
                needProperties = true;
                dictionaryStart = written;
            }
            else if (needDictionary || control is > 2 and < 0x80)
            {
                throw new ModuleDataException(file, packedOffset + chunk, $"unexpected LZMA2 chunk 0x{control:x2}");
            }
            if (control < 0x80)
            {
                var stored = Take(packed, ref at, Size(packed, ref at, file, packedOffset), file, packedOffset);
                CheckRoom(output, written, stored.Length, file, packedOffset + chunk);
                stored.CopyTo(output[written..]);
                written += stored.Length;
                continue;
            }
            var size = ((control & 0x1f) << 16) + Size(packed, ref at, file, packedOffset);
            var packedSize = Size(packed, ref at, file, packedOffset);
            if (control >= 0xc0)
            {
                if (!lzma.SetProperties(Take(packed, ref at, 1, file, packedOffset)[0]))
                    throw new ModuleDataException(file, packedOffset + at - 1, "LZMA properties out of range");
                needProperties = false;
            }
            else if (needProperties)
            {
                throw new ModuleDataException(file, packedOffset + chunk, "LZMA2 chunk without properties");
            }
            else if (control >= 0xa0)
            {
                lzma.Reset();
            }
            CheckRoom(output, written, size, file, packedOffset + chunk);
            var body = Take(packed, ref at, packedSize, file, packedOffset);
            var window = output[dictionaryStart..(written + size)];
            if (!lzma.Decode(body, window, written - dictionaryStart, dictionaryBytes))
                throw new ModuleDataException(file, packedOffset + chunk, "corrupt LZMA2 chunk");
            written += size;
        }
        if (written < output.Length)
            throw new ModuleDataException(file, packedOffset + at, $"LZMA2 has {written} bytes of {output.Length}");
        return at;
    }

    static int Size(ReadOnlySpan<byte> packed, ref int at, string file, long offset)
    {
        var bytes = Take(packed, ref at, 2, file, offset);
        return (bytes[0] << 8) + bytes[1] + 1;
    }

    static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> packed, ref int at, int count, string file, long offset)
    {
        if (count > packed.Length - at)
            throw new ModuleDataException(file, offset + packed.Length, "LZMA2 data end within a chunk");
        at += count;
        return packed.Slice(at - count, count);
    }

    static void CheckRoom(Span<byte> output, int written, int more, string file, long offset)
    {
        if (more > output.Length - written)
            throw new ModuleDataException(file, offset, $"LZMA2 data have more than {output.Length} bytes");
    }
}
