using Drover.Loading;

namespace Drover.Model.Tests;

/// <summary>A kernel on a bench: calls are started by hand, and time goes on until something is seen.</summary>
sealed class Bench : IHerdObserver
{
    readonly Dictionary<string, ModuleOnDisk> _files = [];
    int _tasks;

    public Bench(GateKind gate = GateKind.None, int cpus = 4, long memoryBytes = 1 << 30, bool decompresses = true)
    {
        Simulation = new Simulation(1);
        Memory = new MachineMemory(Simulation, memoryBytes, () => false);
        var costs = new CostModel { Jitter = 0 };
        Kernel = new KernelModel(Simulation, new Cpus(Simulation, cpus, costs), Memory, gate, costs, kasan: false, new HerdTrace(Simulation, this)) { Decompresses = decompresses };
    }

    public Simulation Simulation { get; }

    public MachineMemory Memory { get; }

    public KernelModel Kernel { get; }

    public List<HerdEvent> Trace { get; } = [];

    public ModuleStats Stats => Kernel.Stats.Snapshot();

    /// <summary>A module's file; a second name for one that is there gives that.</summary>
    public ModuleOnDisk File(string name, long bytes = 10_000, string[]? dependencies = null, Func<ScenarioModule, ScenarioModule>? with = null)
    {
        if (_files.TryGetValue(name, out var known))
            return known;
        var facts = new ScenarioModule { Name = name, FileBytes = bytes, ElfBytes = bytes, ImageBytes = 2 * bytes, TextBytes = bytes / 2, Dependencies = dependencies ?? [] };
        return _files[name] = new ModuleOnDisk(with?.Invoke(facts) ?? facts, $"/{name}.ko");
    }

    public BenchCall Finit(ModuleOnDisk file, bool compressed = false) => Start(task => new FinitModule(Kernel).CallAsync(task, file, compressed));

    public BenchCall Init(ModuleOnDisk file) => Start(task => new InitModule(Kernel).CallAsync(task, file));

    public BenchCall Delete(string name) => Start(task => new DeleteModule(Kernel).CallAsync(task, name));

    /// <summary>Loads it, from the beginning to rest.</summary>
    public Errno Load(ModuleOnDisk file, bool compressed = false)
    {
        var call = Finit(file, compressed);
        Rest();
        return call.Error;
    }

    /// <summary>Until nothing can happen any more.</summary>
    public void Rest()
    {
        while (Simulation.Step())
        {
        }
    }

    /// <summary>Until something is so; it must become so.</summary>
    public void Until(Func<bool> isSo)
    {
        while (!isSo())
            Assert.True(Simulation.Step(), "it never came");
    }

    /// <summary>Until a call comes to a stage, or a wait.</summary>
    public void Until(BenchCall call, string what) => Until(() => Trace.Exists(happened => happened.Task == call.Task.Id && happened.What == what));

    public void Happened(in HerdEvent happened) => Trace.Add(happened);

    BenchCall Start(Func<ModelTask, ValueTask<Errno>> body)
    {
        var call = new BenchCall(new ModelTask(++_tasks, "call"));
        Simulation.Soon(() => call.Run(body));
        return call;
    }
}

/// <summary>A call on the bench.</summary>
sealed class BenchCall(ModelTask task)
{
    Task<Errno>? _done;

    public ModelTask Task { get; } = task;

    public bool HasReturned => _done is { IsCompleted: true };

    /// <summary>What it returned.</summary>
    public Errno Error
    {
        get
        {
            Assert.True(HasReturned, "the call has not returned");
            return _done!.GetAwaiter().GetResult();
        }
    }

    public void Run(Func<ModelTask, ValueTask<Errno>> body) => _done = body(Task).AsTask();
}
