using System.Diagnostics.CodeAnalysis;
using Drover.Modules;

namespace Drover.Loading;

/// <summary>
/// Turns a module's name into its node of the plan. Waiting follows the edges "hard dependency" and "softdep pre"; together they must have no cycle, or two
/// flights would wait for each other. A hard cycle is an error. A softdep inside a cycle is dropped, by a rule that looks at the catalog alone and never at
/// who asked first, so that plans made from either end agree (kmod breaks such a cycle wherever its recursion happens to close it).
/// One owner, the loader's event loop.
/// </summary>
public sealed class Planner
{
    readonly ModuleCatalog _catalog;
    readonly Dictionary<string, PlannedModule?> _planned = [];
    readonly Dictionary<string, Edges?> _edges = [];

    /// <summary>The plan follows this catalog for as long as it lives.</summary>
    public Planner(ModuleCatalog catalog) => _catalog = catalog;

    /// <summary>The node of a module; false when no index knows it, or (<paramref name="cycle"/> says which) when it depends on itself.</summary>
    /// <exception cref="ModuleDataException">An index is corrupt.</exception>
    public bool TryPlan(string module, [NotNullWhen(true)] out PlannedModule? planned, out string? cycle)
    {
        cycle = null;
        if (!_planned.TryGetValue(module, out planned))
        {
            if (EdgesOf(module) is { } edges)
            {
                cycle = FindHardCycle(module);
                if (cycle is not null)
                    return false;
                planned = new PlannedModule(
                    module, edges.Entry.Path, edges.Hard,
                    [.. edges.Before.Where(soft => !Leads(soft.Name, module))], edges.After,
                    edges.HasSoft ? null : _catalog.InstallCommandOf(module));
            }
            _planned[module] = planned;
        }
        return planned is not null;
    }

    /// <summary>As above, as much of it as the scope says, and with another file in its place where one is given; such a file needs no index.</summary>
    /// <param name="module">As a look-up found it.</param>
    public bool TryPlan(FoundModule module, LoadScope scope, string? file, [NotNullWhen(true)] out PlannedModule? planned, out string? cycle)
    {
        cycle = null;
        planned = scope is LoadScope.Alone && file is not null ? Alone(module.Name, file) : null;
        if (planned is not null)
            return true;
        if (!TryPlan(module.Name, out planned, out cycle))
        {
            if (cycle is not null)
                return false;
            // a command may have a name that is no module's
            var command = _catalog.InstallCommandOf(module.Name, module.Alias);
            if (file is null && (command is null || scope is not LoadScope.Full))
                return false;
            var (pre, post) = _catalog.SoftDependenciesOf(module.Name);
            if (IsKnown(pre) || IsKnown(post))
                command = null;
            planned = Alone(module.Name, file ?? "") with { Before = Resolve(pre, module.Name), After = Resolve(post, module.Name), InstallCommand = command };
        }
        if (file is not null)
            planned = planned with { Path = file };
        if (scope is not LoadScope.Full)
            planned = planned with { Before = [], After = [], InstallCommand = null };
        return true;
    }

    static PlannedModule Alone(string module, string file) => new(module, file, [], [], [], null);

    Edges? EdgesOf(string module)
    {
        if (_edges.TryGetValue(module, out var edges))
            return edges;
        if (_catalog.Tree.Find(module) is { } entry)
        {
            var (pre, post) = _catalog.SoftDependenciesOf(module);
            edges = new Edges(entry, HardDependencies(entry), Resolve(pre, module), Resolve(post, module), IsKnown(pre) || IsKnown(post));
        }
        _edges[module] = edges;
        return edges;
    }

    /// <summary>A modules.dep line names the nearest dependency first, so a sequential loader goes through it from the end.</summary>
    static string[] HardDependencies(ModuleEntry entry)
    {
        var hard = new List<string>(entry.Dependencies.Count);
        var seen = new HashSet<string> { entry.Name };
        for (var i = entry.Dependencies.Count - 1; i >= 0; i--)
        {
            if (seen.Add(entry.Dependencies[i]))
                hard.Add(entry.Dependencies[i]);
        }
        return [.. hard];
    }

    /// <summary>A softdep that stands for anything takes precedence over an install command (modprobe.d(5), softdep).</summary>
    bool IsKnown(IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            if (_catalog.Resolve(name).Modules.Count > 0)
                return true;
        }
        return false;
    }

    /// <summary>
    /// What softdeps bring. They may name an alias, whose options the module then has, or a mere command; what is built in or unknown needs no waiting. Of a mere command
    /// whose place softdeps of its own take, those are all there is to bring: they stand here for it, and are waited for like any module.
    /// </summary>
    FoundModule[] Resolve(IReadOnlyList<string> names, string except)
    {
        var brought = new List<FoundModule>();
        var seen = new HashSet<string> { except };
        var left = new Stack<FoundModule>();
        Push(names);
        while (left.TryPop(out var found))
        {
            if (seen.Contains(found.Name))
                continue;
            var isModule = _catalog.Tree.Find(found.Name) is not null;
            if (!isModule && _catalog.InstallCommandOf(found.Name, found.Alias) is null)
                continue;
            seen.Add(found.Name);
            var (pre, post) = _catalog.SoftDependenciesOf(found.Name);
            if (isModule || !(IsKnown(pre) || IsKnown(post)))
            {
                brought.Add(found);
                continue;
            }
            // pushed last, visited first
            Push(post);
            Push(pre);
        }
        return [.. brought];

        void Push(IReadOnlyList<string> names)
        {
            for (var i = names.Count - 1; i >= 0; i--)
            {
                var all = FoundModule.All(_catalog, names[i]);
                for (var j = all.Count - 1; j >= 0; j--)
                    left.Push(all[j]);
            }
        }
    }

    /// <summary>Whether waiting for <paramref name="from"/> would come round to <paramref name="target"/>.</summary>
    bool Leads(string from, string target)
    {
        var seen = new HashSet<string>();
        var left = new Stack<string>([from]);
        while (left.TryPop(out var module))
        {
            if (module == target)
                return true;
            if (!seen.Add(module) || EdgesOf(module) is not { } edges)
                continue;
            foreach (var next in edges.Hard.Concat(edges.Before.Select(soft => soft.Name)))
                left.Push(next);
        }
        return false;
    }

    /// <summary>The first hard cycle met from a module, as "a → b → a", or null. Iterative: a chain of dependencies may be as long as an index file allows.</summary>
    string? FindHardCycle(string module)
    {
        var path = new List<(string Module, int Next)> { (module, 0) };
        var onPath = new HashSet<string> { module };
        var finished = new HashSet<string>();
        while (path.Count > 0)
        {
            var (current, next) = path[^1];
            var hard = EdgesOf(current)?.Hard ?? [];
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
                return string.Join(" → ", path.SkipWhile(step => step.Module != dependency).Select(step => step.Module).Append(dependency));
            if (!finished.Contains(dependency))
            {
                path.Add((dependency, 0));
                onPath.Add(dependency);
            }
        }
        return null;
    }

    sealed record Edges(ModuleEntry Entry, string[] Hard, FoundModule[] Before, FoundModule[] After, bool HasSoft);
}
