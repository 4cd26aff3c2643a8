using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Depmod;
using Drover.Modules.Tree;

namespace Drover.CommandLine;

/// <summary>Opens the modules and the configuration that a command line selects.</summary>
public static class ModuleSource
{
    const string ThisMachine = "/";

    /// <summary>Module directories below a root, in kmod's order.</summary>
    static readonly string[] s_homes = ["lib/modules", "usr/lib/modules"];

    /// <summary>What depmod writes for every directory, with or without modules.</summary>
    static readonly string[] s_indexes = ["modules.dep", "modules.alias"];

    /// <summary>Opens what <see cref="CommonOptions.Root"/> and <see cref="CommonOptions.Release"/> select.</summary>
    /// <param name="release">The kernel version if no option names one; null for the running kernel's.</param>
    /// <param name="mayLackIndexes">A directory without indexes and modules is one without modules.</param>
    /// <param name="known">An earlier scan of a directory that still lacks its indexes; null to scan it.</param>
    /// <exception cref="CommandException">There is no such module directory, there are several, or it has neither
    /// indexes nor modules.</exception>
    public static ModuleCatalog Open(
        Arguments arguments, string? release = null, bool mayLackIndexes = false, ModuleTree? known = null)
    {
        var root = RootOf(arguments);
        var directory = FindDirectory(root, arguments.Text(CommonOptions.Release) ?? release);
        var missing = MissingIndex(root, directory);
        var scanned = missing is null ? null : known ?? Scan(root, directory);
        if (missing is not null && scanned is null && !mayLackIndexes)
            throw LacksIndex(root, directory, missing);
        var config = ModprobeConfig.Load(new ModprobeConfigSources
        {
            Root = root,
            ModuleDirectory = RootedPath.Find(root, directory),
            CommandLine = root == ThisMachine ? Machine.CommandLine() : null,
        });
        return new ModuleCatalog(scanned ?? ModuleTree.Open(directory, root), config) { Policy = PolicyOf(root) };
    }

    /// <summary>What depmod would write for a directory; null for one without modules. Reads every module.</summary>
    static ModuleTree? Scan(string root, string directory) => DepmodRun.Scan(
        new DepmodOptions
        {
            Release = Path.GetFileName(directory),
            Root = root == ThisMachine ? "" : root,
            Directory = RootedPath.Find(root, directory),
            OutputDirectory = directory,
            Threads = Machine.CountCpus(),
        },
        new DepmodMachine());

    /// <summary>Whether the directory of a catalog has its indexes now.</summary>
    public static bool HasIndexes(Arguments arguments, ModuleCatalog catalog) =>
        MissingIndex(RootOf(arguments), catalog.Tree.Directory) is null;

    /// <summary>The policy of a root. This machine's also has its seal and its kernel command line.</summary>
    public static ModulePolicy? PolicyOf(string root = ThisMachine, bool withSeal = true) =>
        ModulePolicy.Load(new PolicySources
        {
            Root = root,
            CommandLine = root == ThisMachine ? Machine.CommandLine : null,
            SealFile = root == ThisMachine && withSeal ? ModulePolicy.SealFile : null,
            VersionOf = LinuxPath.VersionOf,
        });

    /// <summary>The directories to watch for changes of what <see cref="Open"/> has read.</summary>
    public static IReadOnlyList<string> Directories(Arguments arguments, ModuleCatalog catalog) =>
    [
        catalog.Tree.Directory, .. ModprobeConfig.DirectoriesBelow(RootOf(arguments)),
        .. ModulePolicy.DirectoriesBelow(RootOf(arguments)), ModulePolicy.SealFile,
    ];

    /// <summary>Whether a command line is about the running system.</summary>
    public static bool IsThisMachine(Arguments arguments) => arguments.Text(CommonOptions.Root) is null or ThisMachine;

    /// <summary>The root file system of <see cref="CommonOptions.Root"/>.</summary>
    /// <exception cref="CommandException">There is no such directory.</exception>
    public static string RootOf(Arguments arguments)
    {
        var root = arguments.Text(CommonOptions.Root) ?? ThisMachine;
        return SystemFiles.Current.IsDirectory(root)
            ? root
            : throw new CommandException($"--{CommonOptions.Root.Name} {root}: there is no such directory");
    }

    /// <summary>The files and directories whose stamps change when what <see cref="Open"/> reads is replaced.</summary>
    public static IReadOnlyList<string> Files(Arguments arguments, ModuleCatalog catalog) =>
        [.. Directories(arguments, catalog), .. catalog.Tree.IndexFiles];

    /// <summary>The module directory that kmod's tools take: below the other place if only that one has it.</summary>
    /// <param name="root">A prefix of <c>/lib/modules</c>; null for none.</param>
    public static string DirectoryOf(string? root, string release) =>
        s_homes.Select(home => $"{root}/{home}/{release}")
            .FirstOrDefault(directory => SystemFiles.Current.IsDirectory(RootedPath.Find(root, directory)))
        ?? $"{root}/{s_homes[0]}/{release}";

    static string FindDirectory(string root, string? release)
    {
        var requested = release ?? Machine.KernelRelease();
        if (Find(root, requested) is { } directory)
            return directory;
        var releases = Releases(root);
        if (release is null && root != ThisMachine && releases.Count == 1)
            return Find(root, releases[0])!;
        var missing = $"no module directory {Path.Join(root, s_homes[0], requested)}";
        if (release is null && root == ThisMachine && releases.Count > 0)
        {
            throw new CommandException(
                $"{missing}: the modules of the running kernel are gone, as after an upgrade: reboot; or choose one of "
                + $"these kernels with --release: {string.Join(", ", releases)}");
        }
        throw new CommandException(releases.Count > 0
            ? $"{missing}: choose one of these kernels with --release: {string.Join(", ", releases)}"
            : $"{missing}: install the kernel's modules package, or select a root that has one with --root");
    }

    /// <summary>Without an index every look-up finds nothing, as on a machine that needs no modules.</summary>
    static CommandException LacksIndex(string root, string directory, string missing)
    {
        var inRoot = root == ThisMachine ? "" : $" -b {root}";
        return new($"{directory} lacks its index {missing}: run 'depmod{inRoot} {Path.GetFileName(directory)}' first");
    }

    static string? MissingIndex(string root, string directory)
    {
        return Array.Find(s_indexes, index => !Has(index) && !Has($"{index}.bin"));

        bool Has(string file) => SystemFiles.Current.IsFile(RootedPath.Find(root, $"{directory}/{file}"));
    }

    static string? Find(string root, string release) =>
        s_homes.Select(home => Path.Join(root, home, release))
            .FirstOrDefault(directory => SystemFiles.Current.IsDirectory(RootedPath.Find(root, directory)));

    static List<string> Releases(string root) =>
    [
        .. s_homes.Select(home => RootedPath.Find(root, Path.Join(root, home))).Where(SystemFiles.Current.IsDirectory)
            .SelectMany(home => SystemFiles.Current.List(home).Where(
                name => SystemFiles.Current.IsDirectory(Path.Join(home, name))))
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];
}
