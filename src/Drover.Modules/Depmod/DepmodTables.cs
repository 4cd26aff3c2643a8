using System.Buffers;

namespace Drover.Modules.Depmod;

/// <summary>A file that depmod makes.</summary>
/// <param name="Name">Its name in the module directory.</param>
/// <param name="IsText">It is printed with <c>-n</c>, where indexes are not.</param>
internal sealed record DepmodTable(string Name, bool IsText)
{
    public byte[] Content { get; set; } = [];

    /// <summary>What came up while it was made.</summary>
    public List<(DepmodSeverity Severity, string Text)> Messages { get; } = [];
}

/// <summary>All that depmod makes of the modules of a kernel: kmod 30's files in its order, which is the order of their messages, too.</summary>
internal sealed class DepmodTables
{
    readonly DepmodTable
        _dep = new("modules.dep", true), _depIndex = new("modules.dep.bin", false),
        _alias = new("modules.alias", true), _aliasIndex = new("modules.alias.bin", false),
        _softdep = new("modules.softdep", true),
        _symbols = new("modules.symbols", true), _symbolIndex = new("modules.symbols.bin", false),
        _builtIn = new("modules.builtin.bin", false), _builtInAlias = new("modules.builtin.alias.bin", false),
        _devname = new("modules.devname", true);

    DepmodTables() => All = [_dep, _depIndex, _alias, _aliasIndex, _softdep, _symbols, _symbolIndex, _builtIn, _builtInAlias, _devname];

    public IReadOnlyList<DepmodTable> All { get; }

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. new DepmodTables().All.Select(table => table.Name)];

    /// <summary>Makes all on several threads, or only those that are printed.</summary>
    /// <param name="modules">In their order.</param>
    /// <param name="alongside">More to do meanwhile.</param>
    public static DepmodTables Make(FoundModule[] modules, SymbolTable symbols, DepmodOptions options, bool withIndexes, Action alongside)
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

    void MakeAliasIndex(FoundModule[] modules, DepmodOptions options, bool withIndexes)
    {
        if (withIndexes)
            _aliasIndex.Content = ModuleIndexes.Aliases(modules, options.TellDuplicates, Say(_aliasIndex));
    }

    void MakeSymbols(SymbolTable symbols, bool withIndexes)
    {
        var sorted = symbols.Sort();
        _symbols.Content = Text(to => ModuleTexts.Symbols(to, symbols, sorted));
        if (withIndexes)
            _symbolIndex.Content = ModuleIndexes.Symbols(symbols, sorted, Say(_symbolIndex));
    }

    void MakeDependencies(FoundModule[] modules, bool withIndexes)
    {
        var marks = new bool[modules.Length];
        var lines = Array.ConvertAll(modules, module => ModuleTexts.DependencyLine(module, DependencyGraph.AllDependencies(module, marks)));
        _dep.Content = Text(to => ModuleTexts.Dependencies(to, lines));
        if (withIndexes)
            _depIndex.Content = ModuleIndexes.Dependencies(modules, lines, Say(_depIndex));
    }

    void MakeOthers(FoundModule[] modules, DepmodOptions options, bool withIndexes)
    {
        _alias.Content = Text(to => ModuleTexts.Aliases(to, modules));
        _softdep.Content = Text(to => ModuleTexts.SoftDependencies(to, modules));
        _devname.Content = Text(to => DeviceNames.Write(to, modules, Say(_devname)));
        if (!withIndexes)
            return;
        // of a file that is not there an empty one is made
        if (Read(options, "modules.builtin", _builtIn) is { } builtIn)
            _builtIn.Content = BuiltInIndexes.Modules(builtIn, Say(_builtIn));
        if (Read(options, "modules.builtin.modinfo", _builtInAlias) is { } modinfo)
            _builtInAlias.Content = BuiltInIndexes.Aliases(modinfo, Say(_builtInAlias));
    }

    static byte[]? Read(DepmodOptions options, string name, DepmodTable table) => ModuleDirectoryFile.Read(options.Directory, name, Say(table));

    static byte[] Text(Action<IBufferWriter<byte>> write)
    {
        var text = new ArrayBufferWriter<byte>(64 << 10);
        write(text);
        return text.WrittenSpan.ToArray();
    }

    static Action<DepmodSeverity, string> Say(DepmodTable table) => (severity, text) => table.Messages.Add((severity, text));
}
