using Drover.Modules.Index;

namespace Drover.Modules.Tree;

/// <summary>A line of modules.dep.</summary>
/// <param name="Path">Absolute path of the module file.</param>
/// <param name="Dependencies">All hard dependencies, in the line's order: load them from last to first.</param>
public sealed record ModuleEntry(string Name, string Path, IReadOnlyList<string> Dependencies);

/// <summary>A module directory; opens each index on first use. Immutable; for one thread.</summary>
/// <remarks>
/// An index is <c>NAME.bin</c>, or built from the text file if that is missing, or empty if both are: a directory
/// without an index of built-in aliases still has modules. An open index does not follow later changes on disk.
/// </remarks>
public sealed class ModuleTree
{
    readonly Func<string, IndexTrie> _open;
    IndexTrie? _dependencies, _aliases, _symbols, _builtIn, _builtInAliases;

    ModuleTree(string directory, Func<string, IndexTrie> open) => (Directory, _open) = (directory, open);

    /// <exception cref="DirectoryNotFoundException">The directory does not exist.</exception>
    public static ModuleTree Open(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (!System.IO.Directory.Exists(directory))
            throw new DirectoryNotFoundException($"{directory}: there is no such module directory");
        return OpenOrEmpty(directory);
    }

    /// <summary>As <see cref="Open"/>, but a missing directory is a tree without modules.</summary>
    public static ModuleTree OpenOrEmpty(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return new ModuleTree(directory, name => OpenIndex(directory, name));
    }

    /// <summary>A tree of indexes in memory.</summary>
    public static ModuleTree FromTables(
        string directory, IndexTrie dependencies, IndexTrie aliases, IndexTrie? symbols = null,
        IndexTrie? builtIn = null, IndexTrie? builtInAliases = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(dependencies);
        ArgumentNullException.ThrowIfNull(aliases);
        return new ModuleTree(directory, name => name switch
        {
            "modules.dep" => dependencies,
            "modules.alias" => aliases,
            "modules.symbols" => symbols,
            "modules.builtin" => builtIn,
            _ => builtInAliases,
        } ?? IndexTrie.Empty);
    }

    public string Directory { get; }

    /// <summary>Looks up a normalised name in modules.dep; null if it is not there.</summary>
    /// <exception cref="ModuleDataException">The index is corrupt.</exception>
    /// <exception cref="IOException">The index exists but cannot be read; as for every look-up here.</exception>
    public ModuleEntry? Find(string name)
    {
        var line = DependencyIndex.Find(name);
        // kmod (kmod_module_parse_depline) takes a line without a colon for a module without a file
        if (line?.IndexOf(':') is not (>= 0 and var colon))
            return null;
        var words = line[(colon + 1)..].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return new ModuleEntry(name, AbsolutePath(line[..colon]), Array.ConvertAll(words, ModuleName.FromPath));
    }

    /// <summary>Modules whose patterns in modules.alias match.</summary>
    public IReadOnlyList<string> MatchAliases(string alias) => AliasIndex.Match(alias);

    /// <summary>Modules that export a symbol, by modules.symbols.</summary>
    /// <param name="symbol">With its prefix <c>symbol:</c>.</param>
    public IReadOnlyList<string> MatchSymbols(string symbol) => SymbolIndex.Match(symbol);

    /// <summary>All of modules.alias, in trie order.</summary>
    public IEnumerable<KeyValuePair<string, string>> Aliases() => AliasIndex.Entries();

    /// <summary>All of modules.symbols, in trie order.</summary>
    public IEnumerable<KeyValuePair<string, string>> Symbols() => SymbolIndex.Entries();

    /// <summary>Whether modules.builtin has the module.</summary>
    public bool IsBuiltIn(string name) => BuiltInIndex.Find(name) is not null;

    /// <summary>Built-in modules whose patterns match, by modules.builtin.alias or modules.builtin.modinfo.</summary>
    public IReadOnlyList<string> MatchBuiltInAliases(string alias) => BuiltInAliasIndex.Match(alias);

    IndexTrie DependencyIndex => _dependencies ??= _open("modules.dep");

    IndexTrie AliasIndex => _aliases ??= _open("modules.alias");

    IndexTrie SymbolIndex => _symbols ??= _open("modules.symbols");

    IndexTrie BuiltInIndex => _builtIn ??= _open("modules.builtin");

    IndexTrie BuiltInAliasIndex => _builtInAliases ??= _open("modules.builtin.alias");

    /// <summary>Joined with a slash in any case, as by kmod, which prints such paths.</summary>
    string AbsolutePath(string path) => path.StartsWith('/') ? path : $"{Directory}/{path}";

    static IndexTrie OpenIndex(string directory, string name)
    {
        var path = $"{directory}/{name}.bin";
        if (File.Exists(path))
            return IndexTrie.Load(path);
        path = name == "modules.builtin.alias" ? $"{directory}/modules.builtin.modinfo" : $"{directory}/{name}";
        if (!File.Exists(path))
            return IndexTrie.Empty;
        var builder = new IndexBuilder();
        Action<IndexBuilder, byte[], string> add = name switch
        {
            "modules.dep" => TextTables.Dependencies,
            "modules.builtin" => TextTables.BuiltIn,
            "modules.builtin.alias" => BuiltInModinfo.Aliases,
            _ => TextTables.Aliases,
        };
        add(builder, File.ReadAllBytes(path), path);
        return new IndexTrie(builder.ToBytes(), path);
    }
}
