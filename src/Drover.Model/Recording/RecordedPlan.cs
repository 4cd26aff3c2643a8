using Drover.Loading;
using Drover.Modules.Config;

namespace Drover.Model.Recording;

/// <summary>The requested modules and all that they need, dependencies first. One owner.</summary>
sealed class RecordedPlan(ModuleCatalog catalog)
{
    readonly Planner _planner = new(catalog);
    readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    readonly HashSet<string> _listed = new(StringComparer.Ordinal);
    readonly List<PlannedModule> _modules = [];

    public IReadOnlyList<PlannedModule> Modules => _modules;

    public List<string> Notes { get; } = []; // modules that cannot be loaded, and why
    public bool Has(string module) => _listed.Contains(module);

    /// <summary>Adds a module and all that belongs to it; false for one that is built in or cannot be loaded.</summary>
    public bool TryAdd(string module)
    {
        if (_seen.Contains(module) || !CanLoad(new FoundModule(module, null), out _))
            return Has(module);
        foreach (var step in ModulePlan.Of(_planner, new FoundModule(module, null), _ => InitState.Absent).Steps)
        {
            var isKnown = step.IsRequired || step.Path is not null || step.Command is not null;
            if (isKnown && CanLoad(step.Module, out var planned))
                Add(planned!);
        }
        return Has(module);
    }

    bool CanLoad(FoundModule module, out PlannedModule? planned)
    {
        planned = null;
        if (Has(module.Name) || catalog.Tree.IsBuiltIn(module.Name))
            return false;
        if (_planner.TryPlan(module.Name, out planned, out var cycle))
            return true;
        if (_seen.Add(module.Name))
            Notes.Add($"{module.Name}: left out: {(cycle is null ? "in no index" : $"dependency cycle: {cycle}")}");
        return false;
    }

    void Add(PlannedModule module)
    {
        var missing = module.HardDependencies.FirstOrDefault(needed => !Has(needed) && !catalog.Tree.IsBuiltIn(needed));
        if (missing is null && _listed.Add(module.Name))
            _modules.Add(module);
        else if (missing is not null && _seen.Add(module.Name))
            Notes.Add($"{module.Name}: left out, since {missing} is");
    }
}
