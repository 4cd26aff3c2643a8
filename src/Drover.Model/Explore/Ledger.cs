using Drover.Loading;

namespace Drover.Model;

/// <summary>A module in the ledger: its file's users and its state, as its calls have told.</summary>
sealed class LedgerModule(ModuleOnDisk file)
{
    public ModuleOnDisk File { get; } = file;

    public string Name => File.Facts.Name;

    public int Writers { get; set; }

    public int Deniers { get; set; }

    /// <summary>Calls between the gate and their return.</summary>
    public int SetUps { get; set; }

    /// <summary>Calls that Drover has in the kernel.</summary>
    public int DroverCalls { get; set; }

    /// <summary>Calls made by anybody, so far.</summary>
    public int Calls { get; set; }

    /// <summary>Null: not in the kernel's list.</summary>
    public ModuleState? State { get; set; }

    public bool IsOnItsWay => State is ModuleState.Unformed or ModuleState.Coming;
}

/// <summary>A call in the ledger.</summary>
sealed class LedgerCall(int task, LedgerModule module, bool isFinit, bool isDrovers)
{
    /// <summary>Whose it is.</summary>
    public int Task { get; } = task;

    public LedgerModule Module { get; } = module;

    public bool IsFinit { get; } = isFinit;

    public bool IsDrovers { get; } = isDrovers;

    /// <summary>It has come through the gate.</summary>
    public bool IsInside { get; set; }

    /// <summary>It denies writing because it reads.</summary>
    public bool IsReading { get; set; }

    /// <summary>It waits at the idempotent gate.</summary>
    public bool IsAtGate { get; set; }

    /// <summary>It has made the module live.</summary>
    public bool MadeLive { get; set; }

    public bool IsInInit { get; set; }

    /// <summary>The module on whose state it waits, if any.</summary>
    public LedgerModule? WaitsFor { get; set; }
}

/// <summary>
/// Who holds what, counted from the trace alone: what the stages of calls and the changes of states imply, by the kernel's rules as the model's code is not asked
/// about them. What the code says is then held against it. One owner, its run.
/// </summary>
sealed class Ledger(GateKind gate)
{
    readonly Dictionary<string, LedgerModule> _modules = [];
    readonly Dictionary<int, LedgerCall> _calls = [];
    readonly HashSet<int> _drovers = [];

    // typed, so that looking through them after every step allocates nothing
    public Dictionary<string, LedgerModule>.ValueCollection Modules => _modules.Values;

    public Dictionary<int, LedgerCall>.ValueCollection Calls => _calls.Values;

    /// <summary>What calls wasted that have ended.</summary>
    public long WastedBytes { get; private set; }

    /// <summary>Modules that became live.</summary>
    public long Loaded { get; private set; }

    /// <summary>A state has changed, or a call at the gate has ended: somebody may have to wake up by the end of this instant.</summary>
    public long? OwedSinceNs { get; set; }

    public LedgerModule this[string module] => _modules[module];

    public void Add(ModuleOnDisk file) => _modules.Add(file.Facts.Name, new LedgerModule(file));

    /// <summary>Enters what happened; says what of it must not be, or null.</summary>
    public Breach? Enter(in HerdEvent happened)
    {
        switch (happened.Kind)
        {
            case HerdEventKind.TaskBegins when happened.What == ModelKernelPort.ThreadName:
                _drovers.Add(happened.Task);
                return null;
            case HerdEventKind.CallBegins:
                return Begin(happened);
            case HerdEventKind.CallEnds:
                return End(happened);
            case HerdEventKind.Stage when _calls.TryGetValue(happened.Task, out var call):
                return Stage(call, happened.What);
            case HerdEventKind.Waits when _calls.TryGetValue(happened.Task, out var call):
                call.IsAtGate = happened.What == "the gate";
                call.WaitsFor = happened.What == "the same module" ? call.Module : _modules.GetValueOrDefault(happened.What);
                return null;
            case HerdEventKind.WaitEnds when _calls.TryGetValue(happened.Task, out var call):
                (call.IsAtGate, call.WaitsFor) = (false, null);
                return null;
            case HerdEventKind.ModuleState:
                return Change(_modules[happened.Module], happened.What, happened.AtNs);
            default:
                return null;
        }
    }

    Breach? Begin(in HerdEvent happened)
    {
        var module = _modules[happened.Module];
        module.Calls++;
        var call = new LedgerCall(happened.Task, module, happened.What == FinitModule.Name, _drovers.Contains(happened.Task));
        if (!_calls.TryAdd(happened.Task, call))
            return new Breach(Invariant.EveryCallReturns, $"task {happened.Task} calls for {module.Name} while it is in a call");
        if (call.IsDrovers && ++module.DroverCalls > 1)
            return new Breach(Invariant.DroverOneCallInFlight, $"two calls for {module.Name} are in flight");
        return null;
    }

    Breach? Stage(LedgerCall call, string stage)
    {
        if (call.IsReading)
        {
            call.IsReading = false;
            call.Module.Deniers--;
        }
        call.IsInInit = stage == "init";
        if (stage != "read")
            return null;
        (call.IsInside, call.IsReading) = (true, true);
        call.Module.Deniers += gate is GateKind.Exclusive ? 2 : 1;
        return ++call.Module.SetUps > 1 && gate is GateKind.Exclusive or GateKind.Idempotent
            ? new Breach(Invariant.OneSetUp, $"{call.Module.File.Inode.Path} is set up by {call.Module.SetUps} calls under the gate {gate}")
            : null;
    }

    Breach? End(in HerdEvent happened)
    {
        if (!_calls.Remove(happened.Task, out var call))
            return new Breach(Invariant.EveryCallReturns, $"task {happened.Task} returns from a call that it did not make");
        var module = call.Module;
        WastedBytes += happened.Bytes;
        if (call.IsDrovers)
            module.DroverCalls--;
        if (call.IsReading)
            module.Deniers--;
        if (call.IsInside)
        {
            module.SetUps--;
            if (gate is GateKind.Exclusive)
                module.Deniers--;
            if (gate is GateKind.Idempotent)
                OwedSinceNs = happened.AtNs;
        }
        if (call.IsFinit && !call.IsInside)
            return null; // refused before the gate, or told what another call was told
        if (happened.Error is Errno.None && !call.MadeLive)
            return new Breach(Invariant.ModuleOnce, $"a call for {module.Name} succeeded, and did not make it live");
        if (happened.Error is Errno.EEXIST && module.State is not ModuleState.Live)
            return new Breach(Invariant.ModuleOnce, $"a call for {module.Name} ended in EEXIST, and it is not live");
        return null;
    }

    Breach? Change(LedgerModule module, string state, long atNs)
    {
        ModuleState? before = module.State;
        ModuleState? after = state switch
        {
            "unformed" => ModuleState.Unformed,
            "coming" => ModuleState.Coming,
            "live" => ModuleState.Live,
            "going" => ModuleState.Going,
            _ => null,
        };
        module.State = after;
        if (!module.IsOnItsWay)
            OwedSinceNs = atNs;
        if (after is ModuleState.Live)
        {
            Loaded++;
            foreach (var call in _calls.Values)
                call.MadeLive |= call.Module == module && call.IsInInit;
        }
        var isInOrder = (before, after) is
            (null, ModuleState.Unformed) or (ModuleState.Unformed, ModuleState.Coming or null) or
            (ModuleState.Coming, ModuleState.Live or ModuleState.Going) or (ModuleState.Live, ModuleState.Going) or (ModuleState.Going, null);
        return isInOrder ? null : new Breach(Invariant.ModuleOnce, $"{module.Name} becomes {state} while {before?.ToString().ToLowerInvariant() ?? "not there"}");
    }
}

/// <summary>An invariant that does not hold, and how it is seen.</summary>
readonly record struct Breach(Invariant Invariant, string What);
