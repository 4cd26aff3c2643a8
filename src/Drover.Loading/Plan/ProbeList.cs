using Drover.Modules;

namespace Drover.Loading;

/// <summary>A module as a look-up found it: kmod tells apart what it knows under different aliases.</summary>
/// <param name="Name">Normalised name.</param>
/// <param name="Alias">The alias that led to it, as the configuration or the asker writes it, normalised; null where its own name did.</param>
/// <param name="Rule">The configured alias behind it, or null.</param>
public readonly record struct FoundModule(string Name, string? Alias, AliasRule? Rule = null)
{
    /// <summary>What a name or modalias stands for, in kmod's order, duplicates kept (kmod: <c>kmod_module_new_from_lookup</c>).</summary>
    /// <exception cref="ModuleDataException">An index is corrupt.</exception>
    public static IReadOnlyList<FoundModule> All(ModuleCatalog catalog, string asked)
    {
        var resolution = catalog.Resolve(asked);
        var found = new FoundModule[resolution.Modules.Count];
        if (found.Length == 0)
            return found;
        var alias = resolution.Step is LookupStep.Aliases or LookupStep.Symbols or LookupStep.BuiltInAliases && ModuleName.TryNormalizeAlias(asked, out var normalized) ? normalized : null;
        for (var i = 0; i < found.Length; i++)
        {
            found[i] = resolution.Step is LookupStep.ConfigAlias
                ? new FoundModule(resolution.Modules[i], resolution.Rules[i].Pattern, resolution.Rules[i])
                : new FoundModule(resolution.Modules[i], alias);
        }
        return found;
    }
}

/// <summary>A step of kmod's: one module, or the command in its place.</summary>
/// <param name="Module">Which.</param>
/// <param name="Path">Its file; null for one without, as what is built in.</param>
/// <param name="Command">The install command that stands for it, or null.</param>
/// <param name="Options">The configured ones.</param>
/// <param name="IsRequired">Its failure ends the list.</param>
/// <param name="IsTarget">It is what was asked for.</param>
public sealed record ProbeStep(FoundModule Module, string? Path, string? Command, string Options, bool IsRequired, bool IsTarget);

/// <summary>
/// What kmod would do for a module, one after another, in its order (kmod: <c>kmod_module_get_probe_list</c>): what the tools print. The loader itself follows
/// <see cref="Planner"/>, which has the same edges and breaks cycles of softdeps by another rule. One owner.
/// </summary>
public sealed class ProbeList
{
    /// <summary>Softdeps that lead to softdeps: more than anybody writes, and well within the stack.</summary>
    const int DeepestSoftdep = 1000;

    readonly ModuleCatalog _catalog;
    readonly HashSet<FoundModule> _visited = [];
    readonly HashSet<FoundModule> _required = [];
    readonly HashSet<FoundModule> _withoutCommand = []; // wherever in the list they stand
    readonly List<FoundModule> _order = [];

    ProbeList(ModuleCatalog catalog) => _catalog = catalog;

    /// <summary>The steps for one module.</summary>
    /// <param name="catalog">What belongs to what.</param>
    /// <param name="target">As a look-up found it.</param>
    /// <param name="file">The target's file, whatever the index says; or null.</param>
    /// <param name="ignoreCommand">Neither the target's install command nor its softdeps count.</param>
    /// <exception cref="ModuleDataException">An index is corrupt.</exception>
    public static IReadOnlyList<ProbeStep> Of(ModuleCatalog catalog, FoundModule target, string? file = null, bool ignoreCommand = false)
    {
        target = target with { Rule = null };
        var list = new ProbeList(catalog);
        list.Visit(target, isRequired: true, ignoreCommand, depth: 0);
        var steps = new ProbeStep[list._order.Count];
        for (var i = 0; i < steps.Length; i++)
        {
            var module = list._order[i];
            var isTarget = module == target;
            steps[i] = new ProbeStep(
                module,
                isTarget && file is not null ? file : catalog.Tree.Find(module.Name)?.Path,
                list._withoutCommand.Contains(module) ? null : catalog.InstallCommandOf(module.Name, module.Alias),
                catalog.OptionsOf(module.Name, module.Alias),
                list._required.Contains(module), isTarget);
        }
        return steps;
    }

    void Visit(FoundModule module, bool isRequired, bool ignoreCommand, int depth)
    {
        if (depth > DeepestSoftdep)
            throw new ModuleDataException("modprobe.d", 0, $"softdeps lead to more than {DeepestSoftdep} others, one after another");
        if (!_visited.Add(module))
            return;
        // a line of modules.dep names the nearest first
        var dependencies = _catalog.Tree.Find(module.Name)?.Dependencies ?? [];
        if (isRequired)
        {
            _required.Add(module);
            foreach (var dependency in dependencies)
                _required.Add(new FoundModule(dependency, null));
        }
        for (var i = dependencies.Count - 1; i >= 0; i--)
            AddWithSoftdeps(new FoundModule(dependencies[i], null), depth);
        if (!ignoreCommand)
        {
            AddWithSoftdeps(module, depth);
            return;
        }
        _order.Add(module);
        _withoutCommand.Add(module);
    }

    void AddWithSoftdeps(FoundModule module, int depth)
    {
        var (pre, post) = _catalog.SoftDependenciesOf(module.Name);
        var before = Find(pre);
        var after = Find(post);
        foreach (var soft in before)
            Visit(soft, isRequired: false, ignoreCommand: false, depth + 1);
        _order.Add(module);
        // softdeps take the command's place (modprobe.d(5))
        if (before.Count + after.Count > 0)
            _withoutCommand.Add(module);
        foreach (var soft in after)
            Visit(soft, isRequired: false, ignoreCommand: false, depth + 1);
    }

    List<FoundModule> Find(IReadOnlyList<string> names)
    {
        var found = new List<FoundModule>();
        foreach (var name in names)
        {
            foreach (var module in FoundModule.All(_catalog, name))
                found.Add(module with { Rule = null });
        }
        return found;
    }
}
