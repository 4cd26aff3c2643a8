using System.Numerics;

namespace Drover.Modules.Patterns;

/// <summary>
/// A literal text against which patterns are fed byte by byte (fnmatch(3), no flags, C locale). A pattern read so far is
/// the set of text positions it may have consumed up to: bit <c>i</c> says that it matches the first <c>i</c> bytes. A byte
/// of the pattern moves the whole set, <c>*</c> closes it upward, and so no pattern costs more than its length times the
/// text's, however many stars it has.
/// </summary>
/// <remarks>
/// Differences from glibc exist only for what no alias can hold: a class or symbol that is not closed or has no known name.
/// An unclosed <c>[</c> is an ordinary byte, as there.
/// </remarks>
internal ref struct PatternText
{
    /// <summary>Slots of <see cref="_slots"/>: one a byte value.</summary>
    public const int SlotCount = 256;

    private readonly ReadOnlySpan<byte> _text;
    // text byte → 1 + its row in _masks; 0 = not in the text
    private readonly Span<byte> _slots;
    // row 0: every position with a byte behind it; then, row by row, the positions of one distinct byte
    private readonly Span<ulong> _masks;

    /// <param name="text">Without NUL.</param>
    /// <param name="slots">Work memory, <see cref="SlotCount"/> bytes.</param>
    /// <param name="masks">Work memory, <see cref="MaskWords"/> words.</param>
    /// <param name="bracket">Work memory for the bytes in brackets, as many as a pattern may have.</param>
    public PatternText(ReadOnlySpan<byte> text, Span<byte> slots, Span<ulong> masks, Span<byte> bracket)
    {
        _text = text;
        _slots = slots;
        _masks = masks;
        Bracket = bracket;
        Words = WordsFor(text.Length);
        slots.Clear();
        int rows = 1;
        masks[..Words].Clear();
        for (int i = 0; i < text.Length; i++)
        {
            int row = slots[text[i]];
            if (row == 0)
            {
                row = rows++;
                slots[text[i]] = (byte)row;
                masks.Slice(row * Words, Words).Clear();
            }
            masks[row * Words + (i >> 6)] |= 1UL << i;
            masks[i >> 6] |= 1UL << i;
        }
    }

    /// <summary>Words of a set: positions 0 … length, both included.</summary>
    public int Words { get; }

    /// <summary>Bytes behind opening brackets, without those; shared by all states of a walk in depth.</summary>
    public Span<byte> Bracket { get; }

    public static int WordsFor(int textLength) => textLength / 64 + 1;

    /// <summary>Words of work memory for the masks of a text: a row a distinct byte, NUL not among them.</summary>
    public static int MaskWords(int textLength) => WordsFor(textLength) * (1 + Math.Min(textLength, 255));

    /// <summary>Feeds one byte of the pattern; false when nothing can match any more.</summary>
    public readonly bool Step(ref PatternState state, ReadOnlySpan<ulong> from, Span<ulong> to, byte pattern)
    {
        if (state.Now == PatternState.Mode.Plain)
        {
            switch (pattern)
            {
                case (byte)'*':
                    CloseUpward(from, to);
                    return true;
                case (byte)'?':
                    return Shift(from, to, _masks[..Words]);
                case (byte)'[':
                    state.Now = PatternState.Mode.Bracket;
                    state.BracketStart = state.BracketEnd;
                    from.CopyTo(to);
                    return true;
                case (byte)'\\':
                    state.Now = PatternState.Mode.Escape;
                    from.CopyTo(to);
                    return true;
                default:
                    return Literal(from, to, pattern);
            }
        }
        if (state.Now == PatternState.Mode.Escape)
        {
            state.Now = PatternState.Mode.Plain;
            return Literal(from, to, pattern);
        }
        from.CopyTo(to);
        return InBracket(ref state, to, pattern);
    }

    /// <summary>Whether a pattern that ends here matches the whole text.</summary>
    public readonly bool Ends(in PatternState state, ReadOnlySpan<ulong> set) => state.Now switch
    {
        PatternState.Mode.Plain => HasEnd(set),
        PatternState.Mode.Escape => false,
        _ => EndsUnclosed(state, set),
    };

    private readonly bool HasEnd(ReadOnlySpan<ulong> set) => (set[_text.Length >> 6] >> _text.Length & 1) != 0;

    private readonly bool Literal(ReadOnlySpan<ulong> from, Span<ulong> to, byte literal)
    {
        int row = _slots[literal];
        return row != 0 && Shift(from, to, _masks.Slice(row * Words, Words));
    }

    /// <summary>Moves those positions on by one that have one of the mask's bytes behind them.</summary>
    private static bool Shift(ReadOnlySpan<ulong> from, Span<ulong> to, ReadOnlySpan<ulong> mask)
    {
        ulong carry = 0, any = 0;
        for (int i = 0; i < mask.Length; i++)
        {
            ulong moved = from[i] & mask[i];
            ulong word = moved << 1 | carry;
            carry = moved >> 63;
            to[i] = word;
            any |= word;
        }
        return any != 0;
    }

    private readonly void CloseUpward(ReadOnlySpan<ulong> from, Span<ulong> to)
    {
        int i = 0;
        for (; i < Words && from[i] == 0; i++) to[i] = 0;
        if (i == Words) return;
        to[i] = ulong.MaxValue << BitOperations.TrailingZeroCount(from[i]);
        to[(i + 1)..Words].Fill(ulong.MaxValue);
        // bits beyond the end stay clear, so that a set without a position is zero
        int used = (_text.Length & 63) + 1;
        if (used < 64) to[Words - 1] &= (1UL << used) - 1;
    }

    private readonly bool InBracket(ref PatternState state, Span<ulong> set, byte pattern)
    {
        Bracket[state.BracketEnd++] = pattern;
        if (pattern != ']') return true;
        switch (BracketExpression.Parse(Bracket[state.BracketStart..state.BracketEnd], out ByteSet members))
        {
            case BracketExpression.Outcome.Open:
                return true;
            case BracketExpression.Outcome.Never:
                return false;
            default:
                state.Now = PatternState.Mode.Plain;
                return AnyOf(set, members);
        }
    }

    private readonly bool AnyOf(Span<ulong> set, in ByteSet members)
    {
        for (int word = 0; word < Words; word++)
        {
            for (ulong rest = set[word] & _masks[word]; rest != 0; rest &= rest - 1)
            {
                int bit = BitOperations.TrailingZeroCount(rest);
                if (!members.Contains(_text[word * 64 + bit])) set[word] &= ~(1UL << bit);
            }
        }
        return Shift(set, set, _masks[..Words]);
    }

    /// <summary>The pattern ended inside a bracket: its <c>[</c> was an ordinary byte, and what follows is read once more.</summary>
    private readonly bool EndsUnclosed(PatternState state, ReadOnlySpan<ulong> set)
    {
        Span<byte> rest = Bracket[state.BracketStart..state.BracketEnd].ToArray();
        Span<ulong> now = set[..Words].ToArray();
        PatternText again = new(_text, _slots, _masks, new byte[rest.Length]);
        while (true)
        {
            if (BracketExpression.Parse(rest, out _) == BracketExpression.Outcome.Never) return false;
            if (!Literal(now, now, (byte)'[')) return false;
            state = default;
            for (int i = 0; i < rest.Length; i++)
            {
                if (!again.Step(ref state, now, now, rest[i])) return false;
            }
            if (state.Now != PatternState.Mode.Bracket) return again.Ends(state, now);
            rest = rest[^state.BracketBytes..];
        }
    }
}
