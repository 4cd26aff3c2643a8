using Drover.Loading;

namespace Drover.Model;

/// <summary>Runs a herd on the model, in virtual time. One seed is one trace, under the JIT and in the native binary alike. Stateless; runs side by side share nothing.</summary>
public static class HerdRun
{
    const int StepsPerLook = 4096;

    /// <summary>From the first event to the last one's end, or to the end of memory.</summary>
    /// <exception cref="ScenarioException">The scenario contradicts itself.</exception>
    /// <exception cref="DeadlockException">Nothing can happen any more, and somebody still waits: a bug of the model, or of the loader on it.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled.</exception>
    public static HerdResult Run(HerdOptions options, IHerdObserver? observer = null, CancellationToken stop = default)
    {
        var machine = new HerdMachine(options, observer);
        var herd = Boot(machine);
        while (!herd.IsDone && !machine.Memory.IsExhausted)
        {
            if (!machine.Simulation.Step())
                throw new DeadlockException($"deadlock after {machine.Simulation.Steps} steps at {machine.Simulation.NowNs} ns (seed {options.Seed})");
            if (machine.Simulation.Fault is { } fault)
                throw new InvalidOperationException($"the model failed after {machine.Simulation.Steps} steps (seed {options.Seed}): {fault.Message}", fault);
            if (machine.Simulation.Steps % StepsPerLook == 0)
                stop.ThrowIfCancellationRequested();
        }
        machine.Trace.Happened(HerdEventKind.BootEnds, null);
        return ResultOf(machine);
    }

    /// <summary>The herd, which begins when the simulation does.</summary>
    internal static Herd Boot(HerdMachine machine)
    {
        var herd = HerdOf(machine);
        machine.Kernel.RequestModule = herd.RequestModuleAsync;
        machine.Spawn(async () =>
        {
            // what runs beside the loader, and with KASAN the shadow of all memory
            var shadow = machine.Options.Kasan ? machine.Memory.TotalBytes * machine.Costs.KasanShadow : 0;
            if (await machine.StartTaskAsync(machine.NewTask("boot"), "base system", machine.Costs.BaseBytes + shadow, mayBeKilled: false) is not null)
                herd.Begin();
        });
        return herd;
    }

    static Herd HerdOf(HerdMachine machine) => machine.Options.Herd switch
    {
        HerdKind.Udev or HerdKind.UserDecompress => new UdevHerd(machine, shares: false),
        HerdKind.UdevThreads => new UdevHerd(machine, shares: true),
        HerdKind.Spray => new UdevHerd(machine, shares: false, looksAtResults: false),
        HerdKind.Modprobe => new ModprobeHerd(machine),
        HerdKind.Drover => new DroverHerd(machine),
        _ => throw new ArgumentOutOfRangeException(nameof(machine)),
    };

    static HerdResult ResultOf(HerdMachine machine)
    {
        var kernel = machine.Kernel;
        var live = kernel.Modules.Values.Where(module => module.State is ModuleState.Live).Select(module => module.Name).Order(StringComparer.Ordinal).ToList();
        var missing = Wanted(machine).Except(live).Order(StringComparer.Ordinal).ToList();
        var why = machine.Memory.IsExhausted ? $"out of memory: nothing was left for the OOM killer to take, after {machine.Killed} workers"
            : machine.Killed > 0 && missing.Count > 0 ? $"the OOM killer took {machine.Killed} workers, and with them the loads of {missing.Count} modules"
            : null;
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

    /// <summary>What the devices ask for and could be there: modules whose own init succeeds, and whose dependencies' do, of devices that appear.</summary>
    internal static HashSet<string> Wanted(HerdMachine machine)
    {
        var wanted = new HashSet<string>();
        var asked = new HashSet<string>();
        var devices = machine.Options.Scenario.Devices;
        for (var before = -1; before != wanted.Count;)
        {
            before = wanted.Count;
            foreach (var device in devices.Where(device => device.AppearsWith is null || wanted.Contains(device.AppearsWith)))
                asked.UnionWith(device.Modaliases);
            foreach (var module in asked.SelectMany(machine.Resolve))
            {
                var all = machine.Files[module].Facts.Dependencies.Append(module).ToList();
                // what stands before the first that fails is loaded all the same
                wanted.UnionWith(all.TakeWhile(name => machine.Files[name].Facts.InitError is null));
            }
        }
        return wanted;
    }
}
