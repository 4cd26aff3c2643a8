using System.Runtime.CompilerServices;

namespace Drover.Modules;

/// <summary>
/// Bits out of a range-coded chunk, each by a probability that adapts. Reading beyond the end yields zeros and is told by <see cref="IsFinished"/>: a chunk is
/// at most 64 KiB, so what is decoded of them for nothing is bounded.
/// </summary>
internal ref struct RangeDecoder
{
    /// <summary>A probability of 1, as an 11-bit number.</summary>
    public const int ProbabilityOne = 1 << 11;

    const int AdaptShift = 5;
    const uint Top = 1 << 24;
    const int StartBytes = 5;

    readonly ReadOnlySpan<byte> _packed;
    int _at;
    uint _range;
    uint _code;

    public RangeDecoder(ReadOnlySpan<byte> packed)
    {
        _packed = packed;
        _range = uint.MaxValue;
        // the first of the five bytes is always 0: LZMA's encoder writes a carry there that never comes
        if (packed.Length < StartBytes || packed[0] != 0)
            return;
        for (_at = 1; _at < StartBytes; _at++)
            _code = (_code << 8) | packed[_at];
    }

    public readonly bool IsStarted => _at == StartBytes;

    /// <summary>Every byte is used and no more, and what was coded is at its end.</summary>
    public bool IsFinished()
    {
        Normalize();
        return _at == _packed.Length && _code == 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Bit(ref ushort probability)
    {
        Normalize();
        var p = (uint)probability;
        var bound = (_range >> 11) * p;
        if (_code < bound)
        {
            _range = bound;
            probability = (ushort)(p + ((ProbabilityOne - p) >> AdaptShift));
            return 0;
        }
        _range -= bound;
        _code -= bound;
        probability = (ushort)(p - (p >> AdaptShift));
        return 1;
    }

    public byte Literal(Span<ushort> probs)
    {
        var symbol = 1u;
        while (symbol < 0x100)
            symbol = (symbol << 1) | Bit(ref probs[(int)symbol]);
        return (byte)symbol;
    }

    /// <summary>A literal that is known to differ from <paramref name="match"/>: its bits choose the probabilities while they are the same.</summary>
    public byte LiteralAfterMatch(Span<ushort> probs, uint match)
    {
        uint symbol = 1, offset = 0x100;
        while (symbol < 0x100)
        {
            match <<= 1;
            var expected = match & offset;
            var bit = Bit(ref probs[(int)(offset + expected + symbol)]);
            symbol = (symbol << 1) | bit;
            offset &= bit == 0 ? ~match : match;
        }
        return (byte)symbol;
    }

    public uint Tree(Span<ushort> probs, int bits)
    {
        var symbol = 1u;
        for (var i = 0; i < bits; i++)
            symbol = (symbol << 1) | Bit(ref probs[(int)symbol]);
        return symbol - (1u << bits);
    }

    public uint ReverseTree(Span<ushort> probs, int bits)
    {
        uint symbol = 1, value = 0;
        for (var i = 0; i < bits; i++)
        {
            var bit = Bit(ref probs[(int)symbol]);
            symbol = (symbol << 1) | bit;
            value |= bit << i;
        }
        return value;
    }

    /// <summary>Bits of equal probability, the highest first.</summary>
    public uint Direct(int bits)
    {
        var value = 0u;
        for (; bits > 0; bits--)
        {
            Normalize();
            _range >>= 1;
            var bit = _code >= _range ? 1u : 0;
            _code -= _range & (0 - bit);
            value = (value << 1) | bit;
        }
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Normalize()
    {
        if (_range >= Top)
            return;
        _range <<= 8;
        _code <<= 8;
        if ((uint)_at < (uint)_packed.Length)
            _code |= _packed[_at];
        _at++;
    }
}
