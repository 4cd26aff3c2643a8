using Drover.Loading;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using Drover.Model.Time;

namespace Drover.Model.Herds;

public sealed record ModelDevice(string Path, string Subsystem, IReadOnlyList<string> Modaliases, ulong Seqnum);

/// <summary>The machine of one run: kernel, memory, CPUs, files, devices, tasks. Belongs to the simulation.</summary>
public sealed class ModelMachine
{
    readonly Dictionary<string, ModuleOnDisk> _files;
    readonly Dictionary<string, IReadOnlyList<string>> _aliases;
    readonly ILookup<string, ScenarioDevice> _later;
    readonly List<ModelTask> _tasks = [];
    readonly List<ModelDevice> _devices = [];
    int _lastTask;

    /// <exception cref="ScenarioException">A cost of the scenario has an unknown name.</exception>
    public ModelMachine(HerdOptions options, IModelObserver? observer = null)
    {
        var scenario = options.Scenario;
        Options = options with
        {
            Cpus = options.Cpus > 0 ? options.Cpus : scenario.Cpus,
            MemoryBytes = options.MemoryBytes > 0 ? options.MemoryBytes : scenario.MemoryBytes,
        };
        Costs = options.Costs ?? new CostModel().With(scenario.Costs);
        Simulation = new Simulation(options.Seed);
        Trace = new ModelTrace(Simulation, observer);
        Cpus = new Cpus(Simulation, Options.Cpus, Costs);
        Memory = new MachineMemory(Simulation, Options.MemoryBytes, KillOne);
        Kernel = options.Parts.NewKernel(new KernelSetup(Simulation, Cpus, Memory, options.Gate, Costs, Trace)
        {
            IsKasan = options.Kasan,
            Decompresses = options.KernelDecompresses && options.Loader is not LoaderKind.UserDecompress,
        });
        Kernel.BecameLive = BecameLive;
        _files = scenario.Modules.ToDictionary(
            module => module.Name, module => options.Parts.NewFile(module, $"/{module.Name}.ko"));
        _aliases = scenario.Aliases.ToDictionary(alias => alias.Modalias, alias => alias.Modules);
        _later = scenario.Devices.Where(device => device.AppearsWith is not null)
            .ToLookup(device => device.AppearsWith!);
    }

    /// <summary>The options, with CPUs and memory filled in.</summary>
    public HerdOptions Options { get; }
    public Simulation Simulation { get; }
    public ModelTrace Trace { get; }
    public Cpus Cpus { get; }
    public MachineMemory Memory { get; }
    public KernelModel Kernel { get; }
    public CostModel Costs { get; }
    public IReadOnlyDictionary<string, ModuleOnDisk> Files => _files;

    /// <summary>Plans loads on this machine, as the loader and modprobe do.</summary>
    public Planner Planner => field ??= new Planner(ScenarioCatalog.Of(Options.Scenario));
    public IReadOnlyList<ModelDevice> Devices => _devices;
    public Action<ModelDevice>? DeviceAppeared { get; set; }

    /// <summary>Tasks killed, by the OOM killer or by <see cref="Kill"/>.</summary>
    public int Killed { get; private set; }

    /// <summary>Tasks that have not ended.</summary>
    public IReadOnlyList<ModelTask> Tasks => _tasks;

    /// <summary>The loader has to decompress module files itself.</summary>
    public bool UserDecompresses => !Kernel.Decompresses;

    /// <summary>The modules of a modalias, in kmod's order; empty for an unknown one.</summary>
    public IReadOnlyList<string> Resolve(string modalias) => _aliases.GetValueOrDefault(modalias) ?? [];

    /// <summary>The devices that exist when the boot phase begins, in the order of their events.</summary>
    public IEnumerable<ModelDevice> FirstDevices() =>
        Options.Scenario.Devices.Where(device => device.AppearsWith is null).SelectMany(InstancesOf);

    public void Appear(ModelDevice device)
    {
        device = device with { Seqnum = Kernel.UeventSeqnum + 1 };
        _devices.Add(device);
        var seqnum = Kernel.SendUevent(device.Path);
        Debug.Assert(seqnum == device.Seqnum, "the device has its event's SEQNUM");
        Trace.Happened(ModelEventKind.Device, null, what: device.Path);
        DeviceAppeared?.Invoke(device);
    }

    /// <summary>Starts a task with memory of its own; null when the allocation fails.</summary>
    public async ValueTask<ModelTask?> StartTaskAsync(
        ModelTask parent, string name, TaskRole role, double bytes, bool mayBeKilled)
    {
        var own = (long)bytes;
        if (own > 0 && !await Memory.AllocateAsync(parent, own, isVmalloc: false))
            return null;
        return NewTask(name, role, own, mayBeKilled);
    }

    /// <summary>Starts a task whose memory, if any, is allocated already.</summary>
    public ModelTask NewTask(string name, TaskRole role = TaskRole.Other, long bytes = 0, bool mayBeKilled = false)
    {
        var task = new ModelTask(++_lastTask, name, role) { Bytes = bytes, MayBeKilled = mayBeKilled };
        _tasks.Add(task);
        Trace.TaskBegins(task);
        return task;
    }

    public void End(ModelTask task)
    {
        if (!_tasks.Remove(task))
            return;
        Trace.Happened(ModelEventKind.TaskEnds, task, what: task.Name);
        if (task.Bytes > 0)
            Memory.Free(task.Bytes, isVmalloc: false);
    }

    /// <summary>SIGKILL: an idle task ends at once, a busy one when it leaves the kernel.</summary>
    public void Kill(ModelTask task, string why)
    {
        Killed++;
        Trace.Happened(ModelEventKind.TaskKilled, task, what: why);
        task.Kill();
        if (!task.IsBusy)
            End(task);
    }

    /// <summary>Starts an activity that no caller awaits; an exception ends the run.</summary>
    public void Spawn(Func<ValueTask> body) => Simulation.Soon(() => Run(body));

    // async void on purpose: exceptions go to Simulation.Fault
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

    /// <summary>The OOM killer: kills a random task that has memory, may be killed and is not dying yet.</summary>
    bool KillOne()
    {
        var victims = _tasks.FindAll(task => task is { MayBeKilled: true, IsKilled: false, Bytes: > 0 });
        if (victims.Count == 0)
            return _tasks.Exists(task => task is { MayBeKilled: true, IsKilled: true });
        Kill(victims[Simulation.Random.Next(victims.Count)], "out of memory");
        return true;
    }

    void BecameLive(KernelModule module)
    {
        foreach (var device in _later[module.Name].SelectMany(InstancesOf))
            Appear(device);
    }

    IEnumerable<ModelDevice> InstancesOf(ScenarioDevice device)
    {
        if (!device.IsPerCpu)
            return [Instance(device.Path)];
        return Enumerable.Range(0, Options.Cpus).Select(cpu => Instance(device.Path.Replace(
            Scenario.CpuMark, cpu.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)));

        ModelDevice Instance(string path) => new(path, device.Subsystem, device.Modaliases, 0);
    }
}
