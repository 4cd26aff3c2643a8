using System.Buffers.Binary;
using Drover.Modules;

namespace Drover.Study.Audit;

/// <summary>Decompresses LZ4's legacy frames, which is what <c>lz4 -l</c> makes for initramfs images (LZ4's
/// lz4_Frame_format.md and lz4_Block_format.md).</summary>
/// <remarks>
/// <code>
/// 02 21 4c 18 · blocks: u32 bytes, sequences
/// sequence    u8 lengths (literals in the upper half, match − 4 in the lower) · [ff… u8] · literals
///             · u16 offset · [ff… u8]; the last one of a block ends after its literals
/// </code>
/// </remarks>
static class Lz4Legacy
{
    const int MaxBlockBytes = 8 << 20; // LEGACY_BLOCKSIZE
    const int MinMatch = 4;
    const int More = 15; // a length that goes on in the next bytes

    public static ReadOnlySpan<byte> Magic => [0x02, 0x21, 0x4c, 0x18];

    /// <exception cref="ModuleDataException">Truncated, corrupt, or too large.</exception>
    public static byte[] Decompress(ReadOnlySpan<byte> packed, string file)
    {
        using var output = new MemoryStream();
        var block = new byte[MaxBlockBytes];
        for (var at = 0; at < packed.Length;)
        {
            if (packed[at..].StartsWith(Magic)) // another frame
            {
                at += Magic.Length;
                continue;
            }
            if (packed.Length - at < sizeof(uint))
                throw new ModuleDataException(file, at, "ends within the size of an lz4 block");
            var bytes = BinaryPrimitives.ReadUInt32LittleEndian(packed[at..]);
            at += sizeof(uint);
            if (bytes > packed.Length - at)
                throw new ModuleDataException(file, at, $"an lz4 block of {bytes} bytes, beyond the end of the file");
            output.Write(block, 0, Expand(packed.Slice(at, (int)bytes), block, file, at));
            if (output.Length > ModuleLimits.MaxImageBytes)
                throw new ModuleDataException(file, at, $"more than {ModuleLimits.MaxImageBytes} bytes decompressed");
            at += (int)bytes;
        }
        return output.ToArray();
    }

    static int Expand(ReadOnlySpan<byte> packed, Span<byte> to, string file, long offset)
    {
        int at = 0, written = 0;
        while (at < packed.Length)
        {
            var lengths = packed[at++];
            var literals = Length(packed, lengths >> 4, ref at);
            if (literals > packed.Length - at || literals > to.Length - written)
                throw Corrupt(at);
            packed.Slice(at, literals).CopyTo(to[written..]);
            (at, written) = (at + literals, written + literals);
            if (at == packed.Length)
                break;
            if (packed.Length - at < sizeof(ushort))
                throw Corrupt(at);
            var back = BinaryPrimitives.ReadUInt16LittleEndian(packed[at..]);
            at += sizeof(ushort);
            var match = Length(packed, lengths & More, ref at) + MinMatch;
            if (back == 0 || back > written || match > to.Length - written)
                throw Corrupt(at);
            // byte by byte: a match may overlap what it makes
            for (var end = written + match; written < end; written++)
                to[written] = to[written - back];
        }
        return written;

        ModuleDataException Corrupt(int at) => new(file, offset + at, "a corrupt lz4 block");

        int Length(ReadOnlySpan<byte> packed, int length, ref int at)
        {
            if (length < More)
                return length;
            byte more;
            do
            {
                if (at == packed.Length || length > MaxBlockBytes)
                    throw Corrupt(at);
                more = packed[at++];
                length += more;
            }
            while (more == byte.MaxValue);
            return length;
        }
    }
}
