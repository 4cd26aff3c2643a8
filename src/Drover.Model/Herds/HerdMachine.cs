
namespace Drover.Model;

/// <summary>A device of the modelled machine.</summary>
public sealed record ModelDevice(string Path, string Subsystem, IReadOnlyList<string> Modaliases, ulong Seqnum);

/// <summary>The machine of one run: its kernel, memory and CPUs, its module files, its devices, and its tasks. One owner, the simulation.</summary>
public sealed class HerdMachine
{
    const long KillableFromBytes = 1;

    readonly Dictionary<string, ModuleOnDisk> _files = [];
    readonly Dictionary<string, IReadOnlyList<string>> _aliases = [];
    readonly ILookup<string, ScenarioDevice> _later;
    readonly List<ModelTask> _tasks = [];
    readonly List<ModelDevice> _devices = [];
    readonly CostModel _costs;
    int _lastTask;

    /// <exception cref="ScenarioException">The scenario contradicts itself.</exception>
    public HerdMachine(HerdOptions options, IHerdObserver? observer = null)
    {
        var scenario = options.Scenario;
        Options = options with
        {
            Cpus = options.Cpus > 0 ? options.Cpus : scenario.Cpus,
            MemoryBytes = options.MemoryBytes > 0 ? options.MemoryBytes : scenario.MemoryBytes,
        };
        _costs = options.Costs ?? new CostModel().With(scenario.Costs);
        Simulation = new Simulation(options.Seed);
        Trace = new HerdTrace(Simulation, observer);
        Cpus = new Cpus(Simulation, Options.Cpus, _costs);
        Memory = new MachineMemory(Simulation, Options.MemoryBytes, KillOne);
        Kernel = new KernelModel(Simulation, Cpus, Memory, options.Gate, _costs, options.Kasan, Trace)
        {
            Decompresses = options.KernelDecompresses && options.Herd is not HerdKind.UserDecompress,
            BecameLive = BecameLive,
            Mutation = options.Mutation,
        };
        foreach (var module in scenario.Modules)
            _files[module.Name] = new ModuleOnDisk(module, $"/{module.Name}.ko") { Inode = { Mutation = options.Mutation } };
        foreach (var alias in scenario.Aliases)
            _aliases[alias.Modalias] = alias.Modules;
        _later = scenario.Devices.Where(device => device.AppearsWith is not null).ToLookup(device => device.AppearsWith!);
    }

    /// <summary>With CPUs and memory filled in.</summary>
    public HerdOptions Options { get; }

    public Simulation Simulation { get; }

    public HerdTrace Trace { get; }

    public Cpus Cpus { get; }

    public MachineMemory Memory { get; }

    public KernelModel Kernel { get; }

    public CostModel Costs => _costs;

    /// <summary>Module files by name.</summary>
    public IReadOnlyDictionary<string, ModuleOnDisk> Files => _files;

    /// <summary>Devices that are there.</summary>
    public IReadOnlyList<ModelDevice> Devices => _devices;

    /// <summary>Is told of every device that appears.</summary>
    public Action<ModelDevice>? DeviceAppeared { get; set; }

    /// <summary>Tasks that were killed: by the OOM killer, unless somebody else does so, too.</summary>
    public int Killed { get; private set; }

    /// <summary>Tasks that have not ended.</summary>
    public IReadOnlyList<ModelTask> Tasks => _tasks;

    /// <summary>Whoever loads has to decompress the file itself.</summary>
    public bool UserDecompresses => !Kernel.Decompresses;

    /// <summary>What a modalias stands for, in kmod's order; empty where no module has it.</summary>
    public IReadOnlyList<string> Resolve(string modalias) => _aliases.GetValueOrDefault(modalias) ?? [];

    /// <summary>The devices that are there when the boot phase begins, as their events will come.</summary>
    public IEnumerable<ModelDevice> FirstDevices() => Options.Scenario.Devices.Where(device => device.AppearsWith is null).SelectMany(InstancesOf);

    /// <summary>A device is there from now on; its event is sent.</summary>
    public void Appear(ModelDevice device)
    {
        device = device with { Seqnum = Kernel.UeventSeqnum + 1 };
        _devices.Add(device);
        Kernel.SendUevent(device.Path);
        Trace.Happened(HerdEventKind.Device, null, what: device.Path);
        DeviceAppeared?.Invoke(device);
    }

    /// <summary>A new task with memory of its own; null when there was none to be had.</summary>
    public async ValueTask<ModelTask?> StartTaskAsync(ModelTask parent, string name, double bytes, bool mayBeKilled)
    {
        var own = (long)bytes;
        if (own > 0 && !await Memory.AllocateAsync(parent, own, isVmalloc: false))
            return null;
        return NewTask(name, own, mayBeKilled);
    }

    /// <summary>A task without memory of its own.</summary>
    public ModelTask NewTask(string name, long bytes = 0, bool mayBeKilled = false)
    {
        var task = new ModelTask(++_lastTask, name) { Bytes = bytes, MayBeKilled = mayBeKilled };
        _tasks.Add(task);
        Trace.Happened(HerdEventKind.TaskBegins, task, what: name);
        return task;
    }

    /// <summary>A task ends; its memory is free.</summary>
    public void End(ModelTask task)
    {
        if (!_tasks.Remove(task))
            return;
        Trace.Happened(HerdEventKind.TaskEnds, task, what: task.Name);
        if (task.Bytes > 0)
            Memory.Free(task.Bytes, isVmalloc: false);
    }

    /// <summary>SIGKILL. An idle task is gone at once; one at work when it leaves the kernel.</summary>
    public void Kill(ModelTask task, string why)
    {
        Killed++;
        Trace.Happened(HerdEventKind.TaskKilled, task, what: why);
        task.Kill();
        if (!task.IsBusy)
            End(task);
    }

    /// <summary>Starts something that goes on by itself, soon; what it throws ends the run.</summary>
    public void Spawn(Func<ValueTask> body) => Simulation.Soon(() => Run(body));

    // the one place where nobody awaits: its faults are kept
    async void Run(Func<ValueTask> body)
    {
        try
        {
            await body();
        }
        catch (Exception fault)
        {
            Simulation.Fail(fault);
        }
    }

    /// <summary>The OOM killer: one of those who may be killed and are not dying yet.</summary>
    bool KillOne()
    {
        var victims = _tasks.FindAll(task => task is { MayBeKilled: true, IsKilled: false, Bytes: >= KillableFromBytes });
        if (victims.Count == 0)
            return _tasks.Exists(task => task is { MayBeKilled: true, IsKilled: true });
        Kill(victims[Simulation.Random.Next(victims.Count)], "out of memory");
        return true;
    }

    void BecameLive(KernelModule module)
    {
        foreach (var device in _later[module.Name])
        {
            foreach (var instance in InstancesOf(device))
                Appear(instance);
        }
    }

    IEnumerable<ModelDevice> InstancesOf(ScenarioDevice device)
    {
        for (var i = 0; i < (device.IsPerCpu ? Options.Cpus : 1); i++)
        {
            var path = device.IsPerCpu ? device.Path.Replace("{cpu}", i.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal) : device.Path;
            yield return new ModelDevice(path, device.Subsystem, device.Modaliases, 0);
        }
    }
}
