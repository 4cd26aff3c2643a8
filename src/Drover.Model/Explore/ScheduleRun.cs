using Drover.Loading;

namespace Drover.Model;

/// <summary>One schedule from its beginning to rest, checked after every step. For one thread, once.</summary>
sealed class ScheduleRun : IHerdObserver
{
    /// <summary>A hundred times what most take: it will not come to rest.</summary>
    const long MostSteps = 50_000;

    readonly SchedulePlan _plan;
    readonly List<HerdEvent>? _trace;
    readonly Coverage _coverage;
    readonly HerdMachine _machine;
    readonly Ledger _ledger;
    readonly FaultInjector _injector;
    readonly Invariants _invariants;
    readonly DroverInvariants _drovers;
    bool _somethingHappened;

    /// <param name="plan">What to run.</param>
    /// <param name="coverage">Is told what came up.</param>
    /// <param name="trace">Is filled, or null.</param>
    public ScheduleRun(SchedulePlan plan, Coverage coverage, List<HerdEvent>? trace = null)
    {
        (_plan, _coverage, _trace) = (plan, coverage, trace);
        _ledger = new Ledger(plan.Options.Gate);
        _machine = new HerdMachine(plan.Options, this);
        foreach (var file in _machine.Files.Values)
            _ledger.Add(file);
        _injector = new FaultInjector(_machine, _ledger, coverage);
        _invariants = new Invariants(_machine, _ledger);
        _drovers = new DroverInvariants(_machine, _ledger, plan);
        _machine.Simulation.AfterStep = AfterStep;
    }

    /// <summary>What did not hold first, if anything.</summary>
    public Breach? Breach { get; private set; }

    public long Steps => _machine.Simulation.Steps;

    /// <summary>Runs it, once.</summary>
    public Breach? Run()
    {
        try
        {
            var herd = HerdRun.Boot(_machine);
            _injector.Plan(_plan.Faults);
            while (Breach is null && !_machine.Memory.IsExhausted && _machine.Simulation.Step())
            {
                if (_machine.Simulation.Steps > MostSteps)
                    Breach = new Breach(Invariant.Deadlock, $"no rest after {MostSteps} steps");
            }
            if (Breach is null && !_machine.Memory.IsExhausted)
                Breach = AtRest(herd);
        }
        catch (Exception fault)
        {
            Breach ??= new Breach(Invariant.Fault, fault.ToString());
        }
        Cover();
        return Breach;
    }

    public void Happened(in HerdEvent happened)
    {
        _somethingHappened = true;
        if (Breach is not null)
            return;
        _trace?.Add(happened);
        Breach = _drovers.Calling(happened) ?? _ledger.Enter(happened);
        _injector.Happened();
        if (happened.Kind is HerdEventKind.Waits)
            _coverage.Count(happened.What is "the gate" or "the same module" or "asynchronous probes" ? happened.What : "a dependency");
    }

    void AfterStep()
    {
        if (Breach is null && _machine.Simulation.Fault is { } fault)
            Breach = new Breach(Invariant.Fault, fault.ToString());
        Breach ??= _invariants.AfterStep(_somethingHappened);
        _somethingHappened = false;
    }

    Breach? AtRest(Herd herd)
    {
        if (_invariants.AtRest() is { } breach)
            return breach;
        if (!herd.IsDone)
            return new Breach(Invariant.Deadlock, $"nothing can happen any more at {_machine.Simulation.NowNs} ns, and not all events are served");
        return herd is DroverHerd drover ? _drovers.AtRest(drover) : null;
    }

    void Cover()
    {
        var options = _plan.Options;
        _coverage.Count($"herd {options.Herd}");
        _coverage.Count($"gate {options.Gate}");
        if (options.Kasan)
            _coverage.Count("KASAN");
        if (_plan.Faults.Count == 0)
            _coverage.Count("no faults");
        if (_machine.Memory.IsExhausted)
            _coverage.Count("out of memory");
        if (_machine.Killed > 0)
            _coverage.Count("killed", _machine.Killed);
        foreach (var (error, times) in _machine.Kernel.Calls)
            _coverage.Count(error is Errno.None ? "loaded" : $"errno {ErrnoText.Name(error)}", times);
        var stats = _machine.Kernel.Stats.Current;
        _coverage.Count("failed on kread", stats.FailedKread);
        _coverage.Count("failed on decompress", stats.FailedDecompress);
        _coverage.Count("failed on becoming", stats.FailedBecoming);
        _coverage.Count("failed on load", stats.FailedLoad);
    }
}
