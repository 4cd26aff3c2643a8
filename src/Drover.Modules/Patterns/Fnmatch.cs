using System.Buffers;
using System.Text;

namespace Drover.Modules.Patterns;

/// <summary>fnmatch(3) with no flags in the C locale, as kmod asks it of the patterns in modprobe.d. Stateless; safe for any thread.</summary>
public static class Fnmatch
{
    private static readonly SearchValues<char> s_special = SearchValues.Create("*?[\\");

    /// <summary>Whether a pattern matches the whole text; costs at most the product of their lengths. No pattern matches a text with a NUL.</summary>
    public static bool Matches(string pattern, string text)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(text);
        // most patterns part from the text before their first wildcard
        int literal = pattern.AsSpan().IndexOfAny(s_special);
        if (literal < 0) return string.Equals(pattern, text, StringComparison.Ordinal);
        return text.AsSpan().StartsWith(pattern.AsSpan(0, literal), StringComparison.Ordinal)
            && !text.Contains('\0')
            && Matches(Encoding.UTF8.GetBytes(pattern, literal, pattern.Length - literal), Encoding.UTF8.GetBytes(text, literal, text.Length - literal));
    }

    internal static bool Matches(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        int words = PatternText.WordsFor(text.Length);
        PatternText against = new(text, new byte[PatternText.SlotCount], new ulong[PatternText.MaskWords(text.Length)], new byte[pattern.Length]);
        Span<ulong> set = new ulong[words];
        set[0] = 1;
        PatternState state = default;
        foreach (byte b in pattern)
        {
            if (!against.Step(ref state, set, set, b)) return false;
        }
        return against.Ends(state, set);
    }
}
