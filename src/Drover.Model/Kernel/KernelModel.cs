using Drover.Model.Scenarios;
using Drover.Model.Time;

namespace Drover.Model.Kernel;

/// <param name="Costs">What operations cost without KASAN.</param>
public sealed record KernelSetup(
    Simulation Simulation, Cpus Cpus, MachineMemory Memory, GateKind Gate, CostModel Costs, ModelTrace Trace)
{
    public bool IsKasan { get; init; }
    /// <summary>It decompresses module files (CONFIG_MODULE_DECOMPRESS).</summary>
    public bool Decompresses { get; init; } = true;
}

/// <summary>A model of the kernel as far as module loading touches it. The system calls are <see cref="FinitModule"/>,
/// <see cref="InitModule"/> and <see cref="DeleteModule"/>; names follow kernel/module/main.c. Belongs to the
/// simulation. Tests override the virtual members to break them.</summary>
public class KernelModel(KernelSetup setup)
{
    readonly Dictionary<string, KernelModule> _modules = [];
    readonly SortedDictionary<Errno, long> _calls = [];
    readonly HashSet<string> _attempted = [];
    readonly double _timeFactor = setup.IsKasan ? setup.Costs.KasanTimeFactor : 1;
    readonly double _vmallocFactor = setup.IsKasan ? 1 + setup.Costs.KasanShadow : 1;

    public Simulation Simulation { get; } = setup.Simulation;
    public Cpus Cpus { get; } = setup.Cpus;
    public MachineMemory Memory { get; } = setup.Memory;
    public GateKind Gate { get; } = setup.Gate;
    public CostModel Costs { get; } = setup.Costs;
    public bool IsKasan { get; } = setup.IsKasan;
    public ModelTrace Trace { get; } = setup.Trace;
    public StatsCounter Stats { get; } = new();

    /// <inheritdoc cref="KernelSetup.Decompresses"/>
    public bool Decompresses { get; } = setup.Decompresses;

    /// <summary>kernel.modules_disabled: EPERM.</summary>
    public bool ModulesDisabled { get; set; }

    /// <summary>SEQNUM of the last uevent.</summary>
    public ulong UeventSeqnum { get; private set; }

    /// <summary>Receives every uevent: its path below /sys, its SEQNUM, and whether it is a removal.</summary>
    public Action<string, ulong, bool>? Uevent { get; set; }

    /// <summary>Receives every module whose init has succeeded; devices may appear with it.</summary>
    public Action<KernelModule>? BecameLive { get; set; }

    /// <summary>The kernel's own modprobe (request_module), for inits that request another module.</summary>
    public Func<string, ValueTask<Errno>>? RequestModule { get; set; }
    public IReadOnlyDictionary<string, KernelModule> Modules => _modules;

    /// <summary>Load calls so far, by errno.</summary>
    public IReadOnlyDictionary<Errno, long> Calls => _calls;

    /// <summary>Distinct modules of all load calls.</summary>
    public int Attempted => _attempted.Count;
    public int CallsInFlight { get; private set; }

    /// <summary>Bytes wasted by calls that ended in EEXIST or EBUSY.</summary>
    public long DuplicateBytes { get; private set; }

    /// <summary>vmalloc space of all calls in flight.</summary>
    public long BytesOfCalls { get; private set; }

    /// <summary>vmalloc space of live modules.</summary>
    public long BytesLive { get; private set; }

    internal WaitQueue FinishedLoading { get; } = new(setup.Simulation); // module_wq: a module's state has changed

    /// <summary>Asynchronous probes under way, for which every load waits (<c>async_synchronize_full</c>).</summary>
    internal int AsyncProbes { get; set; }
    internal WaitQueue AsyncDone { get; } = new(setup.Simulation);
    internal IdempotentGate Idempotent { get; init; } = new(setup.Simulation);
    internal LoadModule LoadModule { get => field ??= new LoadModule(this); init; }

    /// <summary><c>find_module_all</c>.</summary>
    public KernelModule? Find(string name) => _modules.GetValueOrDefault(name);

    /// <summary>The content of <c>/sys/module/NAME/initstate</c>.</summary>
    public InitState InitStateOf(string name) => Find(name) switch
    {
        null or { IsInSysfs: false } => InitState.Absent,
        { State: ModuleState.Live } => InitState.Live,
        { State: ModuleState.Going } => InitState.Going,
        _ => InitState.Coming,
    };

    /// <summary>Computes for about this long: with the jitter of the costs, and slower under KASAN.</summary>
    public Cpus.Work Compute(double ns, bool yields = false)
    {
        var jitter = Costs.Jitter * ((2 * Simulation.Random.NextDouble()) - 1);
        return Cpus.Compute((long)(ns * _timeFactor * (1 + jitter)), yields);
    }

    public long ImageBytes(ScenarioModule module) =>
        IsKasan ? (long)(module.ImageBytes * Costs.KasanImageFactor) : module.ImageBytes;

    /// <summary>Allocates vmalloc space for a call; false for ENOMEM.</summary>
    internal async ValueTask<bool> VmallocAsync(ModelTask task, long bytes)
    {
        var all = Vmalloced(bytes);
        if (!await Memory.AllocateAsync(task, all, isVmalloc: true))
        {
            Trace.Happened(ModelEventKind.OutOfMemory, task, bytes: bytes);
            return false;
        }
        BytesOfCalls += all;
        return true;
    }

    internal void Vfree(long bytes)
    {
        var all = Vmalloced(bytes);
        Debug.Assert(BytesOfCalls >= all, "a call frees its own allocations, once");
        BytesOfCalls -= all;
        Memory.Free(all, isVmalloc: true);
    }

    /// <summary>Moves an image from its call to the live modules.</summary>
    internal void KeepAsLive(long imageBytes)
    {
        var all = Vmalloced(imageBytes);
        Debug.Assert(BytesOfCalls >= all, "the call has allocated the image");
        BytesOfCalls -= all;
        BytesLive += all;
    }

    internal void FreeLive(long imageBytes)
    {
        var all = Vmalloced(imageBytes);
        Debug.Assert(BytesLive >= all, "the image was a live module's");
        BytesLive -= all;
        Memory.Free(all, isVmalloc: true);
    }

    internal void Add(KernelModule module)
    {
        Trace.StateChanges(module.Name, ModuleState.Unformed);
        _modules[module.Name] = module;
    }

    /// <summary><c>kobject_uevent</c>.</summary>
    public ulong SendUevent(string path, bool isRemoval = false)
    {
        UeventSeqnum++;
        Uevent?.Invoke(path, UeventSeqnum, isRemoval);
        return UeventSeqnum;
    }

    internal void Change(KernelModule module, ModuleState state)
    {
        Debug.Assert(state > module.State, "a module's states have one order");
        module.State = state;
        Trace.StateChanges(module.Name, state);
        WakeWaiting(state);
    }

    internal void Remove(KernelModule module)
    {
        _modules.Remove(module.Name);
        if (module.IsAnnounced)
            SendUevent($"/module/{module.Name}", isRemoval: true);
        Trace.StateChanges(module.Name, null);
        WakeWaiting(null);
    }

    /// <summary>Wakes the calls that wait for a module; its new state is null when it has left the list.</summary>
    protected virtual void WakeWaiting(ModuleState? state) => FinishedLoading.WakeAll((long)Costs.WakeNs);

    internal void CallBegins(ModelTask task, ModuleOnDisk file, string call, bool isFinit)
    {
        CallsInFlight++;
        _attempted.Add(file.Name);
        Trace.CallBegins(task, file, call, isFinit);
    }

    internal void CallEnds(LoadCallState call, string name, Errno error)
    {
        Debug.Assert(CallsInFlight > 0, "the call has begun");
        CallsInFlight--;
        _calls[error] = _calls.GetValueOrDefault(error) + 1;
        if (error is Errno.EEXIST or Errno.EBUSY)
            DuplicateBytes += call.WastedBytes;
        Trace.Happened(ModelEventKind.CallEnds, call.Task, call.Name, name, error, call.WastedBytes);
    }

    long Vmalloced(long bytes) => (long)(bytes * _vmallocFactor);
}
