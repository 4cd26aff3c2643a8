namespace Drover.Modules.Tree;

/// <summary>An index that is opened when first asked for; for one thread.</summary>
internal sealed class LazyIndex
{
    private static readonly IndexTrie s_empty = new(ReadOnlyMemory<byte>.Empty, "");

    private readonly Func<IndexTrie>? _open;
    private IndexTrie? _index;

    private LazyIndex(IndexTrie? index, Func<IndexTrie>? open)
    {
        _index = index;
        _open = open;
    }

    public IndexTrie Index => _index ??= _open!();

    public static LazyIndex InMemory(IndexTrie? index) => new(index ?? s_empty, null);

    /// <param name="directory">The module directory.</param>
    /// <param name="name">The index's file without <c>.bin</c>.</param>
    /// <param name="source">The file it is made of, taken where the index is missing.</param>
    /// <param name="build">Puts the content of that file, whose name is given for errors, into an index.</param>
    public static LazyIndex OnDisk(string directory, string name, string source, Action<IndexBuilder, byte[], string> build) => new(null, () =>
    {
        string path = $"{directory}/{name}.bin";
        if (File.Exists(path)) return IndexTrie.Load(path);
        path = $"{directory}/{source}";
        if (!File.Exists(path)) return s_empty;
        IndexBuilder builder = new();
        build(builder, File.ReadAllBytes(path), path);
        return new IndexTrie(builder.ToBytes(), path);
    });
}
