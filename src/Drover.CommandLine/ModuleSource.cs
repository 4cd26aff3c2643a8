using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Tree;

namespace Drover.CommandLine;

/// <summary>Opens the modules and the configuration that a command line selects.</summary>
public static class ModuleSource
{
    const string ThisMachine = "/";

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
        var tree = ModuleTrees.Open(directory, root, known);
        if (!mayLackIndexes && !tree.LacksIndexes && ModuleTrees.MissingIndex(directory, root) is { } missing)
            throw LacksIndex(root, directory, missing);
        var config = ModprobeConfig.Load(new ModprobeConfigSources
        {
            Root = root,
            ModuleDirectory = RootedPath.Find(root, tree.IndexDirectory),
            CommandLine = root == ThisMachine ? Machine.CommandLine() : null,
        });
        return new ModuleCatalog(tree, config) { Policy = PolicyOf(root) };
    }

    /// <summary>Whether this machine has a directory of the running kernel's modules; a container has none.</summary>
    public static bool HasModules => ModuleTrees.Find(null, Machine.KernelRelease()) is not null;

    /// <summary>Whether the directory of a catalog has its indexes now.</summary>
    public static bool HasIndexes(Arguments arguments, ModuleCatalog catalog) =>
        ModuleTrees.MissingIndex(catalog.Tree.Directory, RootOf(arguments)) is null;

    /// <summary>The policy of a root. This machine's also has its seal and its kernel command line.</summary>
    public static ModulePolicy? PolicyOf(string root = ThisMachine, bool withSeal = true) =>
        ModulePolicy.Load(new PolicySources
        {
            Root = root,
            CommandLine = root == ThisMachine ? Machine.CommandLine : null,
            SealFile = root == ThisMachine && withSeal ? ModulePolicy.SealFile : null,
            VersionOf = LinuxPath.VersionOf,
            RealPathOf = LinuxPath.Real,
        });

    /// <summary>The directories to watch for changes of what <see cref="Open"/> has read.</summary>
    public static IReadOnlyList<string> Directories(Arguments arguments, ModuleCatalog catalog) =>
    [
        catalog.Tree.Directory, .. ModprobeConfig.DirectoriesBelow(RootOf(arguments)),
        .. ModulePolicy.DirectoriesBelow(RootOf(arguments)), ModulePolicy.SealFile,
        .. ModuleTrees.More(RootOf(arguments).TrimEnd('/'), Path.GetFileName(catalog.Tree.Directory.TrimEnd('/'))),
    ];

    /// <summary>Whether a command line is about the running system.</summary>
    public static bool IsThisMachine(Arguments arguments) => arguments.Text(CommonOptions.Root) is null or ThisMachine;

    /// <summary>The root file system of <see cref="CommonOptions.Root"/>.</summary>
    /// <exception cref="CommandException">There is no such directory.</exception>
    public static string RootOf(Arguments arguments)
    {
        var root = arguments.Text(CommonOptions.Root) ?? ThisMachine;
        return SystemFiles.Current.KindOf(root) switch
        {
            FileKind.Directory => root,
            null => throw new CommandException($"--{CommonOptions.Root.Name} {root}: there is no such directory"),
            _ => throw new CommandException($"--{CommonOptions.Root.Name} {root}: it is not a directory"),
        };
    }

    /// <summary>The files and directories whose stamps change when what <see cref="Open"/> reads is replaced.</summary>
    public static IReadOnlyList<string> Files(Arguments arguments, ModuleCatalog catalog) =>
        [.. Directories(arguments, catalog), .. catalog.Tree.IndexFiles];

    /// <summary>The module directory that kmod's tools take: below another place if only that one has it.</summary>
    /// <param name="root">A prefix of <c>/lib/modules</c>; null for none.</param>
    public static string DirectoryOf(string? root, string release) =>
        ModuleTrees.Find(root, release) ?? ModuleTrees.UsualPlace(root, release);

    static string FindDirectory(string root, string? release)
    {
        var requested = release ?? Machine.KernelRelease();
        var top = root.TrimEnd('/');
        if (ModuleTrees.Find(top, requested) is { } directory)
            return directory;
        var releases = ModuleTrees.Releases(root);
        if (release is null && root != ThisMachine && releases.Count == 1)
            return ModuleTrees.Find(top, releases[0])!;
        var missing = $"no module directory {ModuleTrees.UsualPlace(top, requested)}";
        if (release is null && root == ThisMachine && Machine.LacksModuleSupport)
        {
            throw new CommandException($"{missing}, and the running kernel loads no modules (it has no "
                + "/proc/modules): select another kernel's modules with --release, or a root with --root");
        }
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
}
