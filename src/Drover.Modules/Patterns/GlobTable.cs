namespace Drover.Modules.Patterns;

/// <summary>Values by fnmatch(3) pattern. A look-up tests only patterns that agree with the text up to their first
/// wildcard, so a thousand of them cost about as much as their distinct lengths before it. Not thread-safe.</summary>
sealed class GlobTable<T>
{
    const string Special = "*?[\\";

    readonly Dictionary<string, List<(string Pattern, T Value)>> _byLiteral = new(StringComparer.Ordinal);
    readonly List<int> _lengths = []; // distinct lengths of the keys, ascending

    public void Add(string pattern, T value)
    {
        var literal = pattern.AsSpan().IndexOfAny(Special);
        var key = literal < 0 ? pattern : pattern[..literal];
        if (!_byLiteral.TryGetValue(key, out var entries))
            _byLiteral[key] = entries = [];
        entries.Add((pattern, value));
        var at = _lengths.BinarySearch(key.Length);
        if (at < 0)
            _lengths.Insert(~at, key.Length);
    }

    /// <summary>Adds the values of all patterns that match the whole text.</summary>
    public void Find(string text, List<T> found)
    {
        var lookup = _byLiteral.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var length in _lengths)
        {
            if (length > text.Length)
                return;
            if (!lookup.TryGetValue(text.AsSpan(0, length), out var entries))
                continue;
            foreach (var (pattern, value) in entries)
            {
                if (Fnmatch.Matches(pattern, text))
                    found.Add(value);
            }
        }
    }
}
