using Drover.Model.Herds;
using Drover.Model.Kernel;

namespace Drover.Model.Explore;

/// <summary>Runs one schedule until the queue is empty, and checks it after every step. For one thread, once.</summary>
sealed class ScheduleRun : IModelObserver
{
    const long MaxSteps = 50_000; // a hundred times the steps of most schedules; more mean that it does not end

    readonly SchedulePlan _plan;
    readonly List<ModelEvent>? _trace;
    readonly Coverage _coverage;
    readonly ModelMachine _machine;
    readonly Ledger _ledger;
    readonly FaultInjector _injector;
    readonly Invariants _invariants;
    readonly DroverInvariants _drovers;
    bool _somethingHappened;

    /// <param name="trace">Receives the events; null: they are not kept.</param>
    public ScheduleRun(SchedulePlan plan, Coverage coverage, List<ModelEvent>? trace = null)
    {
        (_plan, _coverage, _trace) = (plan, coverage, trace);
        _ledger = new Ledger(plan.Options.Gate);
        _machine = new ModelMachine(plan.Options, this);
        foreach (var file in _machine.Files.Values)
            _ledger.Add(file);
        _injector = new FaultInjector(_machine, _ledger, coverage);
        _invariants = new Invariants(_machine, _ledger);
        _drovers = new DroverInvariants(_machine, _ledger, plan);
        _machine.Simulation.AfterStep = AfterStep;
    }

    public Breach? Breach { get; private set; }
    public long Steps => _machine.Simulation.Steps;

    public Breach? Run()
    {
        try
        {
            var loader = HerdRun.Boot(_machine);
            _injector.Plan(_plan.Faults);
            while (Breach is null && !_machine.Memory.IsExhausted && _machine.Simulation.Step())
            {
                if (_machine.Simulation.Steps > MaxSteps)
                    Breach = new Breach(Invariant.Deadlock, $"not at rest after {MaxSteps} steps");
            }
            if (Breach is null && !_machine.Memory.IsExhausted)
                Breach = AtRest(loader);
        }
        catch (Exception fault)
        {
            Breach ??= new Breach(Invariant.Fault, fault.ToString());
        }
        Cover();
        return Breach;
    }

    public void Happened(in ModelEvent happened)
    {
        _somethingHappened = true;
        if (Breach is not null)
            return;
        _trace?.Add(happened);
        Breach = _drovers.Calling(happened) ?? _ledger.Enter(happened);
        _injector.Happened();
        if (happened.Kind is ModelEventKind.Waits)
            _coverage.Count(happened.Wait is WaitReason.Dependency ? "a dependency" : happened.What);
    }

    void AfterStep()
    {
        if (Breach is null && _machine.Simulation.Fault is { } fault)
            Breach = new Breach(Invariant.Fault, fault.ToString());
        Breach ??= _invariants.AfterStep(_somethingHappened);
        _somethingHappened = false;
    }

    Breach? AtRest(SimulatedLoader loader)
    {
        if (_invariants.AtRest() is { } breach)
            return breach;
        if (!loader.IsDone)
            return new(Invariant.Deadlock, $"idle at {_machine.Simulation.NowNs} ns with unhandled events");
        return loader is DroverLoader drover ? _drovers.AtRest(drover) : null;
    }

    void Cover()
    {
        var options = _plan.Options;
        _coverage.Count($"herd {options.Loader}");
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
