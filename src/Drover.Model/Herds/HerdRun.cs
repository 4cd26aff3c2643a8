using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using Drover.Model.Time;

namespace Drover.Model.Herds;

/// <summary>Runs a loader on the modelled machine, in virtual time. Runs on different threads share nothing.</summary>
public static class HerdRun
{
    const int StepsPerCancellationCheck = 4096;

    /// <summary>Beyond any machine: a boot of 4096 CPUs takes 700,000 steps, some 100 for each of their
    /// devices.</summary>
    const long MaxSteps = 2_000_000, MaxStepsPerDevice = 2_000;

    /// <summary>A year of the model's time.</summary>
    const long MaxNs = 365L * 24 * 3600 * 1_000_000_000;

    /// <summary>Runs from the first event to the end of the last one, or until memory is exhausted.</summary>
    /// <exception cref="ScenarioException">The scenario contradicts itself, or does not end.</exception>
    /// <exception cref="DeadlockException">A task waits for ever: a bug of the model, or of the
    /// loader on it.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static HerdResult Run(
        HerdOptions options, IModelObserver? observer = null, CancellationToken cancellationToken = default)
    {
        var machine = new ModelMachine(options, observer);
        var simulation = machine.Simulation;
        var loader = Boot(machine);
        var perCpu = options.Scenario.Devices.Count(device => device.IsPerCpu);
        var devices = options.Scenario.Devices.Count + ((long)perCpu * machine.Options.Cpus);
        var maxSteps = MaxSteps + (MaxStepsPerDevice * devices);
        while (!loader.IsDone && !machine.Memory.IsExhausted)
        {
            if (!simulation.Step())
                throw new DeadlockException($"deadlock after {At()}");
            if (simulation.Fault is IOException output)
                throw new IOException(output.Message, output.HResult); // the trace could not be written
            if (simulation.Fault is { } fault)
                throw new InvalidOperationException($"the model failed after {At()}: {fault.Message}", fault);
            if (simulation.Steps > maxSteps || simulation.NowNs > MaxNs)
            {
                throw new ScenarioException(
                    $"scenario '{options.Scenario.Name}' does not end in the model: it is given up after {At()}; "
                    + "is one of its times or costs, or one of --cost, out of all proportion?");
            }
            if (simulation.Steps % StepsPerCancellationCheck == 0)
                cancellationToken.ThrowIfCancellationRequested();
        }
        machine.Trace.Happened(ModelEventKind.BootEnds, null);
        return ResultOf(machine);

        string At() => $"{simulation.Steps} steps at {simulation.NowNs} ns (seed {options.Seed})";
    }

    /// <summary>Makes the loader, which begins when the simulation does.</summary>
    internal static SimulatedLoader Boot(ModelMachine machine)
    {
        var loader = LoaderOf(machine);
        machine.Kernel.RequestModule = loader.RequestModuleAsync;
        machine.Spawn(async () =>
        {
            // the rest of the system; with KASAN also the shadow of all memory
            var shadow = machine.Options.Kasan ? machine.Memory.TotalBytes * machine.Costs.KasanShadow : 0;
            var (boot, bytes) = (machine.NewTask("boot"), machine.Costs.BaseBytes + shadow);
            var system = await machine.StartTaskAsync(boot, "base system", TaskRole.Other, bytes, mayBeKilled: false);
            if (system is not null)
                loader.Begin();
        });
        return loader;
    }

    static SimulatedLoader LoaderOf(ModelMachine machine) => machine.Options.Loader switch
    {
        LoaderKind.Udev or LoaderKind.UserDecompress => new UdevLoader(machine, isShared: false),
        LoaderKind.UdevThreads => new UdevLoader(machine, isShared: true),
        LoaderKind.Spray => new UdevLoader(machine, isShared: false, checksResults: false),
        LoaderKind.ModulesLoad => new ModulesLoadLoader(machine),
        LoaderKind.Modprobe => new ModprobeLoader(machine),
        LoaderKind.Drover => new DroverLoader(machine),
        _ => throw new ArgumentOutOfRangeException(nameof(machine)),
    };

    static HerdResult ResultOf(ModelMachine machine)
    {
        var kernel = machine.Kernel;
        var live = kernel.Modules.Values.Where(module => module.State is ModuleState.Live)
            .Select(module => module.Name).Order(StringComparer.Ordinal).ToList();
        var missing = Loadable(machine).Except(live).Order(StringComparer.Ordinal).ToList();
        var why = (machine.Memory.IsExhausted, machine.Killed > 0 && missing.Count > 0) switch
        {
            (true, _) => $"out of memory: nothing was left for the OOM killer to take, after {machine.Killed} workers",
            (_, true) =>
                $"the OOM killer took {machine.Killed} workers, and with them the loads of {missing.Count} modules",
            _ => null,
        };
        Debug.Assert(kernel.DuplicateBytes <= kernel.Stats.WastedBytes, "duplicates are a part of the waste");
        return new HerdResult
        {
            Options = machine.Options,
            Calls = new SortedDictionary<Errno, long>(kernel.Calls.ToDictionary()),
            Attempted = kernel.Attempted,
            WastedBytes = kernel.Stats.WastedBytes,
            DuplicateBytes = kernel.DuplicateBytes,
            PeakBytes = machine.Memory.PeakBytes,
            PeakVmallocBytes = machine.Memory.PeakVmallocBytes,
            BootSeconds = machine.Simulation.NowNs / 1e9,
            Booted = why is null,
            WhyNotBooted = why,
            Live = live,
            Missing = missing,
            Killed = machine.Killed,
            Stats = kernel.Stats.Snapshot(),
            Steps = machine.Simulation.Steps,
            TraceHash = machine.Trace.Hash,
        };
    }

    /// <summary>The requested modules that can be live: the device appears, and every init succeeds.</summary>
    internal static HashSet<string> Loadable(ModelMachine machine)
    {
        var loadable = new HashSet<string>();
        var modaliases = new HashSet<string>();
        var devices = machine.Options.Scenario.Devices;
        for (var before = -1; before != loadable.Count;)
        {
            before = loadable.Count;
            foreach (var device in devices)
            {
                if (device.AppearsWith is null || loadable.Contains(device.AppearsWith))
                    modaliases.UnionWith(device.Modaliases);
            }
            foreach (var module in modaliases.SelectMany(machine.Resolve))
            {
                var all = machine.Files[module].Facts.Dependencies.Append(module);
                // dependencies before the first one that fails are loaded all the same
                loadable.UnionWith(all.TakeWhile(name => machine.Files[name].Facts.InitError is null));
            }
        }
        return loadable;
    }
}
