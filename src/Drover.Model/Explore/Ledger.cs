using Drover.Model.Kernel;

namespace Drover.Model.Explore;

/// <summary>A module in the ledger: its file's users and its state, by the trace.</summary>
sealed class LedgerModule(ModuleOnDisk file)
{
    public ModuleOnDisk File { get; } = file;
    public string Name => File.Name;
    public int Writers { get; set; }
    public int Deniers { get; set; }
    public int SetUps { get; set; } // calls that are inside the gate
    public int DroverCalls { get; set; }
    public int Calls { get; set; }
    public ModuleState? State { get; set; } // null: not in the kernel's list
    public bool IsComing => State is ModuleState.Unformed or ModuleState.Coming;
}

sealed class LedgerCall(int task, LedgerModule module, bool isFinit, bool isDrovers)
{
    public int Task { get; } = task;
    public LedgerModule Module { get; } = module;
    public bool IsFinit { get; } = isFinit;
    public bool IsDrovers { get; } = isDrovers;
    public bool IsInside { get; set; } // it has passed the gate
    public bool IsReading { get; set; } // it reads the file, and denies writing
    public bool IsAtGate { get; set; }
    public bool MadeLive { get; set; }
    public bool IsInInit { get; set; }
    public LedgerModule? WaitsFor { get; set; } // the module whose state it waits for, if any
}

/// <summary>Files, calls and module states, derived from the trace by the kernel's rules, independently of the model's
/// code. The invariants compare both. Belongs to its run.</summary>
sealed class Ledger(GateKind gate)
{
    readonly Dictionary<string, LedgerModule> _modules = [];
    readonly Dictionary<int, LedgerCall> _calls = [];
    readonly HashSet<int> _drovers = [];

    // struct enumerators: the checks after every step do not allocate
    public Dictionary<string, LedgerModule>.ValueCollection Modules => _modules.Values;
    public Dictionary<int, LedgerCall>.ValueCollection Calls => _calls.Values;

    public long WastedBytes { get; private set; } // bytes wasted by the calls that have ended
    public long Loaded { get; private set; }

    /// <summary>When a state last changed or a call left the gate: waiting tasks must wake up then.</summary>
    public long? WakeUpDueNs { get; set; }
    public LedgerModule this[string module] => _modules[module];
    public void Add(ModuleOnDisk file) => _modules.Add(file.Name, new LedgerModule(file));

    /// <summary>Enters an event; returns the invariant that it breaks, or null.</summary>
    public Breach? Enter(in ModelEvent happened)
    {
        switch (happened.Kind)
        {
            case ModelEventKind.TaskBegins when happened.Role is TaskRole.DroverCall:
                _drovers.Add(happened.Task);
                return null;
            case ModelEventKind.CallBegins:
                return Begin(happened);
            case ModelEventKind.CallEnds:
                return End(happened);
            case ModelEventKind.Stage when _calls.TryGetValue(happened.Task, out var call):
                return Stage(call, happened.Stage);
            case ModelEventKind.Waits when _calls.TryGetValue(happened.Task, out var call):
                call.IsAtGate = happened.Wait is WaitReason.Gate;
                call.WaitsFor = happened.Wait switch
                {
                    WaitReason.SameModule => call.Module,
                    WaitReason.Dependency => _modules[happened.What],
                    _ => null,
                };
                return null;
            case ModelEventKind.WaitEnds when _calls.TryGetValue(happened.Task, out var call):
                (call.IsAtGate, call.WaitsFor) = (false, null);
                return null;
            case ModelEventKind.ModuleState:
                return Change(_modules[happened.Module], happened.State, happened.AtNs);
            default:
                return null;
        }
    }

    Breach? Begin(in ModelEvent happened)
    {
        var module = _modules[happened.Module];
        module.Calls++;
        var call = new LedgerCall(happened.Task, module, happened.IsFinit, _drovers.Contains(happened.Task));
        if (!_calls.TryAdd(happened.Task, call))
            return new(Invariant.EveryCallReturns, $"task {happened.Task} calls for {module.Name} during a call");
        if (call.IsDrovers && ++module.DroverCalls > 1)
            return new(Invariant.DroverOneCallInFlight, $"two calls for {module.Name} are in flight");
        return null;
    }

    Breach? Stage(LedgerCall call, LoadStage stage)
    {
        if (call.IsReading)
        {
            call.IsReading = false;
            call.Module.Deniers--;
        }
        call.IsInInit = stage is LoadStage.Init;
        if (stage is not LoadStage.Read)
            return null;
        (call.IsInside, call.IsReading) = (true, true);
        call.Module.Deniers += gate is GateKind.Exclusive ? 2 : 1;
        return ++call.Module.SetUps > 1 && gate is GateKind.Exclusive or GateKind.Idempotent
            ? new(Invariant.OneSetUp, $"{call.Module.SetUps} calls set up {call.Module.Name} under the gate {gate}")
            : null;
    }

    Breach? End(in ModelEvent happened)
    {
        if (!_calls.Remove(happened.Task, out var call))
            return new(Invariant.EveryCallReturns, $"task {happened.Task} returns from a call that it has not made");
        var module = call.Module;
        WastedBytes += happened.Bytes;
        if (call.IsDrovers)
        {
            Debug.Assert(module.DroverCalls > 0, "the call was counted when it began");
            module.DroverCalls--;
        }
        if (call.IsReading)
            module.Deniers--;
        if (call.IsInside)
        {
            Debug.Assert(module.SetUps > 0, "the call was counted when it passed the gate");
            module.SetUps--;
            if (gate is GateKind.Exclusive)
                module.Deniers--;
            if (gate is GateKind.Idempotent)
                WakeUpDueNs = happened.AtNs;
        }
        if (call.IsFinit && !call.IsInside)
            return null; // refused by the gate, or given the result of another call
        if (happened.Error is Errno.None && !call.MadeLive)
            return new(Invariant.ModuleOnce, $"a call for {module.Name} succeeded without making it live");
        if (happened.Error is Errno.EEXIST && module.State is not ModuleState.Live)
            return new(Invariant.ModuleOnce, $"a call for {module.Name} ended in EEXIST, and it is not live");
        return null;
    }

    public static string NameOf(ModuleState? state) => state?.ToString().ToLowerInvariant() ?? "gone";

    Breach? Change(LedgerModule module, ModuleState? after, long atNs)
    {
        var before = module.State;
        module.State = after;
        if (!module.IsComing)
            WakeUpDueNs = atNs;
        if (after is ModuleState.Live)
        {
            Loaded++;
            foreach (var call in _calls.Values)
                call.MadeLive |= call.Module == module && call.IsInInit;
        }
        var isInOrder = (before, after) is
            (null, ModuleState.Unformed) or (ModuleState.Unformed, ModuleState.Coming or null) or
            (ModuleState.Coming, ModuleState.Live or ModuleState.Going) or
            (ModuleState.Live, ModuleState.Going) or (ModuleState.Going, null);
        return isInOrder
            ? null
            : new(Invariant.ModuleOnce, $"{module.Name} changes from {NameOf(before)} to {NameOf(after)}");
    }
}

readonly record struct Breach(Invariant Invariant, string What);
