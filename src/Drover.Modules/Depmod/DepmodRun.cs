using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Drover.Kernel;
using Drover.Modules.Tree;

namespace Drover.Modules.Depmod;

/// <summary>depmod(8), on the calling thread and <see cref="DepmodOptions.Threads"/> − 1 own threads.</summary>
public sealed class DepmodRun
{
    /// <summary>First byte of the cached state: whether the run had messages, which the next has to repeat.</summary>
    const byte Quiet = 0, Loud = 1;

    readonly DepmodOptions _options;
    readonly IDepmodMachine _machine;
    readonly CountingReport _report;
    readonly Action<ReadOnlyMemory<byte>>? _print;
    readonly long _startNs;
    bool _isScan; // nothing is written or printed
    DepmodTables? _scanned;

    DepmodRun(
        DepmodOptions options, IDepmodMachine machine, IDepmodReport report, Action<ReadOnlyMemory<byte>>? print) =>
        (_options, _machine, _report, _print, _startNs) = (options, machine, new(report), print, machine.NowNs);

    /// <summary>Writes all output files, or none if the cache shows that they are current.</summary>
    /// <returns>As kmod, true although single modules or lines have problems; false for a file that cannot be
    /// written.</returns>
    public static bool Write(DepmodOptions options, IDepmodMachine machine, IDepmodReport report)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(machine);
        return new DepmodRun(options, machine, report, print: null).Run();
    }

    /// <summary>Prints the text files one after another, and writes nothing (<c>-n</c>).</summary>
    /// <returns>As <see cref="Write"/>.</returns>
    public static bool Print(
        DepmodOptions options, IDepmodMachine machine, IDepmodReport report, Action<ReadOnlyMemory<byte>> print)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(machine);
        return new DepmodRun(options, machine, report, print).Run();
    }

    bool Run()
    {
        var symbols = new SymbolTable(_options.SymbolPrefix);
        if (!symbols.TryAddKernel(_options, _report))
            return false;
        IEnumerable<DepmodModule> found;
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
                return Fail("could not search modules", errno);
            found = search.Modules;
            if (UsesCache)
            {
                cache = DepmodCache.Open(_options.OutputDirectory);
                state = DepmodState.Describe(_options, config, search, _machine, _startNs);
                if (IsUpToDate(cache, state))
                    return true;
            }
        }
        var modules = ModuleOrder.Sort(found, _options, _report);
        var needs = FactsReader.ReadAll(modules, cache, _options.Threads);
        AddExports(modules, symbols);
        if (!DependencyGraph.TryLink(modules, needs, symbols, _options, _report))
            return false;
        byte[] facts = [];
        var tables = DepmodTables.Make(modules, symbols, _options, withIndexes: _print is null, alongside: () =>
        {
            if (UsesCache)
                facts = CachedFacts.Write([.. modules.Where(IsCacheable)], needs);
        });
        _scanned = tables;
        if (_isScan)
            return true;
        if (_print is null)
            return TryWrite(tables, state, facts);
        foreach (var table in tables.All.Where(table => table.IsText))
        {
            Report(table);
            _print(table.Content);
        }
        return true;
    }

    /// <summary>A directory without indexes as its files are: what depmod would write, in memory. Null for one without
    /// modules.</summary>
    public static ModuleTree? Scan(DepmodOptions options, IDepmodMachine machine)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(machine);
        var run = new DepmodRun(options with { UseCache = false }, machine, new NoReport(), print: null)
        {
            _isScan = true,
        };
        return run.Run() && run._scanned is { } tables && tables.HasModules ? tables.ToTree(options.Directory) : null;
    }

    /// <summary>Whether a tree finds each module at the file that depmod would choose, as far as names and places tell.
    /// Null if there are no modules.</summary>
    public static bool? Covers(DepmodOptions options, IDepmodMachine machine, ModuleTree tree)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(tree);
        var config = DepmodConfig.Load(options.ConfigPaths, options.Release, machine, new NoReport());
        var search = new ModuleSearch(options, config, machine, new NoReport());
        if (search.Run() != 0 || search.Modules.Count == 0)
            return null;
        try
        {
            return search.Modules.All(module => tree.Find(module.Name)?.Path == PathIn(tree, module));
        }
        catch (Exception problem) when (ModuleTree.IsDamage(problem))
        {
            return false;
        }

        static string PathIn(ModuleTree tree, DepmodModule module) =>
            module.OrderPath is null ? module.Path : $"{tree.Directory}/{module.ShortPath}";
    }

    /// <summary>As <see cref="Write"/> without messages; nothing is written if the cache shows that the indexes are
    /// current.</summary>
    public static bool Refresh(DepmodOptions options, IDepmodMachine machine) =>
        IsCurrent(options, machine) == true || Write(options, machine, new NoReport());

    /// <summary>Whether the indexes are those of the modules that are there; null if the cache cannot tell.</summary>
    public static bool? IsCurrent(DepmodOptions options, IDepmodMachine machine)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(machine);
        var run = new DepmodRun(options, machine, new NoReport(), print: null);
        if (DepmodCache.Open(options.OutputDirectory) is not { State: [_, .. var known] } cache
            || !cache.Outputs.SequenceEqual(run.Outputs()))
        {
            return null;
        }
        var config = DepmodConfig.Load(options.ConfigPaths, options.Release, machine, run._report);
        var search = new ModuleSearch(options, config, machine, run._report);
        return search.Run() == 0
            && DepmodState.Describe(options, config, search, machine, run._startNs) is { } state
            && known.SequenceEqual(state);
    }

    bool UsesCache => _options.UseCache && _options.Paths is null && _print is null;

    /// <summary>Nothing has changed since a run without messages, and this one is not to report more.</summary>
    bool IsUpToDate(DepmodCache? cache, byte[]? state) =>
        cache is not null && state is not null && _report.Count == 0 && !ReportsMore
        && cache.State is [Quiet, .. var known] && known.SequenceEqual(state) && cache.Outputs.SequenceEqual(Outputs());

    byte[] Outputs() => DepmodState.DescribeFiles(_options.OutputDirectory, DepmodTables.Names, _machine);

    bool ReportsMore => _options.ReportUnknown || _options.ReportDuplicates || _options.SymbolVersions is not null
        || _options.SystemMap is not null || _report.IsVerbose;

    bool IsCacheable(DepmodModule module) => module.Facts.Errno == 0
        && module.Identity is { } identity && DepmodState.IsAtRest(identity, _startNs);

    /// <summary>The modules of the command line (kmod: <c>kmod_module_new_from_path</c>).</summary>
    bool TryTake(IReadOnlyList<string> paths, out List<DepmodModule> modules)
    {
        modules = [];
        foreach (var path in paths)
        {
            if (!path.StartsWith('/'))
                return Fail($"{path}: not absolute path.");
            var identity = _machine.Identify(path, out var errno);
            var name = ModuleName.FromPath(path);
            if (identity is null || name.Length == 0)
                return Fail($"could not create module {path}", errno != 0 ? errno : (int)Errno.ENOENT);
            if (modules.Find(module => module.Name == name) is { } other)
            {
                var exists = Marshal.GetPInvokeErrorMessage((int)Errno.EEXIST);
                if (other.Path == path)
                {
                    _report.Log(DepmodSeverity.Error, $"hash_add_unique {name}: {exists}");
                    return Fail($"could not add module {path}: {exists}");
                }
                _report.Log(DepmodSeverity.Error, $"kmod_module '{name}' already exists with different path: "
                    + $"new-path='{path}' old-path='{other.Path}'");
                return Fail($"could not create module {path}: {exists}");
            }
            modules.Add(new DepmodModule(path, _options.Directory, name, identity));
        }
        Debug.Assert(modules.Count == paths.Count, "each path is one module");
        return true;
    }

    void AddExports(DepmodModule[] modules, SymbolTable symbols)
    {
        foreach (var module in modules)
        {
            var facts = module.Facts;
            if (facts.Errno != 0)
            {
                var why = Marshal.GetPInvokeErrorMessage(facts.Errno);
                _report.Log(DepmodSeverity.Error, $"failed to load symbols from {module.Path}: {why}");
            }
            Debug.Assert(facts.ExportVersions.Length == 0 || facts.ExportVersions.Length == facts.ExportCount,
                "exports have versions all or none");
            var number = 0;
            foreach (var name in facts.Exports)
                symbols.Add(name, facts.ExportVersions.Length > 0 ? facts.ExportVersions[number++] : 0, module);
        }
    }

    bool TryWrite(DepmodTables tables, byte[]? state, byte[] facts)
    {
        var directory = _options.OutputDirectory;
        try
        {
            SystemFiles.Current.CreateDirectories(directory);
        }
        catch (Exception problem) when (FileErrno.Of(problem) is { } errno)
        {
            return Fail($"could not create directory {directory}", (int)errno);
        }
        using var files = new OutputFiles(directory, _machine.NowNs);
        var isWritten = true;
        foreach (var table in tables.All)
        {
            Report(table);
            try
            {
                files.Write(table.Name, table.Content);
            }
            catch (Exception problem) when (FileErrno.Of(problem) is { } errno)
            {
                var why = Marshal.GetPInvokeErrorMessage((int)errno);
                if (errno is Errno.ENOSPC)
                {
                    _report.Log(DepmodSeverity.Error,
                        $"Could not create index '{table.Name}'. Output is truncated: {why}");
                    return false;
                }
                // kmod prints the flags and mode of open(2) in octal
                var temporary = files.TemporaryName(table.Name);
                _report.Log(DepmodSeverity.Error, $"openat({directory}, {temporary}, 301, 644): {why}");
                isWritten = false;
            }
        }
        if (!isWritten)
            return false;
        if (!files.TryCommit(out var failed, out var renameErrno))
        {
            var temporary = files.TemporaryName(failed);
            return Fail($"renameat({directory}, {temporary}, {directory}, {failed})", renameErrno);
        }
        if (facts.Length > 0)
            WriteCache(state, facts, files);
        return true;
    }

    /// <summary>Writes the cache. A failure is not reported, because the indexes are complete without it.</summary>
    void WriteCache(byte[]? state, byte[] facts, OutputFiles files)
    {
        var isQuiet = _report.Count == 0 && !ReportsMore;
        byte[] known = state is null ? [] : [isQuiet ? Quiet : Loud, .. state];
        var bytes = DepmodCache.ToBytes(known, Outputs(), facts);
        try
        {
            files.Write(DepmodCache.FileName, bytes);
            files.TryCommit(out _, out _);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // an earlier cache, if any, describes other outputs and so is not used
        }
    }

    void Report(DepmodTable table)
    {
        foreach (var (severity, text) in table.Messages)
            _report.Log(severity, text);
    }

    bool Fail(string what, int errno) => Fail($"{what}: {Marshal.GetPInvokeErrorMessage(errno)}");

    bool Fail(string message)
    {
        _report.Log(DepmodSeverity.Fatal, message);
        return false;
    }

    sealed class NoReport : IDepmodReport
    {
        public bool IsVerbose => false;

        public void Log(DepmodSeverity severity, string message)
        {
        }

        public void Show(string line)
        {
        }
    }

    sealed class CountingReport(IDepmodReport to) : IDepmodReport
    {
        public int Count { get; private set; }

        public bool IsVerbose => to.IsVerbose;

        public void Log(DepmodSeverity severity, string message)
        {
            Count++;
            to.Log(severity, message);
        }

        public void Show(string line) => to.Show(line);
    }
}

/// <summary>Writes temporary files, then renames all. A full disk leaves the old ones, a crash a mixture.</summary>
sealed class OutputFiles(string directory, long nowNs) : IDisposable
{
    readonly List<(string Temporary, string Name)> _written = [];

    public string TemporaryName(string name) => string.Create(CultureInfo.InvariantCulture,
        $"{name}.{Environment.ProcessId}.{nowNs / 1000 % 1_000_000}.{nowNs / 1_000_000_000}");

    /// <summary>Writes a file under its temporary name.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public void Write(string name, ReadOnlySpan<byte> content)
    {
        Debug.Assert(!_written.Exists(written => written.Name == name), "a file is written once");
        var temporary = $"{directory}/{TemporaryName(name)}";
        using var file = new FileStream(SystemFiles.Current.CreateNew(temporary), FileAccess.Write, bufferSize: 0);
        _written.Add((temporary, name));
        file.Write(content);
    }

    /// <summary>Renames all files, in the order written.</summary>
    /// <param name="failed">The file that cannot be renamed; <see cref="Dispose"/> deletes it and the rest.</param>
    public bool TryCommit(out string failed, out int errno)
    {
        (failed, errno) = ("", 0);
        while (_written.Count > 0)
        {
            var (temporary, name) = _written[0];
            try
            {
                SystemFiles.Current.Rename(temporary, $"{directory}/{name}");
            }
            catch (Exception problem) when (FileErrno.Of(problem) is { } number)
            {
                (failed, errno) = (name, (int)number);
                return false;
            }
            _written.RemoveAt(0);
        }
        return true;
    }

    /// <summary>Deletes the files that were not renamed.</summary>
    public void Dispose()
    {
        foreach (var (temporary, _) in _written)
        {
            try
            {
                SystemFiles.Current.Delete(temporary);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                // the cause was reported when writing or renaming failed
            }
        }
        _written.Clear();
    }
}
