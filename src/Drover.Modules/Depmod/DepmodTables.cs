using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Drover.Kernel;
using Drover.Modules.Index;
using Drover.Modules.Tree;
using Drover.Text;

namespace Drover.Modules.Depmod;

/// <summary>An output file of depmod.</summary>
/// <param name="IsText">Whether <c>-n</c> prints it; indexes are not printed.</param>
sealed record DepmodTable(string Name, bool IsText)
{
    public byte[] Content { get; set; } = [];

    /// <summary>Messages logged while the file was made.</summary>
    public List<(DepmodSeverity Severity, string Text)> Messages { get; } = [];

    public void Log(DepmodSeverity severity, string text) => Messages.Add((severity, text));

    public void Write(Action<IBufferWriter<byte>> write)
    {
        Debug.Assert(IsText && Content.Length == 0, "a file is written once");
        var text = new ArrayBufferWriter<byte>(64 << 10);
        write(text);
        Content = text.WrittenSpan.ToArray();
    }
}

/// <summary>The output files of kmod 34's depmod, in its order, which is also the order of their messages.</summary>
sealed class DepmodTables
{
    readonly DepmodTable
        _dep = new("modules.dep", true), _depIndex = new("modules.dep.bin", false),
        _alias = new("modules.alias", true), _aliasIndex = new("modules.alias.bin", false),
        _softdep = new("modules.softdep", true), _weakdep = new("modules.weakdep", true),
        _symbols = new("modules.symbols", true), _symbolIndex = new("modules.symbols.bin", false),
        _builtIn = new("modules.builtin.bin", false), _builtInAlias = new("modules.builtin.alias.bin", false),
        _devname = new("modules.devname", true);

    DepmodTables() => All =
    [
        _dep, _depIndex, _alias, _aliasIndex, _softdep, _weakdep, _symbols, _symbolIndex, _builtIn, _builtInAlias,
        _devname,
    ];

    public IReadOnlyList<DepmodTable> All { get; }

    public bool HasModules => _dep.Content.Length > 0;

    /// <summary>The tables as a module directory that has them as files.</summary>
    public ModuleTree ToTree(string directory)
    {
        return ModuleTree.FromTables(
            directory, Trie(_depIndex), Trie(_aliasIndex), Trie(_symbolIndex), Trie(_builtIn), Trie(_builtInAlias));

        static IndexTrie Trie(DepmodTable table) =>
            table.Content.Length > 0 ? new IndexTrie(table.Content, table.Name) : IndexTrie.Empty;
    }

    public static IReadOnlyList<string> Names { get; } = [.. new DepmodTables().All.Select(table => table.Name)];

    /// <summary>Makes all files on several threads.</summary>
    /// <param name="modules">Sorted by <see cref="ModuleOrder"/>.</param>
    /// <param name="alongside">Further work to run in parallel.</param>
    public static DepmodTables Make(
        DepmodModule[] modules, SymbolTable symbols, DepmodOptions options, bool withIndexes, Action alongside)
    {
        var tables = new DepmodTables();
        Action[] jobs =
        [
            () => tables.MakeAliasIndex(modules, options, withIndexes),
            () => tables.MakeSymbols(symbols, withIndexes),
            () => tables.MakeDependencies(modules, withIndexes),
            alongside,
            () => tables.MakeOthers(modules, options, withIndexes),
        ];
        Workers.Run(options.Threads, jobs.Length, () => number => jobs[number]());
        return tables;
    }

    void MakeAliasIndex(DepmodModule[] modules, DepmodOptions options, bool withIndexes)
    {
        if (!withIndexes)
            return;
        var index = new IndexBuilder();
        var seen = new HashSet<string>();
        foreach (var module in modules)
        {
            seen.Clear();
            foreach (var bytes in module.Facts.Aliases)
            {
                var alias = ByteText.Of(bytes);
                if (!ModuleName.TryNormalizeAlias(alias, out var key))
                {
                    _aliasIndex.Log(DepmodSeverity.Warning, $"Unmatched bracket in {alias}");
                    continue;
                }
                Add(index, key, module.Name, module, _aliasIndex);
                if (options.ReportDuplicates && !seen.Add(key))
                    _aliasIndex.Log(DepmodSeverity.Warning, $"duplicate module alias:\n{key} {module.Name}");
            }
        }
        _aliasIndex.Content = index.ToBytes();
    }

    void MakeSymbols(SymbolTable symbols, bool withIndexes)
    {
        var sorted = symbols.Sort();
        _symbols.Write(to =>
        {
            to.Write("# Aliases for symbols, used by symbol_request().\n"u8);
            foreach (var symbol in sorted)
                WriteLine(to, "alias symbol:"u8, symbols.Name(symbol), symbols.Owner(symbol).NameBytes);
        });
        if (!withIndexes)
            return;
        var index = new IndexBuilder();
        foreach (var symbol in sorted)
        {
            var owner = symbols.Owner(symbol);
            Add(index, $"symbol:{ByteText.Of(symbols.Name(symbol))}", owner.Name, owner, _symbolIndex);
        }
        _symbolIndex.Content = index.ToBytes();
    }

    void MakeDependencies(DepmodModule[] modules, bool withIndexes)
    {
        var marks = new bool[modules.Length];
        var index = new IndexBuilder();
        _dep.Write(to =>
        {
            foreach (var module in modules)
            {
                var paths = DependencyGraph.AllDependencies(module, marks).Select(dependency => dependency.ShortPath);
                var line = string.Join(' ', paths.Prepend(module.ShortPath + ":"));
                ByteText.Write(line, to);
                to.Write("\n"u8);
                Add(index, module.Name, line, module, _depIndex);
            }
        });
        if (withIndexes)
            _depIndex.Content = index.ToBytes();
    }

    void MakeOthers(DepmodModule[] modules, DepmodOptions options, bool withIndexes)
    {
        _alias.Write(to =>
        {
            to.Write("# Aliases extracted from modules themselves.\n"u8);
            foreach (var module in modules)
            {
                foreach (var alias in module.Facts.Aliases)
                    WriteLine(to, "alias "u8, alias, module.NameBytes);
            }
        });
        _softdep.Write(to =>
        {
            to.Write("# Soft dependencies extracted from modules themselves.\n"u8);
            foreach (var module in modules)
            {
                foreach (var rule in module.Facts.SoftDependencies)
                    WriteLine(to, "softdep "u8, module.NameBytes, rule);
            }
        });
        _weakdep.Write(to =>
        {
            to.Write("# Weak dependencies extracted from modules themselves.\n"u8);
            foreach (var module in modules)
            {
                foreach (var rule in module.Facts.WeakDependencies)
                    WriteLine(to, "weakdep "u8, module.NameBytes, rule);
            }
        });
        _devname.Write(to => DeviceNames.Write(to, modules, _devname.Log));
        if (!withIndexes)
            return;
        // without the input file, the index is an empty file
        if (ModuleOrder.ReadFile(options, "modules.builtin", _builtIn.Log) is { } builtIn)
            _builtIn.Content = BuiltInIndexes.Modules(builtIn, _builtIn.Log);
        if (ModuleOrder.ReadFile(options, "modules.builtin.modinfo", _builtInAlias.Log) is { } modinfo)
            _builtInAlias.Content = BuiltInIndexes.Aliases(modinfo, _builtInAlias.Log);
    }

    /// <summary>Adds an entry; reports and leaves out one that an index cannot hold, such as a non-ASCII key.</summary>
    static void Add(IndexBuilder index, string key, string value, DepmodModule module, DepmodTable table)
    {
        if (IndexBuilder.Objection(key, value) is { } objection)
            table.Log(DepmodSeverity.Warning, $"Module {module.Name}: \"{key}\" is left out: {objection}");
        else
            index.Add(key, value, (uint)module.Index);
    }

    static void WriteLine(
        IBufferWriter<byte> to, ReadOnlySpan<byte> start, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        to.Write(start);
        to.Write(first);
        to.Write(" "u8);
        to.Write(second);
        to.Write("\n"u8);
    }
}

/// <summary>modules.devname: device nodes that udev creates before a device (kmod: <c>output_devname</c>).</summary>
static class DeviceNames
{
    public static void Write(IBufferWriter<byte> to, DepmodModule[] modules, Action<DepmodSeverity, string> log)
    {
        var isFirst = true;
        foreach (var module in modules)
        {
            var (name, numbers) = Find(module.Facts);
            if (name is null)
                continue;
            if (numbers is null)
            {
                log(DepmodSeverity.Error,
                    $"Module '{module.Name}' has devname ({name}) but lacks major and minor information. Ignoring.");
                continue;
            }
            if (isFirst)
                to.Write("# Device nodes to trigger on-demand module loading.\n"u8);
            isFirst = false;
            ByteText.Write($"{module.Name} {name} {numbers}\n", to);
        }
    }

    /// <summary>The node's name, and its type and numbers as "c10:200".</summary>
    static (string? Name, string? Numbers) Find(ModuleFacts facts)
    {
        string? name = null, numbers = null;
        foreach (var alias in facts.Aliases)
        {
            var nameStart = "devname:"u8;
            if (alias.StartsWith(nameStart))
                name = ByteText.Of(alias[nameStart.Length..]);
            else
                numbers = Numbers(alias, "char-major-"u8, 'c') ?? Numbers(alias, "block-major-"u8, 'b') ?? numbers;
            if (name is not null && numbers is not null)
                break;
        }
        return (name, numbers);
    }

    static string? Numbers(ReadOnlySpan<byte> alias, ReadOnlySpan<byte> start, char type)
    {
        if (!alias.StartsWith(start))
            return null;
        var rest = alias[start.Length..];
        if (!TryNumber(ref rest, out var major) || rest.IsEmpty || rest[0] != '-')
            return null;
        rest = rest[1..];
        return TryNumber(ref rest, out var minor)
            ? string.Create(CultureInfo.InvariantCulture, $"{type}{major}:{minor}")
            : null;
    }

    static bool TryNumber(ref ReadOnlySpan<byte> text, out uint number)
    {
        var digits = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        var part = digits < 0 ? text : text[..digits];
        text = text[part.Length..];
        return uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}

/// <summary>The indexes of modules and aliases that are built into the kernel.</summary>
static class BuiltInIndexes
{
    /// <summary>modules.builtin.bin, from modules.builtin.</summary>
    public static byte[] Modules(byte[] content, Action<DepmodSeverity, string> log)
    {
        var index = new IndexBuilder();
        var lines = new TextLines(content);
        while (lines.MoveNext())
        {
            var line = ByteText.Of(lines.Current);
            if (line.Length == 0 || !char.IsAsciiLetter(line[0]))
            {
                log(DepmodSeverity.Error, $"Invalid modules.builtin line: {line}\n");
                continue;
            }
            // in kmod, a name without a dot includes the newline
            var name = ModuleName.FromPath(line);
            if (name.Length > 0)
                Add(index, line.Contains('.', StringComparison.Ordinal) ? name : name + "\n", "");
        }
        return index.ToBytes();
    }

    /// <summary>modules.builtin.alias.bin, from modules.builtin.modinfo; skips malformed entries.</summary>
    public static byte[] Aliases(ReadOnlySpan<byte> content, Action<DepmodSeverity, string> log)
    {
        var index = new IndexBuilder();
        while (!content.IsEmpty)
        {
            if (!TryTake(ref content, '.', out var module))
                continue;
            TryTake(ref content, '=', out var key);
            if (!key.SequenceEqual("alias"u8))
            {
                // after an entry without a key this skips the next entry, as kmod does
                TryTake(ref content, '\0', out _);
                continue;
            }
            if (!TryTake(ref content, '\0', out var value))
                continue;
            var alias = ByteText.Of(value);
            if (ModuleName.TryNormalizeAlias(alias, out var pattern))
                Add(index, pattern, ByteText.Of(module));
            else
                log(DepmodSeverity.Warning, $"Unmatched bracket in {alias}");
        }
        return index.ToBytes();
    }

    /// <summary>Takes text and the byte after it; false if the text is empty, or a NUL or the end is first.</summary>
    static bool TryTake(ref ReadOnlySpan<byte> rest, char until, out ReadOnlySpan<byte> text)
    {
        var end = rest.IndexOfAny((byte)until, (byte)0);
        var isFound = end > 0 && rest[end] == until;
        text = isFound ? rest[..end] : default;
        rest = end < 0 ? default : rest[(end + 1)..];
        return isFound;
    }

    static void Add(IndexBuilder index, string key, string value)
    {
        if (IndexBuilder.Objection(key, value) is null)
            index.Add(key, value, 0);
    }
}
