using System.Diagnostics;
using System.Runtime.InteropServices;
using Drover.Kernel;
using Drover.Modules.Tree;
using Drover.Text;

namespace Drover.Modules.Depmod;

/// <summary>Finds all modules; of one name, depmod.d selects (kmod: <c>depmod_modules_search</c>). One owner.</summary>
sealed class ModuleSearch(DepmodOptions options, DepmodConfig config, IDepmodMachine machine, IDepmodReport report)
{
    // the directories that the walk is in: a link back to one of them is not followed
    readonly Stack<FileIdentity> _inside = [];
    int _entries, _root;

    readonly Dictionary<string, DepmodModule> _byName = [];

    public List<DepmodModule> Seen { get; } = []; // all modules found, overridden ones included, in the order found

    /// <summary>One module a name, in no order.</summary>
    public IReadOnlyCollection<DepmodModule> Modules => _byName.Values;

    /// <summary>Entries that are always skipped: links to the kernel's sources.</summary>
    public static bool IsSource(string name) => name is "build" or "source";

    /// <returns>Why not all modules could be found (errno), or 0.</returns>
    public int Run()
    {
        Debug.Assert(Seen.Count == 0, "a search runs once");
        if (Search(options.Directory) is not 0 and var errno)
            return errno;
        foreach (var directory in config.Externals.Concat(options.First))
        {
            _root++;
            Search(directory);
        }
        return _entries > DirectoryListing.MaxEntries ? (int)Errno.E2BIG : 0;
    }

    int Search(string root)
    {
        var listing = machine.List(root, options.Root);
        if (listing.Errno != 0)
            LogError($"could not open directory {root}: {Marshal.GetPInvokeErrorMessage(listing.Errno)}");
        else
            Search($"{root}/", $"{root}/", listing);
        return listing.Errno;
    }

    /// <param name="directory">The path in messages and modules.dep.</param>
    /// <param name="real">The path to read at.</param>
    /// <param name="listing">What is in it.</param>
    void Search(string directory, string real, DirectoryListing listing)
    {
        if (_inside.Any(above => (above.Device, above.Inode) == (listing.Identity.Device, listing.Identity.Inode)))
            return;
        // kmod's messages name a directory by its descriptor; 3 is the first after the standard streams
        var descriptor = _inside.Count + 3;
        _inside.Push(listing.Identity);
        foreach (var entry in listing.Entries)
        {
            if (IsSource(entry.Name) || config.Excludes.Contains(entry.Name))
                continue;
            if (++_entries > DirectoryListing.MaxEntries)
                break;
            string path = directory + entry.Name, file = entry.Target ?? real + entry.Name;
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
                var below = machine.List(file, options.Root);
                if (below.Errno == 0)
                {
                    Search(path + "/", file + "/", below);
                    continue;
                }
                var why = Marshal.GetPInvokeErrorMessage(below.Errno);
                LogError($"openat({descriptor}, {entry.Name}, O_RDONLY): {why}");
            }
            else if (ModuleName.IsFileName(entry.Name))
            {
                var name = ModuleName.FromPath(path);
                Add(new DepmodModule(path, options.Directory, name, entry.Identity, file) { Root = _root });
            }
        }
        _inside.Pop();
    }

    void LogError(string message) => report.Log(DepmodSeverity.Error, message);

    void Add(DepmodModule module)
    {
        Seen.Add(module);
        if (!_byName.TryGetValue(module.Name, out var rival) || Wins(module, rival))
            _byName[module.Name] = module;
        Debug.Assert(_byName.Count <= Seen.Count, "each name has a module that was found");
    }

    /// <summary>Whether a module replaces an earlier one: by depmod.d, else by its path, never by directory order. In
    /// kmod, the later wins in a directory of search, else the earlier: depmod_module_is_higher_priority.</summary>
    bool Wins(DepmodModule module, DepmodModule rival)
    {
        Debug.Assert(module.Name == rival.Name, "only modules of one name compete");
        var order = IsFirst(module).CompareTo(IsFirst(rival));
        if (order == 0)
            order = Overriding(rival).CompareTo(Overriding(module));
        if (order == 0)
            order = Rank(module).CompareTo(Rank(rival));
        // a module of an external directory comes after those of the directories before
        if (order == 0 && module.Root == rival.Root)
            order = string.CompareOrdinal(rival.Path, module.Path);
        return order > 0;
    }

    bool IsFirst(DepmodModule module) => module.Root > config.Externals.Count;

    /// <summary>The number of the first override line for a module's place; that of lines if there is none.</summary>
    int Overriding(DepmodModule module)
    {
        var line = Place(module) is { } place ? config.Overrides.IndexOf(place) : -1;
        return line < 0 ? config.Overrides.Count : line;
    }

    /// <summary>The priority of a module's directory by search lines.</summary>
    int Rank(DepmodModule module)
    {
        int rank = 0, builtIn = -1, found = -1;
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
                        found = rank;
                    rank++;
                }
            }
            else if (module.OrderPath is not null && IsBelow(module.ShortPath, word))
            {
                found = rank;
            }
            rank++;
        }
        return found < 0 ? builtIn : found;
    }

    /// <summary>Path below the module directory up to the end of the name; null for a module outside it.</summary>
    static string? Place(DepmodModule module) => module.OrderPath is null
        ? null
        : module.ShortPath[..(module.ShortPath.LastIndexOf('/') + 1 + module.Name.Length)];

    static bool IsBelow(string path, string directory) => path.Length > directory.Length
        && path[directory.Length] == '/' && path.StartsWith(directory, StringComparison.Ordinal);
}

/// <summary>Whether the indexes are current (<c>-A</c>; kmod, by whole seconds of modules' mtime:
/// <c>depfile_up_to_date</c>). By the cache if it knows these indexes; else by the times of modules and their
/// directories, and by the modules that modules.dep names.</summary>
public sealed class UpToDate
{
    const long SecondNs = 1_000_000_000;

    readonly DepmodOptions _options;
    readonly IDepmodMachine _machine;
    readonly IDepmodReport _report;
    readonly FileIdentity _made;
    readonly HashSet<string> _paths = []; // of all modules found
    readonly Stack<FileIdentity> _inside = [];
    int _entries;

    // content of kmod's path buffer: its messages name the path that was written there last
    string _path;

    UpToDate(DepmodOptions options, IDepmodMachine machine, IDepmodReport report, FileIdentity made) =>
        (_options, _machine, _report, _made, _path) = (options, machine, report, made, $"{options.Directory}/");

    /// <summary>False also if modules.dep or the directory cannot be read.</summary>
    public static bool Check(DepmodOptions options, IDepmodMachine machine, IDepmodReport report)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(report);
        var directory = options.Directory;
        var listing = machine.List(directory, options.Root);
        if (listing.Errno != 0)
        {
            var why = Marshal.GetPInvokeErrorMessage(listing.Errno);
            report.Log(DepmodSeverity.Error, $"could not open directory {directory}: {why}");
            return false;
        }
        if (machine.Identify($"{directory}/modules.dep", out var errno) is not { } made)
        {
            var why = Marshal.GetPInvokeErrorMessage(errno);
            report.Log(DepmodSeverity.Error, $"could not fstatat({directory}, modules.dep): {why}");
            return false;
        }
        return DepmodRun.IsCurrent(options, machine)
            ?? new UpToDate(options, machine, report, made).Check(listing);
    }

    bool Check(DirectoryListing listing)
    {
        var directory = $"{_options.Directory}/";
        if (!Check(directory, directory, listing))
            return false;
        var lines = new TextLines(ModuleOrder.ReadFile(_options, "modules.dep", _report.Log));
        while (lines.MoveNext())
        {
            var line = ByteText.Of(lines.Current);
            var path = line[..Math.Max(line.IndexOf(':', StringComparison.Ordinal), 0)];
            if (!_paths.Contains(directory + path) && !(path.StartsWith('/') && SystemFiles.Current.IsFile(path)))
                return false;
        }
        return true;
    }

    bool Check(string directory, string real, DirectoryListing listing)
    {
        Debug.Assert(directory.EndsWith('/'), "names are appended to it");
        if (_inside.Any(above => (above.Device, above.Inode) == (listing.Identity.Device, listing.Identity.Inode)))
            return true;
        // writing indexes changes the time of the directory that they are in
        if (_inside.Count > 0 && IsNewer(listing.Identity.ModifiedNs, _made.ModifiedNs))
            return false;
        var descriptor = _inside.Count + 3;
        _inside.Push(listing.Identity);
        foreach (var entry in listing.Entries)
        {
            if (ModuleSearch.IsSource(entry.Name))
                continue;
            if (++_entries > DirectoryListing.MaxEntries)
                return false;
            var file = entry.Target ?? real + entry.Name;
            if (entry.Errno != 0)
            {
                LogError($"fstatat({descriptor}, {entry.Name}): {Marshal.GetPInvokeErrorMessage(entry.Errno)}");
            }
            else if (entry.Kind is FileKind.Other)
            {
                LogError($"unsupported file type {_path}: {Convert.ToString(entry.Mode, 8)}");
            }
            else if (entry.Kind is FileKind.Directory)
            {
                _path = directory + entry.Name;
                var below = _machine.List(file, _options.Root);
                var why = Marshal.GetPInvokeErrorMessage(below.Errno);
                if (below.Errno != 0)
                    LogError($"openat({descriptor}, {entry.Name}, O_RDONLY): {why}");
                else if (!Check(_path += "/", file + "/", below))
                    return false;
            }
            else if (ModuleName.IsFileName(entry.Name))
            {
                _path = directory + entry.Name;
                _paths.Add(_path);
                if (IsNewer(entry.Identity.ModifiedNs, _made.ModifiedNs)
                    || IsNewer(entry.Identity.ChangedNs, _made.ChangedNs))
                {
                    return false;
                }
            }
        }
        _inside.Pop();
        return true;
    }

    /// <summary>Whether a change may be later. Equal times are of one tick, unless the file system has whole seconds or
    /// an image was made with one time for all files.</summary>
    static bool IsNewer(long changed, long made) => changed > made || (changed == made && changed % SecondNs != 0);

    void LogError(string message) => _report.Log(DepmodSeverity.Error, message);
}
