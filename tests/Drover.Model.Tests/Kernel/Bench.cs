using Drover.Kernel;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using Drover.Model.Time;

namespace Drover.Model.Tests.Kernel;

/// <summary>A kernel without loaders: tests start calls, and run the simulation until a condition holds.</summary>
sealed class Bench : IModelObserver
{
    readonly Dictionary<string, ModuleOnDisk> _files = [];
    int _tasks;

    public Bench(GateKind gate = GateKind.None, int cpus = 4, long memoryBytes = 1 << 30, bool decompresses = true)
    {
        Simulation = new Simulation(1);
        Memory = new MachineMemory(Simulation, memoryBytes, () => false);
        var costs = new CostModel { Jitter = 0 };
        var trace = new ModelTrace(Simulation, this);
        Kernel = new KernelModel(new(Simulation, new Cpus(Simulation, cpus, costs), Memory, gate, costs, trace)
        {
            Decompresses = decompresses,
        });
    }

    public Simulation Simulation { get; }

    public MachineMemory Memory { get; }

    public KernelModel Kernel { get; }

    public List<ModelEvent> Trace { get; } = [];

    public ModuleStats Stats => Kernel.Stats.Snapshot();

    /// <summary>A module's file; the same one for the same name.</summary>
    public ModuleOnDisk File(
        string name,
        long bytes = 10_000,
        string[]? dependencies = null,
        Func<ScenarioModule, ScenarioModule>? with = null)
    {
        if (_files.TryGetValue(name, out var known))
            return known;
        var facts = new ScenarioModule
        {
            Name = name,
            FileBytes = bytes,
            ElfBytes = bytes,
            ImageBytes = 2 * bytes,
            TextBytes = bytes / 2,
            Dependencies = dependencies ?? [],
        };
        return _files[name] = new ModuleOnDisk(with?.Invoke(facts) ?? facts, new Inode($"/{name}.ko"));
    }

    public BenchCall Finit(ModuleOnDisk file, bool compressed = false) =>
        Start(task => new FinitModule(Kernel).CallAsync(task, file, compressed));

    public BenchCall Init(ModuleOnDisk file) => Start(task => new InitModule(Kernel).CallAsync(task, file));

    public BenchCall Delete(string name) => Start(task => new DeleteModule(Kernel).CallAsync(task, name));

    /// <summary>Loads a module and runs the simulation until it is idle.</summary>
    public Errno Load(ModuleOnDisk file, bool compressed = false)
    {
        var call = Finit(file, compressed);
        Rest();
        return call.Error;
    }

    /// <summary>Runs the simulation until it is idle.</summary>
    public void Rest()
    {
        while (Simulation.Step())
        {
        }
    }

    /// <summary>Runs the simulation until a condition holds.</summary>
    public void Until(Func<bool> condition)
    {
        while (!condition())
            Assert.True(Simulation.Step(), "the condition never holds");
    }

    /// <summary>Runs the simulation until a call reaches a stage.</summary>
    public void Until(BenchCall call, LoadStage stage) =>
        Until(() => Trace.Exists(happened => happened.Task == call.Task.Id && happened.Stage == stage));

    /// <summary>Runs the simulation until a call waits.</summary>
    public void Until(BenchCall call, WaitReason reason) =>
        Until(() => Trace.Exists(happened => happened.Task == call.Task.Id && happened.Wait == reason));

    public void Happened(in ModelEvent happened) => Trace.Add(happened);

    BenchCall Start(Func<ModelTask, ValueTask<Errno>> body)
    {
        var call = new BenchCall(new ModelTask(++_tasks, "call"));
        Simulation.Soon(() => call.Run(body));
        return call;
    }
}

sealed class BenchCall(ModelTask task)
{
    Task<Errno>? _done;

    public ModelTask Task { get; } = task;

    public bool HasReturned => _done is { IsCompleted: true };

    /// <summary>The call's result.</summary>
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
