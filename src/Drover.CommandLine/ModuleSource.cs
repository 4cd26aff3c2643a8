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

    /// <summary>Module directories below a root, in kmod's order.</summary>
    static readonly string[] s_homes = ["lib/modules", "usr/lib/modules"];

    /// <summary>Opens what <see cref="CommonOptions.Root"/> and <see cref="CommonOptions.Release"/> select.</summary>
    /// <param name="release">The kernel version if no option names one; null for the running kernel's.</param>
    /// <exception cref="CommandException">There is no such module directory, or there are several.</exception>
    public static ModuleCatalog Open(Arguments arguments, string? release = null)
    {
        var root = RootOf(arguments);
        var directory = FindDirectory(root, arguments.Text(CommonOptions.Release) ?? release);
        var config = ModprobeConfig.Load(new ModprobeConfigSources
        {
            Root = root,
            ModuleDirectory = RootedPath.Find(root, directory),
            CommandLine = root == ThisMachine ? Machine.CommandLine() : null,
        });
        return new ModuleCatalog(ModuleTree.Open(directory, root), config) { Policy = PolicyOf(root) };
    }

    /// <summary>The policy of a root. This machine's also has its seal and its kernel command line.</summary>
    public static ModulePolicy? PolicyOf(string root = ThisMachine, bool withSeal = true) =>
        ModulePolicy.Load(new PolicySources
        {
            Root = root,
            CommandLine = root == ThisMachine ? Machine.CommandLine() : null,
            SealFile = root == ThisMachine && withSeal ? ModulePolicy.SealFile : null,
            VersionOf = LinuxPath.VersionOf,
        });

    /// <summary>The directories to watch for changes of what <see cref="Open"/> has read.</summary>
    public static IReadOnlyList<string> Directories(Arguments arguments, ModuleCatalog catalog) =>
    [
        catalog.Tree.Directory, .. ModprobeConfig.DirectoriesBelow(RootOf(arguments)),
        .. ModulePolicy.DirectoriesBelow(RootOf(arguments)), ModulePolicy.SealFile,
    ];

    static string RootOf(Arguments arguments) => arguments.Text(CommonOptions.Root) ?? ThisMachine;

    /// <summary>The files and directories whose stamps change when what <see cref="Open"/> reads is replaced.</summary>
    public static IReadOnlyList<string> Files(Arguments arguments, ModuleCatalog catalog) =>
        [.. Directories(arguments, catalog), .. catalog.Tree.IndexFiles];

    static string FindDirectory(string root, string? release)
    {
        var requested = release ?? Machine.KernelRelease();
        if (Find(root, requested) is { } directory)
            return directory;
        var releases = Releases(root);
        if (release is null && root != ThisMachine && releases.Count == 1)
            return Find(root, releases[0])!;
        var missing = $"no module directory {Path.Join(root, s_homes[0], requested)}";
        throw new CommandException(releases.Count > 0
            ? $"{missing}: choose one of these kernels with --release: {string.Join(", ", releases)}"
            : $"{missing}: install the kernel's modules package, or select a root that has one with --root");
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
