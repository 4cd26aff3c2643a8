using System.Buffers.Binary;

namespace Drover.Modules.Tests.Fuzz;

/// <summary>Damages bytes: the same seed and input give the same damage. One owner at a time.</summary>
internal sealed class Mutator
{
    private const int MostChanges = 4;

    // where lengths, counts and offsets are misread: around zero, the signs, and powers of two
    private static readonly uint[] s_interesting = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x0FFFFFFF, 0x10000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF];

    private readonly Random _random;

    public Mutator(int seed) => _random = new Random(seed);

    /// <summary>A copy of the input with one to four changes.</summary>
    /// <param name="input">Real bytes of the format.</param>
    /// <param name="other">More of the kind, to splice from; may be empty.</param>
    public byte[] Mutate(ReadOnlySpan<byte> input, ReadOnlySpan<byte> other = default)
    {
        List<byte> bytes = [.. input];
        for (int left = _random.Next(1, MostChanges + 1); left > 0; left--) Change(bytes, other);
        return [.. bytes];
    }

    private void Change(List<byte> bytes, ReadOnlySpan<byte> other)
    {
        if (bytes.Count == 0)
        {
            bytes.Add((byte)_random.Next(256));
            return;
        }
        int at = _random.Next(bytes.Count);
        switch (_random.Next(9))
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
                // a piece of itself elsewhere: offsets that lead into the middle of something real
                Overwrite(bytes, at, Piece([.. bytes]));
                break;
            case 7:
                bytes.InsertRange(at, Piece([.. bytes]));
                break;
            default:
                if (other.IsEmpty) bytes[at] = 0;
                else Overwrite(bytes, at, Piece(other));
                break;
        }
    }

    private byte[] Integer(int length)
    {
        uint value = _random.Next(3) == 0 ? (uint)(length + _random.Next(-4, 5)) : s_interesting[_random.Next(s_interesting.Length)];
        byte[] integer = new byte[_random.Next(2) == 0 ? 4 : 8];
        if (_random.Next(2) == 0) BinaryPrimitives.WriteUInt32BigEndian(integer.AsSpan(integer.Length - 4), value);
        else BinaryPrimitives.WriteUInt32LittleEndian(integer, value);
        return integer;
    }

    private byte[] Piece(ReadOnlySpan<byte> from)
    {
        int start = _random.Next(from.Length);
        return from.Slice(start, _random.Next(1, Math.Min(32, from.Length - start) + 1)).ToArray();
    }

    private static void Overwrite(List<byte> bytes, int at, byte[] with)
    {
        for (int i = 0; i < with.Length && at + i < bytes.Count; i++) bytes[at + i] = with[i];
    }
}
