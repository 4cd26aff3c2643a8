using System.Numerics;

namespace Drover.Modules.Patterns;

/// <summary>A literal text that is matched with patterns byte by byte (fnmatch(3), no flags, C locale). The state of a
/// pattern is the set of text positions it may have reached: bit <c>i</c> means that it matches the first <c>i</c>
/// bytes. A byte of the pattern shifts the whole set, and <c>*</c> adds all higher positions. So the time of a pattern
/// is at most its length times that of the text, for any number of stars.</summary>
/// <remarks>Differs from glibc only for an unclosed or unknown class or symbol, which no alias has. An unclosed
/// <c>[</c> is a literal byte, as in glibc.</remarks>
ref struct PatternText
{
    public const int SlotCount = 256; // length of _slots: one for each byte value

    readonly ReadOnlySpan<byte> _text;
    // text byte → 1 + its row in _masks; 0 = not in the text
    readonly Span<byte> _slots;
    // row 0: all positions before a byte; then a row for each distinct byte with the positions before it
    readonly Span<ulong> _masks;

    /// <param name="text">Without NUL.</param>
    /// <param name="slots">Scratch memory of <see cref="SlotCount"/> bytes.</param>
    /// <param name="masks">Scratch memory of <see cref="MaskWords"/> words.</param>
    /// <param name="bracket">Scratch memory for the bytes in brackets, as long as the longest pattern.</param>
    public PatternText(ReadOnlySpan<byte> text, Span<byte> slots, Span<ulong> masks, Span<byte> bracket)
    {
        _text = text;
        _slots = slots;
        _masks = masks;
        Bracket = bracket;
        Words = WordsFor(text.Length);
        slots.Clear();
        var rows = 1;
        masks[..Words].Clear();
        for (var i = 0; i < text.Length; i++)
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

    public int Words { get; } // words of a set of the positions 0 … length
    public Span<byte> Bracket { get; } // bytes after opening brackets; shared by all states of a depth-first walk

    public static int WordsFor(int textLength) => textLength / 64 + 1;

    /// <summary>Words of scratch memory for a text: a row for each distinct byte but NUL, and row 0.</summary>
    public static int MaskWords(int textLength) => WordsFor(textLength) * (1 + Math.Min(textLength, 255));

    /// <summary>Reads one byte of the pattern; false if nothing can match any more.</summary>
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

    readonly bool HasEnd(ReadOnlySpan<ulong> set) => (set[_text.Length >> 6] >> _text.Length & 1) != 0;

    readonly bool Literal(ReadOnlySpan<ulong> from, Span<ulong> to, byte literal)
    {
        int row = _slots[literal];
        return row != 0 && Shift(from, to, _masks.Slice(row * Words, Words));
    }

    /// <summary>Advances the positions in the mask by one and removes the others.</summary>
    static bool Shift(ReadOnlySpan<ulong> from, Span<ulong> to, ReadOnlySpan<ulong> mask)
    {
        ulong carry = 0, any = 0;
        for (var i = 0; i < mask.Length; i++)
        {
            var moved = from[i] & mask[i];
            var word = moved << 1 | carry;
            carry = moved >> 63;
            to[i] = word;
            any |= word;
        }
        return any != 0;
    }

    readonly void CloseUpward(ReadOnlySpan<ulong> from, Span<ulong> to)
    {
        var i = 0;
        for (; i < Words && from[i] == 0; i++)
            to[i] = 0;
        if (i == Words)
            return;
        to[i] = ulong.MaxValue << BitOperations.TrailingZeroCount(from[i]);
        to[(i + 1)..Words].Fill(ulong.MaxValue);
        // bits beyond the end stay clear, so that an empty set is zero
        var used = (_text.Length & 63) + 1;
        if (used < 64)
            to[Words - 1] &= (1UL << used) - 1;
    }

    readonly bool InBracket(ref PatternState state, Span<ulong> set, byte pattern)
    {
        Bracket[state.BracketEnd++] = pattern;
        if (pattern != ']')
            return true;
        switch (BracketExpression.Parse(Bracket[state.BracketStart..state.BracketEnd], out var members))
        {
            case BracketExpression.Result.Open:
                return true;
            case BracketExpression.Result.Never:
                return false;
            default:
                state.Now = PatternState.Mode.Plain;
                return AnyOf(set, members);
        }
    }

    readonly bool AnyOf(Span<ulong> set, in ByteSet members)
    {
        for (var word = 0; word < Words; word++)
        {
            for (var rest = set[word] & _masks[word]; rest != 0; rest &= rest - 1)
            {
                var bit = BitOperations.TrailingZeroCount(rest);
                if (!members.Contains(_text[word * 64 + bit]))
                    set[word] &= ~(1UL << bit);
            }
        }
        return Shift(set, set, _masks[..Words]);
    }

    /// <summary>A pattern that ends inside a bracket: <c>[</c> is literal, the bytes after it are read again.</summary>
    readonly bool EndsUnclosed(PatternState state, ReadOnlySpan<ulong> set)
    {
        Span<byte> rest = Bracket[state.BracketStart..state.BracketEnd].ToArray();
        Span<ulong> now = set[..Words].ToArray();
        PatternText again = new(_text, _slots, _masks, new byte[rest.Length]);
        while (true)
        {
            if (BracketExpression.Parse(rest, out _) == BracketExpression.Result.Never)
                return false;
            if (!Literal(now, now, (byte)'['))
                return false;
            state = default;
            for (var i = 0; i < rest.Length; i++)
            {
                if (!again.Step(ref state, now, now, rest[i]))
                    return false;
            }
            if (state.Now != PatternState.Mode.Bracket)
                return again.Ends(state, now);
            rest = rest[^state.BracketBytes..];
        }
    }
}

/// <summary>The syntactic state of a pattern that is read byte by byte.</summary>
struct PatternState
{
    public enum Mode : byte
    {
        Plain,
        Escape, // after a backslash: the next byte is literal
        Bracket, // inside […]; PatternText.Bracket collects the bytes until it closes
    }

    public Mode Now;
    /// <summary>The bracket's bytes; kept after it closes, as it may still be open on another path.</summary>
    public int BracketStart, BracketEnd;

    public readonly int BracketBytes => BracketEnd - BracketStart;
}
