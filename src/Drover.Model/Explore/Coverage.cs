using System.Runtime.InteropServices;

namespace Drover.Model;

/// <summary>How often each case came up. For one thread; merged at the end.</summary>
sealed class Coverage
{
    readonly Dictionary<string, long> _counts = [];

    public void Count(string what, long times = 1) => CollectionsMarshal.GetValueRefOrAddDefault(_counts, what, out _) += times;

    public void Add(Coverage other)
    {
        foreach (var (what, times) in other._counts)
            Count(what, times);
    }

    public IReadOnlyDictionary<string, long> ToDictionary() => new SortedDictionary<string, long>(_counts, StringComparer.Ordinal);
}
