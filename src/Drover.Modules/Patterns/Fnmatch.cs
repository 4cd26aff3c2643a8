using System.Buffers;
using Drover.Text;

namespace Drover.Modules.Patterns;

/// <summary>fnmatch(3) without flags in the C locale, as kmod uses it for the patterns in modprobe.d.</summary>
public static class Fnmatch
{
    static readonly SearchValues<char> s_special = SearchValues.Create("*?[\\");

    /// <summary>Whether a pattern matches the whole text, in O(pattern × text). No pattern matches a NUL.</summary>
    public static bool Matches(string pattern, string text)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(text);
        // most patterns differ from the text before their first wildcard
        var literal = pattern.AsSpan().IndexOfAny(s_special);
        if (literal < 0)
            return string.Equals(pattern, text, StringComparison.Ordinal);
        return text.AsSpan().StartsWith(pattern.AsSpan(0, literal), StringComparison.Ordinal) && !text.Contains('\0')
            && Matches(ByteText.BytesOf(pattern[literal..]), ByteText.BytesOf(text[literal..]));
    }

    static bool Matches(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        var words = PatternText.WordsFor(text.Length);
        var masks = new ulong[PatternText.MaskWords(text.Length)];
        var against = new PatternText(text, new byte[PatternText.SlotCount], masks, new byte[pattern.Length]);
        Span<ulong> set = new ulong[words];
        set[0] = 1;
        PatternState state = default;
        foreach (var b in pattern)
        {
            if (!against.Step(ref state, set, set, b))
                return false;
        }
        return against.Ends(state, set);
    }
}
