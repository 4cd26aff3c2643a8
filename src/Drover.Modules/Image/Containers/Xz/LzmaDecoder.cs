using System.Runtime.CompilerServices;

namespace Drover.Modules;

/// <summary>The LZMA coder within one LZMA2 stream: its state and probabilities live on from chunk to chunk.</summary>
/// <remarks>
/// A symbol is a literal, a match (distance and length), or a repetition at one of the last four distances; every bit of it is decoded with an adaptive
/// probability chosen by what came before. Names follow the LZMA specification. All probabilities stand in one array, at the offsets below.
/// </remarks>
internal sealed class LzmaDecoder
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

    // a length coder: two choices, then 8 short lengths and 8 middle ones per position, then 256 long ones
    const int LengthShort = 2;
    const int LengthMiddle = LengthShort + (PosStatesMax << 3);
    const int LengthLong = LengthMiddle + (PosStatesMax << 3);
    const int LengthSize = LengthLong + 256;

    // LZMA2 allows lc + lp <= 4, and the table is made for that once
    readonly ushort[] _probs = new ushort[Literal + (LiteralSize << 4)];

    uint _state, _rep0, _rep1, _rep2, _rep3;
    int _lc, _lp, _pb;

    /// <summary>Takes the properties byte, (pb × 5 + lp) × 9 + lc, and forgets the state; false if it is out of LZMA2's range.</summary>
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

    /// <summary>Decodes one chunk: fills <paramref name="window"/> from <paramref name="position"/> to its end.</summary>
    /// <param name="packed">All bytes of the chunk, no more.</param>
    /// <param name="window">Everything since the dictionary was last forgotten, then the room for this chunk.</param>
    /// <returns>False if the data are corrupt.</returns>
    public bool Decode(ReadOnlySpan<byte> packed, Span<byte> window, int position, uint dictionaryBytes)
    {
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
                // states from 7 on follow a match; Reset makes rep0 0, and a match has set it within the window since
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
            // the marker of an end, distance 2^32 − 1, falls here too: LZMA2 has none
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
        // source and target overlap: each byte may be one just written
        for (var i = 0; i < target.Length; i++)
            target[i] = source[i];
    }
}
