using Drover.Loading;

namespace Drover.Model;

/// <summary>
/// The kernel on the desk: what loading a module touches of it. The calls are <see cref="FinitModule"/>, <see cref="InitModule"/> and <see cref="DeleteModule"/>;
/// names follow kernel/module/main.c. One owner, the simulation.
/// </summary>
public sealed class KernelModel
{
    readonly Dictionary<string, KernelModule> _modules = [];
    readonly SortedDictionary<Errno, long> _calls = [];
    readonly HashSet<string> _attempted = [];
    readonly double _timeFactor, _vmallocFactor;

    /// <param name="simulation">Whose time passes.</param>
    /// <param name="cpus">Who computes.</param>
    /// <param name="memory">What is allocated from.</param>
    /// <param name="gate">Of its time.</param>
    /// <param name="costs">What things cost, without KASAN.</param>
    /// <param name="kasan">Whether KASAN is on.</param>
    /// <param name="trace">Is told.</param>
    public KernelModel(Simulation simulation, Cpus cpus, MachineMemory memory, GateKind gate, CostModel costs, bool kasan, HerdTrace trace)
    {
        (Simulation, Cpus, Memory, Gate, Costs, IsKasan, Trace) = (simulation, cpus, memory, gate, costs, kasan, trace);
        _timeFactor = kasan ? costs.KasanTimeFactor : 1;
        _vmallocFactor = kasan ? 1 + costs.KasanShadow : 1;
        FinishedLoading = new WaitQueue(simulation);
        AsyncDone = new WaitQueue(simulation);
        Idempotent = new IdempotentGate(simulation);
    }

    public Simulation Simulation { get; }

    public Cpus Cpus { get; }

    public MachineMemory Memory { get; }

    public GateKind Gate { get; }

    public CostModel Costs { get; }

    public bool IsKasan { get; }

    public HerdTrace Trace { get; }

    public StatsCounter Stats { get; } = new();

    /// <summary>It decompresses module files (CONFIG_MODULE_DECOMPRESS).</summary>
    public bool Decompresses { get; init; } = true;

    internal Mutation Mutation
    {
        get;
        init => (field, Idempotent.Mutation) = (value, value);
    }

    /// <summary>kernel.modules_disabled: EPERM.</summary>
    public bool ModulesDisabled { get; set; }

    /// <summary>SEQNUM of the last uevent.</summary>
    public ulong UeventSeqnum { get; private set; }

    /// <summary>Is told of every uevent: its path below /sys, its SEQNUM, and whether it is a removal.</summary>
    public Action<string, ulong, bool>? Uevent { get; set; }

    /// <summary>A module's init made devices appear, or changed what sysfs shows.</summary>
    public Action<KernelModule>? BecameLive { get; set; }

    /// <summary>The kernel's own modprobe (request_module), for inits that want another module.</summary>
    public Func<string, ValueTask<Errno>>? RequestModule { get; set; }

    /// <summary>Modules in the kernel's list.</summary>
    public IReadOnlyDictionary<string, KernelModule> Modules => _modules;

    /// <summary>Load calls so far, by errno.</summary>
    public IReadOnlyDictionary<Errno, long> Calls => _calls;

    /// <summary>Distinct modules for which it was called.</summary>
    public int Attempted => _attempted.Count;

    /// <summary>Load calls in the kernel now.</summary>
    public int CallsInFlight { get; private set; }

    /// <summary>What calls wasted that ended in EEXIST or EBUSY.</summary>
    public long DuplicateBytes { get; private set; }

    /// <summary>vmalloc space of all calls in flight: what memory must return to besides live modules.</summary>
    public long BytesOfCalls { get; private set; }

    /// <summary>vmalloc space of live modules.</summary>
    public long BytesLive { get; private set; }

    /// <summary><c>module_wq</c>: somebody's state has changed.</summary>
    internal WaitQueue FinishedLoading { get; }

    /// <summary>Asynchronous probes under way, for which every load's return waits (<c>async_synchronize_full</c>).</summary>
    internal int AsyncProbes { get; set; }

    internal WaitQueue AsyncDone { get; }

    internal IdempotentGate Idempotent { get; }

    /// <summary><c>find_module_all</c>.</summary>
    public KernelModule? Find(string name) => _modules.GetValueOrDefault(name);

    /// <summary>What <c>/sys/module/NAME/initstate</c> tells.</summary>
    public InitState InitStateOf(string name) => Find(name) switch
    {
        null or { IsInSysfs: false } => InitState.Absent,
        { State: ModuleState.Live } => InitState.Live,
        { State: ModuleState.Going } => InitState.Going,
        _ => InitState.Coming,
    };

    /// <summary>Computes for about this long, as it is drawn.</summary>
    public Cpus.Work Compute(double ns, bool yields = false) =>
        Cpus.Compute((long)(ns * _timeFactor * (1 + (Costs.Jitter * ((2 * Simulation.Random.NextDouble()) - 1)))), yields);

    /// <summary>Bytes that an image takes on this kernel.</summary>
    public long ImageBytes(ScenarioModule module) => IsKasan ? (long)(module.ImageBytes * Costs.KasanImageFactor) : module.ImageBytes;

    /// <summary>Allocates vmalloc space for a call.</summary>
    internal async ValueTask<bool> VmallocAsync(ModelTask task, long bytes)
    {
        var all = (long)(bytes * _vmallocFactor);
        if (!await Memory.AllocateAsync(task, all, isVmalloc: true))
        {
            Trace.Happened(HerdEventKind.OutOfMemory, task, bytes: bytes);
            return false;
        }
        BytesOfCalls += all;
        return true;
    }

    /// <summary>Frees what <see cref="VmallocAsync"/> gave.</summary>
    internal void Vfree(long bytes)
    {
        var all = (long)(bytes * _vmallocFactor);
        BytesOfCalls -= all;
        Memory.Free(all, isVmalloc: true);
    }

    /// <summary>What a call allocated for an image is a live module's from now on.</summary>
    internal void KeepAsLive(long imageBytes)
    {
        var all = (long)(imageBytes * _vmallocFactor);
        BytesOfCalls -= all;
        BytesLive += all;
    }

    /// <summary>A live module went.</summary>
    internal void FreeLive(long imageBytes)
    {
        var all = (long)(imageBytes * _vmallocFactor);
        BytesLive -= all;
        Memory.Free(all, isVmalloc: true);
    }

    internal void Add(KernelModule module)
    {
        Changed(module, "unformed");
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
        module.State = state;
        Changed(module, state switch { ModuleState.Coming => "coming", ModuleState.Live => "live", ModuleState.Going => "going", _ => "unformed" });
        if (Mutation is not Mutation.FailureWakesNobody || state is not ModuleState.Going)
            FinishedLoading.WakeAll((long)Costs.WakeNs);
    }

    internal void Remove(KernelModule module)
    {
        _modules.Remove(module.Name);
        if (module.IsAnnounced)
            SendUevent($"/module/{module.Name}", isRemoval: true);
        Changed(module, "gone");
        if (Mutation is not Mutation.FailureWakesNobody)
            FinishedLoading.WakeAll((long)Costs.WakeNs);
    }

    internal void CallBegins(ModelTask task, ModuleOnDisk file, string call)
    {
        CallsInFlight++;
        _attempted.Add(file.Facts.Name);
        Trace.Happened(HerdEventKind.CallBegins, task, file.Facts.Name, call, bytes: file.Facts.FileBytes);
    }

    internal void CallEnds(ModelTask task, ModuleOnDisk file, string call, Errno error, long wasted)
    {
        CallsInFlight--;
        _calls[error] = _calls.GetValueOrDefault(error) + 1;
        if (error is Errno.EEXIST or Errno.EBUSY)
            DuplicateBytes += wasted;
        Trace.Happened(HerdEventKind.CallEnds, task, file.Facts.Name, call, error, wasted);
    }

    void Changed(KernelModule module, string state) => Trace.Happened(HerdEventKind.ModuleState, null, module.Name, state);
}
