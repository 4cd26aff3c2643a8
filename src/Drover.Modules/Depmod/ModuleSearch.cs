using System.Runtime.InteropServices;

namespace Drover.Modules.Depmod;

/// <summary>
/// Finds all modules below the module directory and the external ones; of two of the same name, depmod.d decides (kmod: <c>depmod_modules_search</c>). One owner.
/// </summary>
internal sealed class ModuleSearch(DepmodOptions options, DepmodConfig config, IDepmodMachine machine, IDepmodReport report)
{
    static readonly string[] Endings = [".ko", ".ko.gz", ".ko.xz", ".ko.zst"];

    /// <summary>Links are followed; one that leads around in a circle ends here (kernel: PATH_MAX).</summary>
    const int MaxPathChars = 4096;

    readonly Dictionary<string, FoundModule> _byName = [];

    /// <summary>All modules that were seen, those that lost included, in the order seen.</summary>
    public List<FoundModule> Seen { get; } = [];

    /// <summary>The modules that count, in no order.</summary>
    public IReadOnlyCollection<FoundModule> Modules => _byName.Values;

    public static bool IsModuleFile(string name) => Endings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal));

    /// <summary>Directories that are never looked into: they lead to the kernel's sources.</summary>
    public static bool IsSource(string name) => name is "build" or "source";

    /// <summary>Goes through all directories.</summary>
    /// <returns>Why the module directory cannot be read (errno), or 0.</returns>
    public int Run()
    {
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
            report.Say(DepmodSeverity.Error, $"could not open directory {root}: {Marshal.GetPInvokeErrorMessage(errno)}");
        else
            Search($"{root}/", entries, depth: 0);
        return errno;
    }

    void Search(string directory, IReadOnlyList<DirectoryEntry> entries, int depth)
    {
        // kmod names a directory by its descriptor: 3 is the first after the standard streams
        var descriptor = depth + 3;
        foreach (var entry in entries)
        {
            if (IsSource(entry.Name) || config.Excludes.Contains(entry.Name))
                continue;
            var path = directory + entry.Name;
            if (entry.Errno != 0)
            {
                report.Say(DepmodSeverity.Error, $"fstatat({descriptor}, {entry.Name}): {Marshal.GetPInvokeErrorMessage(entry.Errno)}");
            }
            else if (entry.Kind is FileKind.Other)
            {
                report.Say(DepmodSeverity.Error, $"unsupported file type {path}: {Convert.ToString(entry.Mode, 8)}");
            }
            else if (entry.Kind is FileKind.Directory)
            {
                var below = path.Length < MaxPathChars ? machine.List(path, out var errno) : Nothing(out errno);
                if (errno != 0)
                    report.Say(DepmodSeverity.Error, $"openat({descriptor}, {entry.Name}, O_RDONLY): {Marshal.GetPInvokeErrorMessage(errno)}");
                else
                    Search(path + "/", below, depth + 1);
            }
            else if (IsModuleFile(entry.Name))
            {
                Take(new FoundModule(path, options.Directory, ModuleName.FromPath(path), entry.Identity));
            }
        }
    }

    static IReadOnlyList<DirectoryEntry> Nothing(out int errno)
    {
        errno = 36; // ENAMETOOLONG
        return [];
    }

    void Take(FoundModule module)
    {
        Seen.Add(module);
        if (!_byName.TryGetValue(module.Name, out var rival) || Wins(module, rival))
            _byName[module.Name] = module;
    }

    /// <summary>Whether a module takes the place of one seen before (kmod: the opposite of <c>depmod_module_is_higher_priority</c>).</summary>
    bool Wins(FoundModule module, FoundModule rival)
    {
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
            // kmod does not look at the rival where the newcomer matches: of two in one such directory the last wins
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

    /// <summary>The path below the module directory as far as the module's name reaches, or null for one that is elsewhere.</summary>
    static string? Place(FoundModule module) => module.OrderPath is null ? null : module.ShortPath[..(module.ShortPath.LastIndexOf('/') + 1 + module.Name.Length)];

    static bool IsBelow(string path, string directory) =>
        path.Length > directory.Length && path[directory.Length] == '/' && path.StartsWith(directory, StringComparison.Ordinal);
}
