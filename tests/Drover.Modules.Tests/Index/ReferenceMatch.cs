using System.Text;
using Drover.Modules.Tests.Patterns;

namespace Drover.Modules.Tests.Index;

/// <summary>What a wildcard look-up answers, said plainly: every pattern tried with the C library's fnmatch, then put in kmod's order.</summary>
internal static class ReferenceMatch
{
    public static string[] Match(IReadOnlyList<(string Key, string Value, uint Priority)> entries, string text)
    {
        // what comes last in the order of visits comes first of equal priority
        return entries.Select((entry, sequence) => (entry, sequence))
            .Where(e => Matches(e.entry.Key, text))
            .Order(Comparer<((string Key, string Value, uint Priority) entry, int sequence)>.Create((a, b) =>
            {
                int order = a.entry.Priority.CompareTo(b.entry.Priority);
                if (order == 0) order = Visits(b.entry.Key, a.entry.Key);
                // and of one key, what stands first in its node: that is what was added last
                return order != 0 ? order : a.sequence.CompareTo(b.sequence);
            }))
            .Select(e => e.entry.Value).ToArray();
    }

    /// <summary>Up to its first wildcard a pattern is literal, backslashes too.</summary>
    private static bool Matches(string pattern, string text)
    {
        int wild = pattern.AsSpan().IndexOfAny("*?[");
        if (wild < 0) return pattern == text;
        return text.StartsWith(pattern[..wild], StringComparison.Ordinal) && LibcFnmatch.Matches(Encoding.UTF8.GetBytes(pattern[wild..]), Encoding.UTF8.GetBytes(text[wild..]));
    }

    /// <summary>The order in which a walk comes by two patterns that both match the text: from the root down wildcards before values before literal arcs; below a wildcard children before values.</summary>
    private static int Visits(string a, string b)
    {
        int common = a.AsSpan().CommonPrefixLength(b);
        if (a.Length == b.Length && common == a.Length) return 0;
        bool below = a.AsSpan(0, common).IndexOfAny("*?[") >= 0;
        return Rank(a, common, below).CompareTo(Rank(b, common, below));
    }

    private static int Rank(string key, int at, bool below)
    {
        const int end = 1000;
        if (at == key.Length) return end;
        int arc = key[at];
        if (below) return arc;
        int special = "*?[".IndexOf(key[at], StringComparison.Ordinal);
        return special >= 0 ? special : end + 1;
    }
}
