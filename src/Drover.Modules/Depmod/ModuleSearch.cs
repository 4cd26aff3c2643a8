using System.Diagnostics;
using System.Runtime.InteropServices;
using Drover.Kernel;

namespace Drover.Modules.Depmod;

/// <summary>Finds all modules; of one name, depmod.d selects (kmod: <c>depmod_modules_search</c>). One owner.</summary>
sealed class ModuleSearch(DepmodOptions options, DepmodConfig config, IDepmodMachine machine, IDepmodReport report)
{
    static readonly string[] s_endings = [".ko", ".ko.gz", ".ko.xz", ".ko.zst"];

    const int MaxPathChars = 4096; // links are followed; a circle of links ends at this length (kernel: PATH_MAX)

    readonly Dictionary<string, DepmodModule> _byName = [];

    public List<DepmodModule> Seen { get; } = []; // all modules found, overridden ones included, in the order found

    /// <summary>One module a name, in no order.</summary>
    public IReadOnlyCollection<DepmodModule> Modules => _byName.Values;

    public static bool IsModuleFile(string name) =>
        s_endings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal));

    /// <summary>Entries that are always skipped: links to the kernel's sources.</summary>
    public static bool IsSource(string name) => name is "build" or "source";

    /// <returns>Why the module directory cannot be read (errno), or 0.</returns>
    public int Run()
    {
        Debug.Assert(Seen.Count == 0, "a search runs once");
        if (Search(options.Directory) is not 0 and var errno)
            return errno;
        foreach (var directory in config.Externals)
            Search(directory);
        return 0;
    }

    int Search(string root)
    {
        var entries = machine.List(root, out var errno);
        if (errno != 0)
            LogError($"could not open directory {root}: {Marshal.GetPInvokeErrorMessage(errno)}");
        else
            Search($"{root}/", entries, depth: 0);
        return errno;
    }

    void Search(string directory, IReadOnlyList<DirectoryEntry> entries, int depth)
    {
        // kmod's messages name a directory by its descriptor; 3 is the first after the standard streams
        var descriptor = depth + 3;
        foreach (var entry in entries)
        {
            if (IsSource(entry.Name) || config.Excludes.Contains(entry.Name))
                continue;
            var path = directory + entry.Name;
            if (entry.Errno != 0)
            {
                LogError($"fstatat({descriptor}, {entry.Name}): {Marshal.GetPInvokeErrorMessage(entry.Errno)}");
            }
            else if (entry.Kind is FileKind.Other)
            {
                LogError($"unsupported file type {path}: {Convert.ToString(entry.Mode, 8)}");
            }
            else if (entry.Kind is FileKind.Directory)
            {
                var errno = (int)Errno.ENAMETOOLONG;
                var below = path.Length < MaxPathChars ? machine.List(path, out errno) : [];
                if (errno != 0)
                    LogError($"openat({descriptor}, {entry.Name}, O_RDONLY): {Marshal.GetPInvokeErrorMessage(errno)}");
                else
                    Search(path + "/", below, depth + 1);
            }
            else if (IsModuleFile(entry.Name))
            {
                Add(new DepmodModule(path, options.Directory, ModuleName.FromPath(path), entry.Identity));
            }
        }
    }

    void LogError(string message) => report.Log(DepmodSeverity.Error, message);

    void Add(DepmodModule module)
    {
        Seen.Add(module);
        if (!_byName.TryGetValue(module.Name, out var rival) || Wins(module, rival))
            _byName[module.Name] = module;
        Debug.Assert(_byName.Count <= Seen.Count, "each name has a module that was found");
    }

    /// <summary>Whether a module replaces an earlier one (not <c>depmod_module_is_higher_priority</c>).</summary>
    bool Wins(DepmodModule module, DepmodModule rival)
    {
        Debug.Assert(module.Name == rival.Name, "only modules of one name compete");
        var (place, rivalPlace) = (Place(module), Place(rival));
        foreach (var path in config.Overrides)
        {
            if (place == path)
                return true;
            if (rivalPlace == path)
                return false;
        }
        int rank = 0, builtIn = -1, mine = -1, theirs = -1;
        foreach (var word in config.Searches)
        {
            if (word == DepmodConfig.BuiltIn)
            {
                builtIn = rank;
            }
            else if (word == DepmodConfig.External)
            {
                foreach (var directory in config.Externals)
                {
                    if (IsBelow(module.Path, directory))
                        mine = rank;
                    if (IsBelow(rival.Path, directory))
                        theirs = rank;
                    rank++;
                }
            }
            // like kmod, skip the rival if the new module matches: of two in one such directory the later wins
            else if (place is not null && IsBelow(module.ShortPath, word))
            {
                mine = rank;
            }
            else if (rivalPlace is not null && IsBelow(rival.ShortPath, word))
            {
                theirs = rank;
            }
            rank++;
        }
        return (mine < 0 ? builtIn : mine) > (theirs < 0 ? builtIn : theirs);
    }

    /// <summary>Path below the module directory up to the end of the name; null for a module outside it.</summary>
    static string? Place(DepmodModule module) => module.OrderPath is null
        ? null
        : module.ShortPath[..(module.ShortPath.LastIndexOf('/') + 1 + module.Name.Length)];

    static bool IsBelow(string path, string directory) => path.Length > directory.Length
        && path[directory.Length] == '/' && path.StartsWith(directory, StringComparison.Ordinal);
}

/// <summary>Whether modules.dep is current, by whole seconds (<c>-A</c>; kmod: <c>depfile_up_to_date</c>).</summary>
public sealed class UpToDate
{
    const long SecondNs = 1_000_000_000;

    readonly IDepmodMachine _machine;
    readonly IDepmodReport _report;
    readonly long _madeSeconds;

    // content of kmod's path buffer: its messages name the path that was written there last
    string _path;

    UpToDate(string path, IDepmodMachine machine, IDepmodReport report, long madeSeconds) =>
        (_path, _machine, _report, _madeSeconds) = (path, machine, report, madeSeconds);

    /// <summary>False also if modules.dep or the directory cannot be read.</summary>
    public static bool Check(string directory, IDepmodMachine machine, IDepmodReport report)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(report);
        var entries = machine.List(directory, out var errno);
        if (errno != 0)
        {
            var why = Marshal.GetPInvokeErrorMessage(errno);
            report.Log(DepmodSeverity.Error, $"could not open directory {directory}: {why}");
            return false;
        }
        if (machine.Identify($"{directory}/modules.dep", out errno) is not { } made)
        {
            var why = Marshal.GetPInvokeErrorMessage(errno);
            report.Log(DepmodSeverity.Error, $"could not fstatat({directory}, modules.dep): {why}");
            return false;
        }
        return new UpToDate($"{directory}/", machine, report, made.ModifiedNs / SecondNs)
            .Check($"{directory}/", entries, depth: 0);
    }

    bool Check(string directory, IReadOnlyList<DirectoryEntry> entries, int depth)
    {
        Debug.Assert(directory.EndsWith('/'), "names are appended to it");
        foreach (var entry in entries)
        {
            if (ModuleSearch.IsSource(entry.Name))
                continue;
            if (entry.Errno != 0)
            {
                LogError($"fstatat({depth + 3}, {entry.Name}): {Marshal.GetPInvokeErrorMessage(entry.Errno)}");
            }
            else if (entry.Kind is FileKind.Other)
            {
                LogError($"unsupported file type {_path}: {Convert.ToString(entry.Mode, 8)}");
            }
            else if (entry.Kind is FileKind.Directory)
            {
                _path = directory + entry.Name;
                var below = _machine.List(_path, out var errno);
                if (errno != 0)
                    LogError($"openat({depth + 3}, {entry.Name}, O_RDONLY): {Marshal.GetPInvokeErrorMessage(errno)}");
                else if (!Check(_path += "/", below, depth + 1))
                    return false;
            }
            else if (ModuleSearch.IsModuleFile(entry.Name))
            {
                _path = directory + entry.Name;
                if (entry.Identity.ModifiedNs / SecondNs > _madeSeconds)
                    return false;
            }
        }
        return true;
    }

    void LogError(string message) => _report.Log(DepmodSeverity.Error, message);
}
