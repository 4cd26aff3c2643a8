using Drover.Cli;
using Drover.Linux;
using Drover.Modules;

namespace Drover.Verbs;

/// <summary>Finds the modules and the configuration that a command line means.</summary>
static class ModuleSource
{
    const string ThisMachine = "/";

    /// <summary>Where module directories are below a root: /lib first, as kmod has it.</summary>
    static readonly string[] Homes = ["lib/modules", "usr/lib/modules"];

    /// <summary>What <see cref="CommonOptions.Root"/> and <see cref="CommonOptions.Release"/> name.</summary>
    /// <param name="release">The kernel that is meant where no option says; null for the running one.</param>
    /// <exception cref="CannotException">There is no such module directory, or none can be chosen.</exception>
    public static ModuleCatalog Open(Arguments arguments, string? release = null)
    {
        var root = arguments.Text(CommonOptions.Root) ?? ThisMachine;
        var directory = FindDirectory(root, arguments.Text(CommonOptions.Release) ?? release);
        var config = ModprobeConfig.Load(new ModprobeConfigSources
        {
            Root = root,
            ModuleDirectory = directory,
            CommandLine = root == ThisMachine ? Machine.CommandLine() : null,
        });
        return new ModuleCatalog(ModuleTree.Open(directory), config);
    }

    /// <summary>Where a change of what <see cref="Open"/> has read would be seen.</summary>
    public static IReadOnlyList<string> Directories(Arguments arguments, ModuleCatalog catalog) =>
        [catalog.Tree.Directory, .. ModprobeConfig.DirectoriesBelow(arguments.Text(CommonOptions.Root) ?? ThisMachine)];

    static string FindDirectory(string root, string? release)
    {
        var wanted = release ?? Machine.KernelRelease();
        if (Find(root, wanted) is { } directory)
            return directory;
        var there = Releases(root);
        if (release is null && root != ThisMachine && there.Count == 1)
            return Find(root, there[0])!;
        throw new CannotException(Missing(root, wanted, there));
    }

    static string? Find(string root, string release) =>
        Array.Find(Homes, home => Directory.Exists(Path.Join(root, home, release))) is { } home ? Path.Join(root, home, release) : null;

    static List<string> Releases(string root) =>
        [.. Homes.Select(home => Path.Join(root, home)).Where(Directory.Exists).SelectMany(Directory.GetDirectories).Select(path => Path.GetFileName(path)).Distinct().Order(StringComparer.Ordinal)];

    static string Missing(string root, string release, List<string> there)
    {
        var wanted = $"there is no module directory {Path.Join(root, Homes[0], release)}";
        return there.Count > 0
            ? $"{wanted}: choose one of those there are with --release: {string.Join(", ", there)}"
            : $"{wanted}: install the kernel's modules package, or name a root that has one with --root";
    }
}
