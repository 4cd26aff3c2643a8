namespace Drover.Modules;

/// <summary>One <c>modules.*.bin</c> index, read once and immutable; safe for any thread.</summary>
public sealed class IndexTrie
{
    public IndexTrie(ReadOnlyMemory<byte> bytes, string file) => throw new NotSupportedException();

    public static IndexTrie Load(string path) => throw new NotSupportedException();

    /// <summary>The value of an exact key, the first by priority, or null (kmod: <c>index_mm_search</c>).</summary>
    public string? Find(string key) => throw new NotSupportedException();

    /// <summary>The values of every pattern that matches <paramref name="text"/>, by priority, duplicates kept (kmod: <c>index_mm_searchwild</c>).</summary>
    public IReadOnlyList<string> Match(string text) => throw new NotSupportedException();

    /// <summary>Every key and value, in the order of the trie (kmod: <c>index_mm_dump</c>).</summary>
    public IEnumerable<KeyValuePair<string, string>> Entries() => throw new NotSupportedException();
}
