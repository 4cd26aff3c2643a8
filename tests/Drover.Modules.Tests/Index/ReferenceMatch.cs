using System.Text;
using Drover.Modules.Tests.Patterns;

namespace Drover.Modules.Tests.Index;

/// <summary>Reference for wildcard look-ups: tries every pattern with the C library's fnmatch, then sorts
/// as kmod does.</summary>
static class ReferenceMatch
{
    public static string[] Match(IReadOnlyList<(string Key, string Value, uint Priority)> entries, string text)
    {
        // of equal priority the last visited comes first
        return entries.Select((entry, sequence) => (entry, sequence))
            .Where(e => Matches(e.entry.Key, text))
            .Order(Comparer<((string Key, string Value, uint Priority) entry, int sequence)>.Create((a, b) =>
            {
                var order = a.entry.Priority.CompareTo(b.entry.Priority);
                if (order == 0) order = Visits(b.entry.Key, a.entry.Key);
                // of one key the first in its node, which was added last
                return order != 0 ? order : a.sequence.CompareTo(b.sequence);
            }))
            .Select(e => e.entry.Value).ToArray();
    }

    /// <summary>Up to its first wildcard a pattern is literal, including backslashes.</summary>
    static bool Matches(string pattern, string text)
    {
        var wild = pattern.AsSpan().IndexOfAny("*?[");
        if (wild < 0) return pattern == text;
        return text.StartsWith(pattern[..wild], StringComparison.Ordinal)
            && LibcFnmatch.Matches(Encoding.UTF8.GetBytes(pattern[wild..]), Encoding.UTF8.GetBytes(text[wild..]));
    }

    /// <summary>The order in which a walk visits two matching patterns: from the root, wildcards before values before
    /// literal arcs; below a wildcard, children before values.</summary>
    static int Visits(string a, string b)
    {
        var common = a.AsSpan().CommonPrefixLength(b);
        if (a.Length == b.Length && common == a.Length) return 0;
        var below = a.AsSpan(0, common).IndexOfAny("*?[") >= 0;
        return Rank(a, common, below).CompareTo(Rank(b, common, below));
    }

    static int Rank(string key, int at, bool below)
    {
        const int end = 1000;
        if (at == key.Length) return end;
        int arc = key[at];
        if (below) return arc;
        var special = "*?[".IndexOf(key[at], StringComparison.Ordinal);
        return special >= 0 ? special : end + 1;
    }
}
