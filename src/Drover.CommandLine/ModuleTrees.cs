using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Modules;
using Drover.Modules.Depmod;
using Drover.Modules.Tree;

namespace Drover.CommandLine;

/// <summary>Opens all modules of a kernel: of its directory, of the system extensions that are merged over it, and of
/// /run/modules. One set of indexes knows them all; where the directory's own does not, Drover makes it.</summary>
public static class ModuleTrees
{
    /// <summary>Indexes that Drover makes: by depmod's rules, with its cache, for this boot.</summary>
    const string MadeIndexes = "/run/drover/modules";

    /// <summary>Modules for this boot, which win over others of their names.</summary>
    const string OfThisBoot = "run/modules";

    /// <summary>The names of the extensions over /usr (systemd: merge_hierarchy in sysext.c).</summary>
    const string Extensions = "usr/.systemd-sysext/extensions";

    /// <summary>What depmod writes for every directory, with or without modules.</summary>
    static readonly string[] s_indexes = ["modules.dep", "modules.alias"];

    /// <summary>Module directories below a root, in kmod's order; at last one that replaces them.</summary>
    static readonly string[] s_homes = ["lib/modules", "usr/lib/modules", OfThisBoot];

    /// <summary>The tree of a module directory; without modules if it has neither indexes nor modules.</summary>
    /// <param name="root">The root file system that the directory is in; null for this machine's.</param>
    /// <param name="known">An earlier scan of a directory that still lacks its indexes; null to scan it.</param>
    public static ModuleTree Open(string directory, string? root, ModuleTree? known = null)
    {
        var top = root?.TrimEnd('/') ?? "";
        var release = Path.GetFileName(directory.TrimEnd('/'));
        var tree = ModuleTree.OpenOrEmpty(directory, root);
        var lacksIndexes = MissingIndex(directory, root) is not null;
        if (lacksIndexes ? known is not null : !More(top, release).Any(path => Is(root, path)))
            return lacksIndexes ? known! : tree;
        var options = new DepmodOptions
        {
            Release = release,
            Root = top,
            Directory = RootedPath.Find(root, directory),
            First = [.. FirstOf(top, directory, release)],
            OutputDirectory = $"{MadeIndexes}/{release}",
            Threads = Machine.CountCpus(),
        };
        var machine = new DepmodMachine();
        if (DepmodRun.Covers(options, machine, tree) is not false)
            return tree;
        // where they cannot be written, as by a user, they are made in memory
        var made = top.Length == 0 && DepmodRun.Refresh(options, machine)
            ? ModuleTree.Open(directory, root, options.OutputDirectory)
            : DepmodRun.Scan(options, machine) ?? tree;
        made.LacksIndexes = lacksIndexes;
        return made;
    }

    /// <summary>A sentence, if a tree's directory lacks its indexes; else null.</summary>
    public static string? Lack(ModuleTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        return tree.LacksIndexes
            ? $"{tree.Directory} has no indexes: going on from a scan of its files; run depmod"
            : null;
    }

    /// <summary>The index that a directory lacks; null if it has those that depmod always writes.</summary>
    public static string? MissingIndex(string directory, string? root)
    {
        return Array.Find(s_indexes, index => !Has(index) && !Has($"{index}.bin"));

        bool Has(string file) => SystemFiles.Current.IsFile(RootedPath.Find(root, $"{directory}/{file}"));
    }

    /// <summary>The files and directories besides a tree's own that say whether it is the whole.</summary>
    public static IEnumerable<string> More(string root, string release) =>
        [$"{root}/{Extensions}", $"{root}/{OfThisBoot}/{release}"];

    /// <summary>The first module directory of a release, as kmod's tools choose it; null if there is none.</summary>
    /// <param name="root">A prefix of <c>/lib/modules</c>; null for none.</param>
    public static string? Find(string? root, string release) =>
        s_homes.Select(home => $"{root}/{home}/{release}")
            .FirstOrDefault(directory => SystemFiles.Current.IsDirectory(RootedPath.Find(root, directory)));

    /// <summary>Where the modules of a release belong.</summary>
    /// <inheritdoc cref="Find"/>
    public static string UsualPlace(string? root, string release) => $"{root}/{s_homes[0]}/{release}";

    /// <summary>The releases that have a module directory below a root, in byte order.</summary>
    public static IReadOnlyList<string> Releases(string root) =>
    [
        .. s_homes.Select(home => RootedPath.Find(root, Path.Join(root, home))).Where(SystemFiles.Current.IsDirectory)
            .SelectMany(home => SystemFiles.Current.List(home).Where(
                name => SystemFiles.Current.IsDirectory(Path.Join(home, name))))
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];

    static IEnumerable<string> FirstOf(string top, string directory, string release)
    {
        var ofThisBoot = $"{top}/{OfThisBoot}/{release}";
        return ofThisBoot != directory && Is(top, ofThisBoot) ? [ofThisBoot] : [];
    }

    static bool Is(string? root, string path) => SystemFiles.Current.KindOf(RootedPath.Find(root, path)) is not null;
}
