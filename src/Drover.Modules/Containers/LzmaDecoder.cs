using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Drover.Modules.Containers;

/// <summary>The LZMA decoder of an LZMA2 stream: state and probabilities persist from chunk to chunk.</summary>
/// <remarks>A symbol is a literal, a match (distance and length), or a match at one of the last four distances; each of
/// its bits is decoded with an adaptive probability that the preceding data select. Names follow the LZMA
/// specification. All probabilities are in one array, at the offsets below.</remarks>
sealed class LzmaDecoder
{
    const int States = 12, PosStatesMax = 16, LenToPosStates = 4, LiteralSize = 0x300;
    const int MatchMinLength = 2;
    const int IsMatch = 0;
    const int IsRep = IsMatch + (States * PosStatesMax);
    const int IsRep0 = IsRep + States;
    const int IsRep1 = IsRep0 + States;
    const int IsRep2 = IsRep1 + States;
    const int IsRep0Long = IsRep2 + States;
    const int PosSlot = IsRep0Long + (States * PosStatesMax);
    const int PosSpecial = PosSlot + (LenToPosStates << 6);
    const int PosAlign = PosSpecial + 115;
    const int MatchLength = PosAlign + 16;
    const int RepLength = MatchLength + LengthSize;
    const int Literal = RepLength + LengthSize;

    // a length decoder: two choices, then 8 short and 8 middle lengths a position, then 256 long ones
    const int LengthShort = 2;
    const int LengthMiddle = LengthShort + (PosStatesMax << 3);
    const int LengthLong = LengthMiddle + (PosStatesMax << 3);
    const int LengthSize = LengthLong + 256;

    // LZMA2 allows lc + lp <= 4; the table has that size
    readonly ushort[] _probs = new ushort[Literal + (LiteralSize << 4)];

    uint _state, _rep0, _rep1, _rep2, _rep3;
    int _lc, _lp, _pb;

    /// <summary>Sets (pb × 5 + lp) × 9 + lc and resets the state; false if out of LZMA2's range.</summary>
    public bool SetProperties(byte properties)
    {
        if (properties >= 9 * 5 * 5)
            return false;
        _lc = properties % 9;
        _lp = properties / 9 % 5;
        _pb = properties / 45;
        if (_lc + _lp > 4)
            return false;
        Reset();
        return true;
    }

    public void Reset()
    {
        _state = _rep0 = _rep1 = _rep2 = _rep3 = 0;
        Array.Fill(_probs, (ushort)(RangeDecoder.ProbabilityOne / 2));
    }

    /// <summary>Decodes a chunk into <paramref name="window"/>, from <paramref name="position"/> to its end.</summary>
    /// <param name="packed">Exactly the bytes of the chunk.</param>
    /// <param name="window">The output since the last reset of the dictionary, then the room for this chunk.</param>
    /// <returns>False if the data are corrupt.</returns>
    public bool Decode(ReadOnlySpan<byte> packed, Span<byte> window, int position, uint dictionaryBytes)
    {
        Debug.Assert(position <= window.Length, "the chunk has room in the window");
        var coder = new RangeDecoder(packed);
        if (!coder.IsStarted)
            return false;

        var probs = _probs.AsSpan();
        uint state = _state, rep0 = _rep0, rep1 = _rep1, rep2 = _rep2, rep3 = _rep3;
        var posMask = (1 << _pb) - 1;
        while (position < window.Length)
        {
            var posState = position & posMask;
            if (coder.Bit(ref probs[IsMatch + (int)(state << 4) + posState]) == 0)
            {
                var previous = position == 0 ? 0u : window[position - 1];
                var context = ((position & ((1 << _lp) - 1)) << _lc) + (int)(previous >> (8 - _lc));
                var literal = probs.Slice(Literal + (LiteralSize * context), LiteralSize);
                // states from 7 on follow a match, which has set rep0 to a distance within the window
                window[position] = state < 7
                    ? coder.Literal(literal)
                    : coder.LiteralAfterMatch(literal, window[position - (int)rep0 - 1]);
                position++;
                state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
                continue;
            }
            int length;
            if (coder.Bit(ref probs[IsRep + (int)state]) == 0)
            {
                rep3 = rep2;
                rep2 = rep1;
                rep1 = rep0;
                length = Length(ref coder, probs.Slice(MatchLength, LengthSize), posState);
                rep0 = Distance(ref coder, probs, Math.Min(length, LenToPosStates - 1));
                state = state < 7 ? 7u : 10;
            }
            else
            {
                if (position == 0)
                    return false;
                if (coder.Bit(ref probs[IsRep0 + (int)state]) == 0)
                {
                    if (coder.Bit(ref probs[IsRep0Long + (int)(state << 4) + posState]) == 0)
                    {
                        if (rep0 >= (uint)position)
                            return false;
                        window[position] = window[position - (int)rep0 - 1];
                        position++;
                        state = state < 7 ? 9u : 11;
                        continue;
                    }
                }
                else
                {
                    uint distance;
                    if (coder.Bit(ref probs[IsRep1 + (int)state]) == 0)
                    {
                        distance = rep1;
                    }
                    else
                    {
                        if (coder.Bit(ref probs[IsRep2 + (int)state]) == 0)
                        {
                            distance = rep2;
                        }
                        else
                        {
                            distance = rep3;
                            rep3 = rep2;
                        }
                        rep2 = rep1;
                    }
                    rep1 = rep0;
                    rep0 = distance;
                }
                length = Length(ref coder, probs.Slice(RepLength, LengthSize), posState);
                state = state < 7 ? 8u : 11;
            }
            length += MatchMinLength;
            // this also rejects the end marker, distance 2^32 − 1, which LZMA2 does not have
            if (rep0 >= (uint)position || rep0 >= dictionaryBytes || length > window.Length - position)
                return false;
            Repeat(window, position, (int)rep0 + 1, length);
            position += length;
        }
        (_state, _rep0, _rep1, _rep2, _rep3) = (state, rep0, rep1, rep2, rep3);
        return coder.IsFinished();
    }

    static int Length(ref RangeDecoder coder, Span<ushort> probs, int posState)
    {
        if (coder.Bit(ref probs[0]) == 0)
            return (int)coder.Tree(probs.Slice(LengthShort + (posState << 3), 8), 3);
        if (coder.Bit(ref probs[1]) == 0)
            return 8 + (int)coder.Tree(probs.Slice(LengthMiddle + (posState << 3), 8), 3);
        return 16 + (int)coder.Tree(probs.Slice(LengthLong, 256), 8);
    }

    static uint Distance(ref RangeDecoder coder, Span<ushort> probs, int lengthState)
    {
        var slot = coder.Tree(probs.Slice(PosSlot + (lengthState << 6), 64), 6);
        if (slot < 4)
            return slot;
        var bits = (int)(slot >> 1) - 1;
        var distance = (2 | (slot & 1)) << bits;
        if (slot < 14)
            return distance + coder.ReverseTree(probs[(PosSpecial + (int)(distance - slot))..PosAlign], bits);
        distance += coder.Direct(bits - 4) << 4;
        return distance + coder.ReverseTree(probs.Slice(PosAlign, 16), 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Repeat(Span<byte> window, int position, int distance, int length)
    {
        var target = window.Slice(position, length);
        var source = window.Slice(position - distance, length);
        if (distance >= length)
        {
            source.CopyTo(target);
            return;
        }
        // source and target overlap, so this copies byte by byte
        for (var i = 0; i < target.Length; i++)
            target[i] = source[i];
    }
}

/// <summary>Decodes the bits of a range-coded chunk with adaptive probabilities. Beyond the end it reads zeros, which
/// <see cref="IsFinished"/> detects: a chunk has at most 64 KiB, so the wasted work is bounded.</summary>
ref struct RangeDecoder
{
    public const int ProbabilityOne = 1 << 11; // a probability of 1, as an 11-bit number
    const int AdaptShift = 5;
    const uint Top = 1 << 24;
    const int StartBytes = 5;

    readonly ReadOnlySpan<byte> _packed;
    int _at;
    uint _range, _code;

    public RangeDecoder(ReadOnlySpan<byte> packed)
    {
        _packed = packed;
        _range = uint.MaxValue;
        // the first byte is always 0: LZMA's encoder reserves it for a carry that never occurs
        if (packed.Length < StartBytes || packed[0] != 0)
            return;
        for (_at = 1; _at < StartBytes; _at++)
            _code = (_code << 8) | packed[_at];
    }

    public readonly bool IsStarted => _at == StartBytes;

    /// <summary>Whether exactly all bytes are used and the code is at its end.</summary>
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

    /// <summary>A literal other than <paramref name="match"/>, whose bits select the first probabilities.</summary>
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

    /// <summary>Bits of equal probability, highest first.</summary>
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
