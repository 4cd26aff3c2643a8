using Drover.Modules.Tree;

namespace Drover.Modules;

/// <summary>A module with its file and all it depends on, as a line of <c>modules.dep</c> says it.</summary>
/// <param name="Name">Normalised name.</param>
/// <param name="Path">Absolute path of its file.</param>
/// <param name="Dependencies">Names of its direct and indirect hard dependencies, in the order of the line: load them from the last to the first.</param>
public sealed record ModuleEntry(string Name, string Path, IReadOnlyList<string> Dependencies);

/// <summary>A module directory (<c>/lib/modules/RELEASE</c>) with its indexes, each opened when first asked for; immutable, for one thread.</summary>
/// <remarks>
/// Of an index, <c>NAME.bin</c> is taken, else the text file it is made of, else it is empty: whoever has no aliases of
/// built-in modules still has modules. An index is opened once; what changes on disk later is another tree.
/// </remarks>
public sealed class ModuleTree
{
    private readonly LazyIndex _dependencies;
    private readonly LazyIndex _aliases;
    private readonly LazyIndex _symbols;
    private readonly LazyIndex _builtIn;
    private readonly LazyIndex _builtInAliases;

    private ModuleTree(string directory, LazyIndex dependencies, LazyIndex aliases, LazyIndex symbols, LazyIndex builtIn, LazyIndex builtInAliases)
    {
        Directory = directory;
        _dependencies = dependencies;
        _aliases = aliases;
        _symbols = symbols;
        _builtIn = builtIn;
        _builtInAliases = builtInAliases;
    }

    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    public static ModuleTree Open(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (!System.IO.Directory.Exists(directory)) throw new DirectoryNotFoundException($"{directory}: there is no such module directory");
        return OpenOrEmpty(directory);
    }

    /// <summary>As <see cref="Open"/>; a directory that is not there has no modules.</summary>
    public static ModuleTree OpenOrEmpty(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return new ModuleTree(
            directory,
            LazyIndex.OnDisk(directory, "modules.dep", "modules.dep", TextTables.Dependencies),
            LazyIndex.OnDisk(directory, "modules.alias", "modules.alias", TextTables.Aliases),
            LazyIndex.OnDisk(directory, "modules.symbols", "modules.symbols", TextTables.Aliases),
            LazyIndex.OnDisk(directory, "modules.builtin", "modules.builtin", TextTables.BuiltIn),
            LazyIndex.OnDisk(directory, "modules.builtin.alias", "modules.builtin.modinfo", BuiltInModinfo.AliasIndex));
    }

    /// <summary>A tree of tables in memory, for a kernel that has no disk.</summary>
    public static ModuleTree FromTables(string directory, IndexTrie dependencies, IndexTrie aliases, IndexTrie? symbols = null, IndexTrie? builtIn = null, IndexTrie? builtInAliases = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(dependencies);
        ArgumentNullException.ThrowIfNull(aliases);
        return new ModuleTree(directory, LazyIndex.InMemory(dependencies), LazyIndex.InMemory(aliases), LazyIndex.InMemory(symbols), LazyIndex.InMemory(builtIn), LazyIndex.InMemory(builtInAliases));
    }

    public string Directory { get; }

    /// <summary>The module of that (normalised) name, or null (modules.dep).</summary>
    /// <exception cref="ModuleDataException">The index is corrupt.</exception>
    /// <exception cref="IOException">The index is there and cannot be read; so with every look-up here.</exception>
    public ModuleEntry? Find(string name)
    {
        string? line = _dependencies.Index.Find(name);
        if (line is null) return null;
        // kmod (kmod_module_parse_depline) takes a line without a colon for a module without a file
        int colon = line.IndexOf(':');
        if (colon < 0) return null;
        List<string> dependencies = [];
        ReadOnlySpan<char> rest = line.AsSpan(colon + 1);
        foreach (Range word in rest.SplitAny(' ', '\t'))
        {
            if (!rest[word].IsEmpty) dependencies.Add(ModuleName.FromPath(rest[word].ToString()));
        }
        return new ModuleEntry(name, AbsolutePath(line[..colon]), dependencies);
    }

    /// <summary>modules.alias.</summary>
    public IReadOnlyList<string> MatchAliases(string alias) => _aliases.Index.Match(alias);

    /// <summary>modules.symbols; <paramref name="symbol"/> with its <c>symbol:</c>.</summary>
    public IReadOnlyList<string> MatchSymbols(string symbol) => _symbols.Index.Match(symbol);

    /// <summary>All of modules.alias, in the order of the trie.</summary>
    public IEnumerable<KeyValuePair<string, string>> Aliases() => _aliases.Index.Entries();

    /// <summary>All of modules.symbols, in the order of the trie.</summary>
    public IEnumerable<KeyValuePair<string, string>> Symbols() => _symbols.Index.Entries();

    /// <summary>modules.builtin.</summary>
    public bool IsBuiltIn(string name) => _builtIn.Index.Find(name) is not null;

    /// <summary>modules.builtin.alias, or what modules.builtin.modinfo says where that is missing.</summary>
    public IReadOnlyList<string> MatchBuiltInAliases(string alias) => _builtInAliases.Index.Match(alias);

    /// <summary>As kmod joins them: with a slash, whatever the directory ends with; such paths are printed.</summary>
    private string AbsolutePath(string path) => path.StartsWith('/') ? path : $"{Directory}/{path}";
}
