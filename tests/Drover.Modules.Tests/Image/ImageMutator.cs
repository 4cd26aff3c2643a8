using System.Buffers.Binary;

namespace Drover.Modules.Tests.Image;

/// <summary>Damages files in the ways that break parsers: one seed, one damage.</summary>
sealed class ImageMutator(int seed)
{
    static readonly ulong[] s_nasty = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, long.MaxValue, ulong.MaxValue];

    readonly Random _random = new(seed);

    public T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    public byte[] Mutate(byte[] original)
    {
        var bytes = original.ToList();
        for (var i = _random.Next(1, 5); i > 0; i--)
            Damage(bytes);
        var damaged = bytes.ToArray();
        // half of them with checksums that agree with the damage, as one who means harm would send
        if (_random.Next(2) == 0)
            RepairXz(damaged);
        return damaged;
    }

    void Damage(List<byte> bytes)
    {
        var at = _random.Next(bytes.Count + 1);
        var length = Math.Min(_random.Next(1, 40), bytes.Count - at);
        switch (_random.Next(7))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5:
                for (var i = 0; i < length; i++)
                    bytes[at + i] = (byte)_random.Next(256);
                break;
            default:
                Overwrite(bytes, at, Pick(s_nasty), 1 << _random.Next(4), _random.Next(2) == 0);
                break;
        }
    }

    static void Overwrite(List<byte> bytes, int at, ulong value, int width, bool bigEndian)
    {
        Span<byte> number = stackalloc byte[8];
        if (bigEndian)
            BinaryPrimitives.WriteUInt64BigEndian(number, value << (64 - (8 * width)));
        else
            BinaryPrimitives.WriteUInt64LittleEndian(number, value);
        for (var i = 0; i < width && at + i < bytes.Count; i++)
            bytes[at + i] = number[i];
    }

    /// <summary>The checksums of stream header, first block header, index and footer, wherever they now stand.</summary>
    static void RepairXz(Span<byte> file)
    {
        if (!file.StartsWith(XzIndex.Magic) || file.Length < 32)
            return;
        Sign(file, 6, 8);
        Sign(file, 12, 12 + (4 * file[12]));
        var index = file.Length - 12 - ((BinaryPrimitives.ReadUInt32LittleEndian(file[^8..]) + 1L) * 4);
        if (index >= 12)
            Sign(file, (int)index, file.Length - 16);
        BinaryPrimitives.WriteUInt32LittleEndian(file[^12..], Checksums.Crc32(file[^8..^2]));
    }

    static void Sign(Span<byte> file, int from, int to)
    {
        if (to + 4 <= file.Length)
            BinaryPrimitives.WriteUInt32LittleEndian(file[to..], Checksums.Crc32(file[from..to]));
    }
}
