namespace Drover.Modules.Depmod;

/// <summary>
/// Tells of modules that need each other in a circle, as kmod does (kmod: <c>depmod_report_cycles</c>): the same cycles, in the same order and each from the same module
/// on. Where kmod would go around for ever, in a second cycle behind a first, this goes around once.
/// </summary>
internal sealed class CycleReport
{
    /// <summary>Steps after which nobody reads on: in a tangle there are exponentially many cycles.</summary>
    const int MaxSteps = 1 << 20;

    readonly IDepmodReport _report;

    // modules yet to begin from, as a ring: taking one out moves the beginning behind it
    readonly LinkedList<FoundModule> _beginnings = [];
    readonly HashSet<FoundModule> _visited = [];
    readonly HashSet<string> _cyclic = [];
    int _steps;

    CycleReport(IDepmodReport report) => _report = report;

    sealed record Step(FoundModule Module, Step? Before);

    /// <param name="modules">All modules.</param>
    /// <param name="users">How many users, of those that could not be ranked, each has.</param>
    public static void Tell(FoundModule[] modules, int[] users, IDepmodReport report)
    {
        var cycles = new CycleReport(report);
        foreach (var module in modules.Where(module => users[module.Index] > 0))
            cycles._beginnings.AddLast(module);
        while (cycles._beginnings.First is { } first)
        {
            cycles._beginnings.RemoveFirst();
            cycles.TellFrom(first.Value);
        }
        report.Say(DepmodSeverity.Error, $"Found {cycles._cyclic.Count} modules in dependency cycles!");
    }

    void TellFrom(FoundModule beginning)
    {
        var pending = new Stack<Step>();
        pending.Push(new(beginning, null));
        while (pending.TryPop(out var step) && _steps++ < MaxSteps)
        {
            var module = step.Module;
            if (!_visited.Add(module) && module == beginning)
            {
                TellOne(step);
                continue;
            }
            if (module.Dependencies.Count == 0)
                TakeOut(module);
            if (HasPassed(step.Before, module))
                continue;
            foreach (var dependency in module.Dependencies)
                pending.Push(new(dependency, step));
        }
    }

    static bool HasPassed(Step? step, FoundModule module)
    {
        for (; step is not null; step = step.Before)
        {
            if (step.Module == module)
                return true;
        }
        return false;
    }

    void TellOne(Step last)
    {
        var path = new List<FoundModule>();
        for (var step = last.Before; step is not null; step = step.Before)
            path.Add(step.Module);
        path.Reverse();
        foreach (var module in path)
        {
            _cyclic.Add(module.Name);
            TakeOut(module);
        }
        _report.Say(DepmodSeverity.Error, $"Cycle detected: {string.Join(" -> ", path.Append(last.Module).Select(module => module.Name))}");
    }

    void TakeOut(FoundModule module)
    {
        if (_beginnings.Find(module) is not { } place)
            return;
        while (_beginnings.First != place)
        {
            var before = _beginnings.First!;
            _beginnings.RemoveFirst();
            _beginnings.AddLast(before);
        }
        _beginnings.RemoveFirst();
    }
}
