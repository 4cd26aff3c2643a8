using System.Buffers.Binary;

namespace Drover.Modules.Tests;

/// <summary>Damages bytes, always in the same way for the same seed and input. One owner at a time.</summary>
sealed class Mutator
{
    const int MaxChanges = 4;

    // boundary values of lengths, counts and offsets: around zero, the sign, and powers of two
    static readonly ulong[] s_interesting = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000,
        0x0FFFFFFF, 0x10000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, long.MaxValue, ulong.MaxValue];

    readonly Random _random;

    public Mutator(int seed) => _random = new Random(seed);

    public T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    /// <summary>A copy of the input with one to four changes.</summary>
    /// <param name="input">Valid bytes of the format.</param>
    /// <param name="other">Further input to splice from; may be empty.</param>
    public byte[] Mutate(ReadOnlySpan<byte> input, ReadOnlySpan<byte> other = default)
    {
        List<byte> bytes = [.. input];
        for (var left = _random.Next(1, MaxChanges + 1); left > 0; left--) Change(bytes, other);
        return [.. bytes];
    }

    void Change(List<byte> bytes, ReadOnlySpan<byte> other)
    {
        if (bytes.Count == 0)
        {
            bytes.Add((byte)_random.Next(256));
            return;
        }
        var at = _random.Next(bytes.Count);
        switch (_random.Next(10))
        {
            case 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
            case 3:
                Overwrite(bytes, at, Integer(bytes.Count));
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5:
                bytes.RemoveRange(at, _random.Next(1, Math.Min(16, bytes.Count - at) + 1));
                break;
            case 6:
                // a copy of another part: offsets that lead into the middle of valid data
                Overwrite(bytes, at, Piece([.. bytes]));
                break;
            case 7:
                bytes.InsertRange(at, Piece([.. bytes]));
                break;
            case 8:
                var noise = new byte[_random.Next(1, 40)];
                _random.NextBytes(noise);
                Overwrite(bytes, at, noise);
                break;
            default:
                if (other.IsEmpty) bytes[at] = 0;
                else Overwrite(bytes, at, Piece(other));
                break;
        }
    }

    byte[] Integer(int length)
    {
        var value = _random.Next(3) == 0 ? (ulong)(length + _random.Next(-4, 5)) : Pick(s_interesting);
        var width = 1 << _random.Next(4);
        var integer = new byte[sizeof(ulong)];
        if (_random.Next(2) == 0) BinaryPrimitives.WriteUInt64BigEndian(integer, value << (64 - (8 * width)));
        else BinaryPrimitives.WriteUInt64LittleEndian(integer, value);
        return integer[..width];
    }

    byte[] Piece(ReadOnlySpan<byte> from)
    {
        var start = _random.Next(from.Length);
        return from.Slice(start, _random.Next(1, Math.Min(32, from.Length - start) + 1)).ToArray();
    }

    static void Overwrite(List<byte> bytes, int at, byte[] with)
    {
        for (var i = 0; i < with.Length && at + i < bytes.Count; i++) bytes[at + i] = with[i];
    }
}
