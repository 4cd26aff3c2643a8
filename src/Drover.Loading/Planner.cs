using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Tree;

namespace Drover.Loading;

/// <summary>A node of the plan: one module and the modules around it. It depends on the catalog alone.</summary>
/// <param name="Name">Normalised name.</param>
/// <param name="Path">Its file; empty for a name that stands only for a command or for softdeps.</param>
/// <param name="HardDependencies">All modules that it needs, in the order of a sequential loader.</param>
/// <param name="Before">The softdeps "pre" that it waits for, each once, with its alias; they may fail.</param>
/// <param name="After">Loaded once it is live: softdeps "post", and softdeps "pre" that lie on a cycle.</param>
/// <param name="InstallCommand">The shell command that replaces the load, or null.</param>
public sealed record PlannedModule(
    string Name, string Path, IReadOnlyList<string> HardDependencies, IReadOnlyList<FoundModule> Before,
    IReadOnlyList<FoundModule> After, string? InstallCommand)
{
    /// <summary>Names of the modules that the load waits for.</summary>
    public IEnumerable<string> WaitsFor => Before.Select(soft => soft.Name).Concat(HardDependencies);
}

/// <summary>Finds the modules around a module, for the loader and <see cref="ModulePlan"/>. Loads wait along hard
/// dependencies and softdeps "pre"; on a cycle, two flights would wait for each other. So a hard cycle is an
/// error, and a softdep "pre" on a cycle is loaded but not waited for, from whichever end a request comes. Owned
/// by the event loop.</summary>
public sealed class Planner(ModuleCatalog catalog)
{
    readonly Dictionary<string, PlannedModule?> _planned = [];
    readonly Dictionary<string, ModuleEntry?> _entries = [];
    readonly Dictionary<string, Edges> _edges = [];
    readonly Dictionary<string, (IReadOnlyList<FoundModule>, IReadOnlyList<FoundModule>)> _softdeps = [];

    public ModuleCatalog Catalog { get; } = catalog;

    /// <summary>A module's node; false if no index has it, or it is on a <paramref name="cycle"/>.</summary>
    /// <exception cref="ModuleDataException">An index is corrupt.</exception>
    public bool TryPlan(string module, [NotNullWhen(true)] out PlannedModule? planned, out string? cycle)
    {
        cycle = null;
        if (_planned.TryGetValue(module, out planned))
            return planned is not null;
        if (EntryOf(module) is { } entry)
        {
            cycle = FindHardCycle(module);
            if (cycle is not null)
                return false;
            var edges = EdgesOf(module);
            var (before, after) = WithoutCycles(module, edges);
            planned = new PlannedModule(
                module, entry.File, edges.Hard, before, after,
                edges.ReplaceCommand ? null : Catalog.InstallCommandOf(module));
        }
        _planned[module] = planned;
        return planned is not null;
    }

    /// <summary>The same within a scope, and for a file in place of the index's, which needs no index.</summary>
    public bool TryPlan(
        FoundModule module, LoadScope scope, string? file,
        [NotNullWhen(true)] out PlannedModule? planned, out string? cycle)
    {
        cycle = null;
        if (scope is LoadScope.Alone && file is not null)
        {
            planned = new PlannedModule(module.Name, file, [], [], [], null);
            return true;
        }
        if (!TryPlan(module.Name, out planned, out cycle))
        {
            if (cycle is not null)
                return false;
            // an install command may exist for a name without a module
            var command = Catalog.InstallCommandOf(module.Name, module.Alias);
            if (file is null && (command is null || scope is not LoadScope.Full))
                return false;
            var edges = EdgesOf(module.Name);
            var (before, after) = WithoutCycles(module.Name, edges);
            planned = new PlannedModule(
                module.Name, file ?? "", [], before, after, edges.ReplaceCommand ? null : command);
        }
        if (file is not null)
            planned = planned with { Path = file };
        if (scope is not LoadScope.Full)
            planned = planned with { Before = [], After = [], InstallCommand = null };
        Debug.Assert(planned.WaitsFor.All(name => name != module.Name), "a load does not wait for itself");
        return true;
    }

    /// <summary>A module's line of modules.dep, looked up once; null if it is not there.</summary>
    internal ModuleEntry? EntryOf(string module)
    {
        if (!_entries.TryGetValue(module, out var entry))
            _entries[module] = entry = Catalog.Tree.Find(module);
        return entry;
    }

    /// <summary>A module's hard dependencies, direct and indirect, in the order of a sequential loader.</summary>
    /// <remarks>A line of modules.dep names the nearest first.</remarks>
    internal IReadOnlyList<string> HardDependenciesOf(string module) =>
        EntryOf(module) is { Dependencies: { Count: > 0 } nearest } ? [.. nearest.Reverse()] : [];

    /// <summary>All that a module's softdeps stand for, in their order, duplicates kept.</summary>
    internal (IReadOnlyList<FoundModule> Before, IReadOnlyList<FoundModule> After) SoftdepsOf(string module)
    {
        if (_softdeps.TryGetValue(module, out var found))
            return found;
        var (pre, post) = Catalog.SoftDependenciesOf(module);
        return _softdeps[module] = (Find(pre), Find(post));

        FoundModule[] Find(IReadOnlyList<string> names) => names.Count == 0 ? [] :
            [.. names.SelectMany(name => FoundModule.All(Catalog, name)).Select(found => found with { Rule = null })];
    }

    /// <summary>The first cycle of hard dependencies reached from a module, as "a → b → a", or null. Iterative: a chain
    /// may be as long as an index file allows.</summary>
    internal string? FindHardCycle(string module)
    {
        var path = new List<(string Module, int Next)> { (module, 0) };
        var onPath = new HashSet<string> { module };
        var finished = new HashSet<string>();
        while (path.Count > 0)
        {
            var (current, next) = path[^1];
            var hard = EdgesOf(current).Hard;
            if (next == hard.Length)
            {
                path.RemoveAt(path.Count - 1);
                onPath.Remove(current);
                finished.Add(current);
                continue;
            }
            path[^1] = (current, next + 1);
            var dependency = hard[next];
            if (onPath.Contains(dependency))
            {
                var cycle = path.Select(step => step.Module).SkipWhile(name => name != dependency);
                return string.Join(" → ", cycle.Append(dependency));
            }
            if (!finished.Contains(dependency))
            {
                path.Add((dependency, 0));
                onPath.Add(dependency);
            }
        }
        return null;
    }

    /// <summary>A hard dependency that no index has; null if all are there.</summary>
    public string? FindMissing(string module) => HardDependenciesOf(module)
        .FirstOrDefault(name => EntryOf(name) is null && !Catalog.Tree.IsBuiltIn(name));

    Edges EdgesOf(string module)
    {
        if (_edges.TryGetValue(module, out var edges))
            return edges;
        var (before, after) = SoftdepsOf(module);
        var hard = HardDependenciesOf(module).Where(name => name != module).Distinct().ToArray();
        return _edges[module] = new Edges(
            hard, Expand(before, module), Expand(after, module),
            ReplaceCommand: Catalog.OldSoftdeps && before.Count + after.Count > 0);
    }

    /// <summary>The softdeps to wait for, and those to load afterwards: also those "pre" that lie on a cycle.</summary>
    (FoundModule[] Before, FoundModule[] After) WithoutCycles(string module, Edges edges)
    {
        var cyclic = edges.Before.Where(soft => Leads(soft.Name, module)).ToArray();
        return ([.. edges.Before.Except(cyclic)], [.. cyclic.Concat(edges.After).DistinctBy(soft => soft.Name)]);
    }

    /// <summary>The modules and commands that softdeps load, each once. Built-in and unknown modules need no wait. In
    /// kmod 30's way, a name that is only a command and has softdeps stands for those.</summary>
    FoundModule[] Expand(IReadOnlyList<FoundModule> softdeps, string except)
    {
        var expanded = new List<FoundModule>();
        var seen = new HashSet<string> { except };
        var left = new Stack<FoundModule>(softdeps.Reverse());
        while (left.TryPop(out var found))
        {
            if (seen.Contains(found.Name))
                continue;
            var isModule = EntryOf(found.Name) is not null;
            if (!isModule && Catalog.InstallCommandOf(found.Name, found.Alias) is null)
                continue;
            seen.Add(found.Name);
            var (before, after) = isModule || !Catalog.OldSoftdeps ? ([], []) : SoftdepsOf(found.Name);
            if (before.Count + after.Count == 0)
                expanded.Add(found);
            foreach (var soft in before.Concat(after).Reverse())
                left.Push(soft);
        }
        return [.. expanded];
    }

    /// <summary>Waiting for <paramref name="from"/> leads to waiting for <paramref name="target"/>.</summary>
    bool Leads(string from, string target)
    {
        var seen = new HashSet<string>();
        var left = new Stack<string>([from]);
        while (left.TryPop(out var module))
        {
            if (module == target)
                return true;
            var waits = seen.Add(module)
                && (EntryOf(module) is not null || Catalog.InstallCommandOf(module) is not null);
            if (!waits)
                continue;
            var edges = EdgesOf(module);
            foreach (var next in edges.Hard.Concat(edges.Before.Select(soft => soft.Name)))
                left.Push(next);
        }
        return false;
    }

    /// <param name="ReplaceCommand">Softdeps take the install command's place (kmod 30's modprobe.d(5)).</param>
    sealed record Edges(string[] Hard, FoundModule[] Before, FoundModule[] After, bool ReplaceCommand);
}
