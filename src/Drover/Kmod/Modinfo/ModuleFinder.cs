using Drover.Linux;
using Drover.Modules;

namespace Drover.Kmod;

/// <summary>A module that modinfo shall show.</summary>
/// <param name="Name">Normalised name.</param>
/// <param name="Path">Its file; null for one that is built in, or that only an alias knows.</param>
/// <param name="BuiltInInfo">The file that tells of built-in modules; null where <paramref name="Path"/> is not.</param>
sealed record ModinfoSubject(string Name, string? Path, string? BuiltInInfo = null);

/// <summary>What modinfo's arguments mean: files, aliases, names. The module directory is opened when the first needs it. One owner.</summary>
/// <param name="root">What stands before <c>/lib/modules</c>, or null.</param>
/// <param name="release">The kernel, or null for the running one.</param>
/// <param name="byName">Arguments are names of modules, never aliases or files.</param>
/// <param name="log">What is not found is told here.</param>
sealed class ModuleFinder(string? root, string? release, bool byName, ToolLog log)
{
    static readonly string[] s_endings = [".ko", ".ko.gz", ".ko.xz", ".ko.zst"];

    readonly Lazy<ModuleCatalog?> _catalog = new(() => Open(root, release), LazyThreadSafetyMode.None);

    /// <summary>The modules of one argument; when there are none, that has been said.</summary>
    public IReadOnlyList<ModinfoSubject> Find(string argument)
    {
        if (!byName && Array.Exists(s_endings, ending => argument.EndsWith(ending, StringComparison.Ordinal)) && LinuxPath.IsRegularFile(argument))
            return [new ModinfoSubject(ModuleName.FromPath(argument), LinuxPath.Absolute(argument))];
        if (byName)
            return Named(argument, ModuleName.Normalize(argument));
        var isAlias = ModuleName.TryNormalizeAlias(argument, out _);
        var modules = isAlias && _catalog.Value is { } catalog ? catalog.Resolve(argument).Modules : [];
        if (modules.Count == 0)
            log.Error($"Module {(isAlias ? "" : "alias ")}{argument} not found.");
        return [.. modules.Select(Locate)];
    }

    // as kmod_module_new_from_name_lookup: modules.dep, built-in modules, their aliases; no alias of a module that is loaded from a file
    IReadOnlyList<ModinfoSubject> Named(string argument, string name)
    {
        if (_catalog.Value?.Tree is { } tree)
        {
            if ((!name.Contains(':', StringComparison.Ordinal) && tree.Find(name) is not null) || tree.IsBuiltIn(name))
                return [Locate(name)];
            if (tree.MatchBuiltInAliases(name) is { Count: > 0 } byAlias)
                return [Locate(byAlias[0])];
        }
        log.Error($"Module name {argument} not found.");
        return [];
    }

    ModinfoSubject Locate(string name)
    {
        var tree = _catalog.Value!.Tree;
        var path = tree.Find(name)?.Path;
        return new ModinfoSubject(name, path, path is null ? $"{tree.Directory}/modules.builtin.modinfo" : null);
    }

    static ModuleCatalog? Open(string? root, string? release)
    {
        var directory = $"{root}/lib/modules/{release ?? Machine.KernelRelease()}";
        // modinfo has no part in what modprobe is told: its aliases are those of the modules
        return Directory.Exists(directory) ? new ModuleCatalog(ModuleTree.Open(LinuxPath.Absolute(directory)), ModprobeConfig.Empty) : null;
    }
}
