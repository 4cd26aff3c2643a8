using System.Runtime.ExceptionServices;
using Drover.Modules.Index;
using Drover.Text;

namespace Drover.Modules.Tree;

/// <summary>A line of modules.dep.</summary>
/// <param name="Path">Absolute path of the module file.</param>
/// <param name="Dependencies">All hard dependencies, in the line's order: load them from last to first.</param>
public sealed record ModuleEntry(string Name, string Path, IReadOnlyList<string> Dependencies)
{
    /// <summary>Where to read it: the path, but for links of another root (<see cref="RootedPath"/>).</summary>
    public string File { get; init; } = Path;
}

/// <summary>A module directory; opens each index on first use. Immutable; for one thread.</summary>
/// <remarks>An index is <c>NAME.bin</c>, or built from the text file if that is missing or damaged, or empty if both
/// are missing: a directory without an index of built-in aliases still has modules. An open index does not follow later
/// changes on disk.</remarks>
public sealed class ModuleTree
{
    static readonly string[] s_indexes =
        ["modules.dep", "modules.alias", "modules.symbols", "modules.builtin", "modules.builtin.alias"];

    readonly Func<string, IndexTrie> _open;
    readonly Func<string, IndexTrie?> _openText;
    readonly string? _root;
    readonly Dictionary<string, Exception> _damaged = [];
    IndexTrie? _dependencies, _aliases, _symbols, _builtIn, _builtInAliases;

    ModuleTree(
        string directory, string? root, Func<string, IndexTrie> open, Func<string, IndexTrie?> openText) =>
        (Directory, _root, _open, _openText) = (directory, root, open, openText);

    /// <param name="root">The system whose links are followed; null for this machine's.</param>
    /// <param name="indexes">The directory that has its indexes; null for itself.</param>
    /// <exception cref="DirectoryNotFoundException">The directory does not exist.</exception>
    public static ModuleTree Open(string directory, string? root = null, string? indexes = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (!SystemFiles.Current.IsDirectory(RootedPath.Find(root, directory)))
            throw new DirectoryNotFoundException($"{directory}: there is no such module directory");
        return OpenOrEmpty(directory, root, indexes);
    }

    /// <summary>As <see cref="Open"/>, but a missing directory is a tree without modules.</summary>
    public static ModuleTree OpenOrEmpty(string directory, string? root = null, string? indexes = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        indexes ??= directory;
        return new ModuleTree(
            directory, root, name => OpenIndex(indexes, root, name), name => OpenText(indexes, root, name))
        {
            IndexDirectory = indexes,
        };
    }

    /// <summary>A tree of indexes in memory.</summary>
    public static ModuleTree FromTables(
        string directory, IndexTrie dependencies, IndexTrie aliases, IndexTrie? symbols = null,
        IndexTrie? builtIn = null, IndexTrie? builtInAliases = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(dependencies);
        ArgumentNullException.ThrowIfNull(aliases);
        return new ModuleTree(directory, root: null, name => name switch
        {
            "modules.dep" => dependencies,
            "modules.alias" => aliases,
            "modules.symbols" => symbols,
            "modules.builtin" => builtIn,
            _ => builtInAliases,
        } ?? IndexTrie.Empty, _ => null)
        {
            IndexDirectory = directory,
        };
    }

    public string Directory { get; }

    /// <summary>Where its indexes and modules.softdep are.</summary>
    public required string IndexDirectory { get; init; }

    /// <summary>The directory lacks indexes, and a scan of its files is in their place.</summary>
    public bool LacksIndexes { get; set; }

    /// <summary>Told once of each index that is damaged, or cannot be read.</summary>
    public Action<string>? Damaged { get; set; }

    /// <summary>The paths of the index files, existing or not.</summary>
    public IEnumerable<string> IndexFiles => s_indexes.Select(name => $"{Directory}/{name}.bin");

    /// <summary>Looks up a normalised name in modules.dep; null if it is not there.</summary>
    /// <exception cref="ModuleDataException">The index is corrupt, and the text file is so or is missing.</exception>
    /// <exception cref="IOException">The index exists but cannot be read; as for every look-up here.</exception>
    public ModuleEntry? Find(string name)
    {
        var line = Ask(ref _dependencies, "modules.dep", name, static (index, name) => index.Find(name));
        // kmod (kmod_module_parse_depline) takes a line without a colon for a module without a file
        if (line?.IndexOf(':') is not (>= 0 and var colon))
            return null;
        var words = line[(colon + 1)..].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        var path = AbsolutePath(line[..colon]);
        return new ModuleEntry(name, path, Array.ConvertAll(words, ModuleName.FromPath))
        {
            File = RootedPath.Find(_root, path),
        };
    }

    /// <summary>All modules of modules.dep, in byte order.</summary>
    public IEnumerable<string> Names() =>
        Entries(ref _dependencies, "modules.dep").Select(entry => entry.Key).Distinct();

    /// <summary>Modules whose patterns in modules.alias match.</summary>
    public IReadOnlyList<string> MatchAliases(string alias) =>
        Ask(ref _aliases, "modules.alias", alias, static (index, alias) => index.Match(alias));

    /// <summary>Modules that export a symbol, by modules.symbols.</summary>
    /// <param name="symbol">With its prefix <c>symbol:</c>.</param>
    public IReadOnlyList<string> MatchSymbols(string symbol) =>
        Ask(ref _symbols, "modules.symbols", symbol, static (index, symbol) => index.Match(symbol));

    /// <summary>All of modules.alias, in trie order.</summary>
    public IEnumerable<KeyValuePair<string, string>> Aliases() => Entries(ref _aliases, "modules.alias");

    /// <summary>All of modules.symbols, in trie order.</summary>
    public IEnumerable<KeyValuePair<string, string>> Symbols() => Entries(ref _symbols, "modules.symbols");

    /// <summary>Whether modules.builtin has the module; false if that is damaged.</summary>
    public bool IsBuiltIn(string name)
    {
        try
        {
            return Ask(ref _builtIn, "modules.builtin", name, static (index, name) => index.Find(name)) is not null;
        }
        catch (Exception problem) when (IsDamage(problem))
        {
            return false;
        }
    }

    /// <summary>Built-in modules whose patterns match, by modules.builtin.alias or modules.builtin.modinfo.</summary>
    public IReadOnlyList<string> MatchBuiltInAliases(string alias) =>
        Ask(ref _builtInAliases, "modules.builtin.alias", alias, static (index, alias) => index.Match(alias));

    /// <summary>What a look-up throws: an index is damaged, or cannot be read.</summary>
    public static bool IsDamage(Exception problem) =>
        problem is ModuleDataException or IOException or UnauthorizedAccessException;

    /// <summary>Opens the indexes that loads need, so that these stay in use when others take their places. Damage
    /// shows at look-ups.</summary>
    public void OpenIndexes()
    {
        Read(ref _dependencies, "modules.dep");
        Read(ref _aliases, "modules.alias");
        Read(ref _builtIn, "modules.builtin");
        Read(ref _builtInAliases, "modules.builtin.alias");

        void Read(ref IndexTrie? index, string name)
        {
            try
            {
                Ask(ref index, name, "", static (_, _) => true);
            }
            catch (Exception problem) when (IsDamage(problem))
            {
            }
        }
    }

    /// <summary>Reads the indexes that loads need to their ends, so that damage shows now.</summary>
    /// <exception cref="ModuleDataException">As for <see cref="Find"/>.</exception>
    /// <exception cref="IOException">As for <see cref="Find"/>.</exception>
    public void VerifyIndexes()
    {
        Read(ref _dependencies, "modules.dep");
        Read(ref _aliases, "modules.alias");
        Read(ref _builtIn, "modules.builtin");
        Read(ref _builtInAliases, "modules.builtin.alias");

        void Read(ref IndexTrie? index, string name) =>
            Ask(ref index, name, "", static (index, _) => index.Entries().Count());
    }

    /// <summary>Looks up in an index; in its text file if it is damaged.</summary>
    T Ask<T>(ref IndexTrie? index, string name, string key, Func<IndexTrie, string, T> ask)
    {
        // this view of the directory does not change; a file that could not be read may be read later
        if (index is null && _damaged.GetValueOrDefault(name) is ModuleDataException damage)
            ExceptionDispatchInfo.Throw(damage);
        try
        {
            return ask(index ??= _open(name), key);
        }
        catch (Exception problem) when (IsDamage(problem) && _damaged.TryAdd(name, problem))
        {
            Damaged?.Invoke(problem is UnauthorizedAccessException
                ? problem.Message
                : $"{problem.Message} (run depmod)");
            if (_openText(name) is not { } text)
                throw;
            return ask(index = text, key);
        }
    }

    IEnumerable<KeyValuePair<string, string>> Entries(ref IndexTrie? index, string name) =>
        Ask(ref index, name, "", static (index, _) => index.Entries());

    /// <summary>Joined with a slash in any case, as by kmod, which prints such paths.</summary>
    string AbsolutePath(string path) => path.StartsWith('/') ? path : $"{Directory}/{path}";

    static IndexTrie OpenIndex(string directory, string? root, string name)
    {
        var path = RootedPath.Find(root, $"{directory}/{name}.bin");
        if (!SystemFiles.Current.IsFile(path))
            return OpenText(directory, root, name) ?? IndexTrie.Empty;
        var index = IndexTrie.Load(path);
        // depmod writes no byte where it has no built-in modules to index, and a crash may leave none anywhere
        return index.HasNoBytes && OpenText(directory, root, name)?.Entries().Any() == true
            ? throw new ModuleDataException(path, 0, "an index without a byte")
            : index;
    }

    static IndexTrie? OpenText(string directory, string? root, string name)
    {
        var text = name == "modules.builtin.alias" ? "modules.builtin.modinfo" : name;
        var path = RootedPath.Find(root, $"{directory}/{text}");
        if (!SystemFiles.Current.IsFile(path))
            return null;
        var builder = new IndexBuilder();
        Action<IndexBuilder, byte[], string> add = name switch
        {
            "modules.dep" => TextTables.Dependencies,
            "modules.builtin" => TextTables.BuiltIn,
            "modules.builtin.alias" => BuiltInModinfo.Aliases,
            _ => TextTables.Aliases,
        };
        add(builder, SystemFiles.Current.ReadRegular(path), path);
        return new IndexTrie(builder.ToBytes(), path);
    }
}

/// <summary>Builds indexes from a module directory's text files, where the index files are missing.</summary>
static class TextTables
{
    /// <summary>modules.dep: <c>path: path path …</c>.</summary>
    public static void Dependencies(IndexBuilder to, byte[] text, string file)
    {
        var priority = 0u;
        var lines = new TextLines(text);
        while (lines.MoveNext())
        {
            if (lines.Current.IsEmpty || lines.Current[0] == '#')
                continue;
            var line = ByteText.Of(lines.Current);
            var colon = line.IndexOf(':');
            if (colon < 0)
                throw new ModuleDataException(file, lines.Offset, "a line without a colon");
            Add(to, ModuleName.FromPath(line[..colon]), line, priority++, file, lines.Offset);
        }
    }

    /// <summary>modules.alias and modules.symbols: <c>alias PATTERN MODULE</c>, in order of priority.</summary>
    public static void Aliases(IndexBuilder to, byte[] text, string file)
    {
        var priority = 0u;
        string? last = null;
        var lines = new TextLines(text);
        while (lines.MoveNext())
        {
            var line = lines.Current;
            if (line.IsEmpty || line[0] == '#')
                continue;
            // a pattern may contain blanks, a module name cannot
            var end = line.LastIndexOf((byte)' ');
            if (!line.StartsWith("alias "u8) || end <= "alias ".Length)
                throw new ModuleDataException(file, lines.Offset, "not of the form \"alias PATTERN MODULE\"");
            var module = ModuleName.Normalize(ByteText.Of(line[(end + 1)..]));
            if (last is not null && last != module)
                priority++;
            last = module;
            // depmod also leaves a pattern with an unmatched bracket out of the index
            if (ModuleName.TryNormalizeAlias(ByteText.Of(line["alias ".Length..end]), out var pattern))
                Add(to, pattern, module, priority, file, lines.Offset);
        }
    }

    /// <summary>modules.builtin: one path a line.</summary>
    public static void BuiltIn(IndexBuilder to, byte[] text, string file)
    {
        var lines = new TextLines(text);
        while (lines.MoveNext())
        {
            if (!lines.Current.IsEmpty)
                Add(to, ModuleName.FromPath(ByteText.Of(lines.Current)), "", 0, file, lines.Offset);
        }
    }

    /// <summary>Adds an entry; one that an index cannot hold is an error of the file, not of the caller.</summary>
    public static void Add(IndexBuilder to, string key, string value, uint priority, string file, int offset)
    {
        if (IndexBuilder.Objection(key, value) is string objection)
            throw new ModuleDataException(file, offset, objection);
        to.Add(key, value, priority);
    }
}

/// <summary>Enumerates the lines of a text, without their newlines.</summary>
ref struct TextLines
{
    readonly ReadOnlySpan<byte> _text;
    int _next;

    public TextLines(ReadOnlySpan<byte> text) => _text = text;

    public ReadOnlySpan<byte> Current { get; private set; }
    public int Offset { get; private set; } // offset of the line in the text

    public bool MoveNext()
    {
        if (_next >= _text.Length)
            return false;
        Offset = _next;
        var length = _text[_next..].IndexOf((byte)'\n');
        Current = length < 0 ? _text[_next..] : _text.Slice(_next, length);
        _next += Current.Length + 1;
        return true;
    }
}

/// <summary>modules.builtin.modinfo: <c>module.key=value</c>, NUL (kmod: <c>kmod_builtin_iter</c>).</summary>
public static class BuiltInModinfo
{
    /// <summary>A module's fields, without malformed entries (kmod: <c>kmod_builtin_get_modinfo</c>).</summary>
    /// <param name="module">Normalised name.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Of(ReadOnlySpan<byte> content, string module)
    {
        var fields = new List<KeyValuePair<string, string>>();
        ReadOnlySpan<byte> prefix = ByteText.BytesOf(module + ".");
        foreach (var range in content.Split((byte)0))
        {
            if (!content[range].StartsWith(prefix))
                continue;
            var entry = content[range][prefix.Length..];
            var equals = entry.IndexOf((byte)'=');
            if (equals >= 0)
                fields.Add(new(ByteText.Of(entry[..equals]), ByteText.Of(entry[(equals + 1)..])));
        }
        return fields;
    }

    /// <summary>Adds the aliases of all built-in modules to an index.</summary>
    /// <exception cref="ModuleDataException">An entry lacks its module, key or final NUL.</exception>
    internal static void Aliases(IndexBuilder to, byte[] content, string file)
    {
        for (var at = 0; at < content.Length;)
        {
            var length = content.AsSpan(at).IndexOf((byte)0);
            if (length < 0)
                throw new ModuleDataException(file, at, "the last entry has no final NUL");
            var entry = ByteText.Of(content.AsSpan(at, length));
            var equals = entry.IndexOf('=');
            var dot = entry.IndexOf('.');
            if (dot < 0 || equals < dot)
                throw new ModuleDataException(file, at, "an entry is not of the form module.key=value");
            if (entry[(dot + 1)..equals] == "alias"
                && ModuleName.TryNormalizeAlias(entry[(equals + 1)..], out var pattern))
            {
                TextTables.Add(to, pattern, ModuleName.Normalize(entry[..dot]), 0, file, at);
            }
            at += length + 1;
        }
    }
}
