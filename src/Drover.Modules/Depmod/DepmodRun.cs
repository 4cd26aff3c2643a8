using System.Runtime.InteropServices;

namespace Drover.Modules.Depmod;

/// <summary>
/// depmod(8): finds a kernel's modules, orders them, finds who needs whom, and writes the indexes in which modprobe looks things up. Runs on the calling thread and
/// <see cref="DepmodOptions.Threads"/> − 1 of its own.
/// </summary>
public sealed class DepmodRun
{
    readonly DepmodOptions _options;
    readonly IDepmodMachine _machine;
    readonly CountingReport _report;
    readonly long _beganNs;

    DepmodRun(DepmodOptions options, IDepmodMachine machine, IDepmodReport report) =>
        (_options, _machine, _report, _beganNs) = (options, machine, new(report), machine.NowNs);

    /// <summary>Writes all indexes; files that would come out as they are stay untouched where that is known beforehand.</summary>
    /// <returns>Whether it went as kmod calls well: what is wrong with single modules or lines is told, and does not count.</returns>
    public static bool Write(DepmodOptions options, IDepmodMachine machine, IDepmodReport report)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(machine);
        return new DepmodRun(options, machine, report).Run(print: null);
    }

    /// <summary>Prints the text files, one behind the other, and writes nothing (<c>-n</c>).</summary>
    /// <param name="print">Gets the bytes of each file.</param>
    /// <returns>As <see cref="Write"/>.</returns>
    public static bool Print(DepmodOptions options, IDepmodMachine machine, IDepmodReport report, Action<ReadOnlyMemory<byte>> print)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(machine);
        return new DepmodRun(options, machine, report).Run(print);
    }

    bool Run(Action<ReadOnlyMemory<byte>>? print)
    {
        var symbols = new SymbolTable(_options.SymbolPrefix);
        if (!KernelSymbols.TryAdd(symbols, _options, _report))
            return false;

        IEnumerable<FoundModule> found;
        DepmodCache? cache = null;
        byte[]? state = null;
        if (_options.Paths is { } paths)
        {
            if (!TryTake(paths, out var named))
                return false;
            found = named;
        }
        else
        {
            var config = DepmodConfig.Load(_options.ConfigPaths, _options.Release, _machine, _report);
            var search = new ModuleSearch(_options, config, _machine, _report);
            if (search.Run() is not 0 and var errno)
            {
                _report.Say(DepmodSeverity.Fatal, $"could not search modules: {Marshal.GetPInvokeErrorMessage(errno)}");
                return false;
            }
            found = search.Modules;
            if (UsesCache(print))
            {
                cache = DepmodCache.Open(_options.OutputDirectory);
                state = DepmodState.Describe(_options, config, search, _machine, _beganNs);
                if (IsUpToDate(cache, state))
                    return true;
            }
        }

        var modules = ModuleOrder.Sort(found, _options.Directory, _report);
        var needs = FactsCollector.Collect(modules, cache, _options.Threads);
        AddExports(modules, symbols);
        if (!DependencyGraph.TryMake(modules, needs, symbols, _options, _report))
            return false;
        byte[] facts = [];
        var tables = DepmodTables.Make(modules, symbols, _options, withIndexes: print is null, alongside: () =>
        {
            if (UsesCache(print))
                facts = CachedFacts.Write([.. modules.Where(IsWorthRemembering)], needs);
        });
        if (print is null)
            return TryWrite(tables, state, facts);
        foreach (var table in tables.All.Where(table => table.IsText))
        {
            Tell(table);
            print(table.Content);
        }
        return true;
    }

    bool UsesCache(Action<ReadOnlyMemory<byte>>? print) => _options.UseCache && _options.Paths is null && print is null;

    /// <summary>Nothing has changed since a run that had nothing to tell, and this one is not asked to tell more.</summary>
    bool IsUpToDate(DepmodCache? cache, byte[]? state) =>
        cache is not null && state is not null && _report.Count == 0 && !AsksForMore
        && cache.State.SequenceEqual(state)
        && cache.Outputs.SequenceEqual(DepmodState.DescribeFiles(_options.OutputDirectory, DepmodTables.Names, _machine));

    bool AsksForMore => _options.TellUnknown || _options.TellDuplicates || _options.SymbolVersions is not null || _options.SystemMap is not null || _report.IsVerbose;

    bool IsWorthRemembering(FoundModule module) => module.Facts.Errno == 0 && module.Identity is { } identity && DepmodState.IsAtRest(identity, _beganNs);

    /// <summary>Takes the modules that were named (kmod: <c>kmod_module_new_from_path</c>, <c>depmod_module_add</c>).</summary>
    bool TryTake(IReadOnlyList<string> paths, out List<FoundModule> modules)
    {
        modules = [];
        foreach (var path in paths)
        {
            if (!path.StartsWith('/'))
                return Fail($"{path}: not absolute path.");
            const int NotThere = 2; // ENOENT
            var identity = _machine.Identify(path, out var errno);
            var name = ModuleName.FromPath(path);
            if (identity is null || name.Length == 0)
                return Fail($"could not create module {path}: {Marshal.GetPInvokeErrorMessage(errno != 0 ? errno : NotThere)}");
            if (modules.Find(module => module.Name == name) is { } other)
            {
                const string Exists = "File exists"; // EEXIST
                if (other.Path == path)
                {
                    _report.Say(DepmodSeverity.Error, $"hash_add_unique {name}: {Exists}");
                    return Fail($"could not add module {path}: {Exists}");
                }
                _report.Say(DepmodSeverity.Error, $"kmod_module '{name}' already exists with different path: new-path='{path}' old-path='{other.Path}'");
                return Fail($"could not create module {path}: {Exists}");
            }
            modules.Add(new FoundModule(path, _options.Directory, name, identity));
        }
        return true;
    }

    void AddExports(FoundModule[] modules, SymbolTable symbols)
    {
        foreach (var module in modules)
        {
            if (module.Facts.Errno != 0)
                _report.Say(DepmodSeverity.Error, $"failed to load symbols from {module.Path}: {Marshal.GetPInvokeErrorMessage(module.Facts.Errno)}");
            var number = 0;
            foreach (var name in module.Facts.Exports)
                symbols.Add(name, module.Facts.ExportVersions is { Length: > 0 } versions ? versions[number++] : 0, module);
        }
    }

    bool TryWrite(DepmodTables tables, byte[]? state, byte[] facts)
    {
        const UnixFileMode DirectoryMode = (UnixFileMode)0b111_101_101;
        var directory = _options.OutputDirectory;
        try
        {
#pragma warning disable CA1416 // only Linux has modules
            Directory.CreateDirectory(directory, DirectoryMode);
#pragma warning restore CA1416
        }
        catch (Exception problem) when (FileProblem.ErrnoOf(problem) is { } errno)
        {
            return Fail($"could not create directory {directory}: {Marshal.GetPInvokeErrorMessage(errno)}");
        }
        using var files = new OutputFiles(directory, _machine.NowNs);
        foreach (var table in tables.All)
        {
            Tell(table);
            try
            {
                files.Write(table.Name, table.Content);
            }
            catch (Exception problem) when (FileProblem.ErrnoOf(problem) is { } errno)
            {
                var why = Marshal.GetPInvokeErrorMessage(errno);
                if (errno == FileProblem.NoSpace)
                {
                    _report.Say(DepmodSeverity.Error, $"Could not create index '{table.Name}'. Output is truncated: {why}");
                    return false;
                }
                // kmod's flags and mode of open(2), in octal
                _report.Say(DepmodSeverity.Error, $"openat({directory}, {files.TemporaryName(table.Name)}, 301, 644): {why}");
            }
        }
        if (!files.TryCommit(out var failed, out var renameErrno))
            return Fail($"renameat({directory}, {files.TemporaryName(failed)}, {directory}, {failed}): {Marshal.GetPInvokeErrorMessage(renameErrno)}");
        if (facts.Length > 0)
            Remember(directory, state, facts, files);
        return true;
    }

    /// <summary>Writes the cache; nobody needs it, so what keeps us from it is not told.</summary>
    void Remember(string directory, byte[]? state, byte[] facts, OutputFiles files)
    {
        var isQuiet = _report.Count == 0 && state is not null && !AsksForMore;
        var bytes = DepmodCache.ToBytes(isQuiet ? state : [], DepmodState.DescribeFiles(directory, DepmodTables.Names, _machine), facts);
        try
        {
            files.Write(DepmodCache.FileName, bytes);
            files.TryCommit(out _, out _);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // the one from before, if any, tells of other outputs
        }
    }

    void Tell(DepmodTable table)
    {
        foreach (var (severity, text) in table.Messages)
            _report.Say(severity, text);
    }

    bool Fail(string message)
    {
        _report.Say(DepmodSeverity.Fatal, message);
        return false;
    }

    /// <summary>Counts what is told.</summary>
    sealed class CountingReport(IDepmodReport to) : IDepmodReport
    {
        public int Count { get; private set; }

        public bool IsVerbose => to.IsVerbose;

        public void Say(DepmodSeverity severity, string message)
        {
            Count++;
            to.Say(severity, message);
        }

        public void Show(string line) => to.Show(line);
    }
}
