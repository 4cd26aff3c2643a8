using Drover.Loading;
using Drover.Modules;

namespace Drover.Model;

/// <summary>The modules that were asked for and all they need, dependencies first. One owner.</summary>
sealed class RecordedPlan(ModuleCatalog catalog)
{
    readonly Planner _planner = new(catalog);
    readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    readonly HashSet<string> _listed = new(StringComparer.Ordinal);
    readonly List<PlannedModule> _modules = [];

    public IReadOnlyList<PlannedModule> Modules => _modules;

    /// <summary>Modules that cannot be loaded, and why.</summary>
    public List<string> Notes { get; } = [];

    public bool Has(string module) => _listed.Contains(module);

    /// <summary>Takes a module in with all that belongs to it; false for one that is built in or cannot be loaded.</summary>
    public bool TryAdd(string module)
    {
        // a stack of its own: a chain of dependencies may be as long as an index file allows
        var left = new Stack<(string Module, PlannedModule? Ready)>([(module, null)]);
        while (left.TryPop(out var next))
        {
            if (next.Ready is { } ready)
                Take(ready);
            else if (_seen.Add(next.Module) && !catalog.Tree.IsBuiltIn(next.Module))
                Visit(next.Module, left);
        }
        return Has(module);
    }

    void Visit(string module, Stack<(string Module, PlannedModule? Ready)> left)
    {
        if (!_planner.TryPlan(module, out var planned, out var cycle))
        {
            Notes.Add(cycle is null ? $"{module}: left out: no index knows it" : $"{module}: left out: its dependencies go round in a cycle: {cycle}");
            return;
        }
        // pushed last, visited first
        foreach (var after in planned.After)
            left.Push((after.Name, null));
        left.Push((module, planned));
        foreach (var needed in planned.HardDependencies.Reverse().Concat(planned.Before.Select(soft => soft.Name)))
            left.Push((needed, null));
    }

    void Take(PlannedModule module)
    {
        if (module.HardDependencies.FirstOrDefault(needed => !Has(needed) && !catalog.Tree.IsBuiltIn(needed)) is { } missing)
        {
            Notes.Add($"{module.Name}: left out, since {missing} is");
            return;
        }
        _modules.Add(module);
        _listed.Add(module.Name);
    }
}
