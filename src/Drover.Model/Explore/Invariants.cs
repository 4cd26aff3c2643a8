using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;

namespace Drover.Model.Explore;

/// <summary>The kernel's invariants, compared with the ledger after every step and at rest.</summary>
sealed class Invariants(ModelMachine machine, Ledger ledger)
{
    readonly KernelModel _kernel = machine.Kernel;
    ModuleStats _stats = new();
    long _used = -1;

    /// <param name="somethingHappened">The step has traced an event.</param>
    public Breach? AfterStep(bool somethingHappened)
    {
        if (_used != machine.Memory.UsedBytes)
        {
            _used = machine.Memory.UsedBytes;
            if (MemoryBreach() is { } memory)
                return memory;
        }
        if (ledger.WakeUpDueNs < machine.Simulation.NowNs && WakeUpBreach() is { } lost)
            return lost;
        return somethingHappened ? FileBreach() ?? CallsBreach() : null;
    }

    public Breach? AtRest()
    {
        if (WakeUpBreach() is { } lost)
            return lost;
        if (_kernel.CallsInFlight != 0 || ledger.Calls.Count != 0)
        {
            var calls = Math.Max(_kernel.CallsInFlight, ledger.Calls.Count);
            return new(Invariant.EveryCallReturns, $"at rest {calls} calls are in the kernel");
        }
        if (_kernel.FinishedLoading.Count + _kernel.AsyncDone.Count + machine.Memory.Waiting != 0)
            return new(Invariant.WakeUp, "at rest tasks are asleep in the kernel");
        if (ledger.Modules.Select(module => module.File.Inode).FirstOrDefault(at => at.WriteCount != 0) is { } inode)
            return new(Invariant.WriteCount, $"at rest the writecount of {inode.Path} is {inode.WriteCount}");
        var factor = _kernel.IsKasan ? 1 + _kernel.Costs.KasanShadow : 1;
        var live = _kernel.Modules.Values.Sum(module => (long)(_kernel.ImageBytes(module.File.Facts) * factor));
        if (machine.Memory.VmallocBytes != live)
            return new(Invariant.Memory, $"at rest vmalloc is {machine.Memory.VmallocBytes}, live modules hold {live}");
        foreach (var module in _kernel.Modules.Values)
        {
            var users = _kernel.Modules.Values.Count(user => user.File.Facts.Dependencies.Contains(module.Name));
            if (module.State is not ModuleState.Live)
                return new(Invariant.ModuleOnce, $"at rest {module.Name} is {module.State}");
            if (module.Users != users)
                return new(Invariant.Users, $"at rest {users} modules use {module.Name}, which counts {module.Users}");
        }
        return null;
    }

    Breach? FileBreach()
    {
        foreach (var module in ledger.Modules)
        {
            var (inode, writers, deniers) = (module.File.Inode, module.Writers, module.Deniers);
            if (writers > 0 && deniers > 0)
                return new(Invariant.WriterAndDenier, $"{inode.Path} has {writers} writers and {deniers} deniers");
            if (inode.WriteCount != writers - deniers)
            {
                var who = $"{writers} writers and {deniers} deniers";
                return new(Invariant.WriteCount, $"the writecount of {inode.Path} is {inode.WriteCount} with {who}");
            }
        }
        return null;
    }

    Breach? MemoryBreach()
    {
        var memory = machine.Memory;
        if (memory.VmallocBytes != _kernel.BytesOfCalls + _kernel.BytesLive)
        {
            var held = $"calls hold {_kernel.BytesOfCalls}, live modules {_kernel.BytesLive}";
            return new(Invariant.Memory, $"{memory.VmallocBytes} bytes of vmalloc space are in use, {held}");
        }
        var tasks = 0L;
        for (var i = 0; i < machine.Tasks.Count; i++)
            tasks += machine.Tasks[i].Bytes;
        return memory.UsedBytes != memory.VmallocBytes + tasks
            ? new(Invariant.Memory, $"{memory.UsedBytes} bytes in use, {memory.VmallocBytes} vmalloc, {tasks} of tasks")
            : null;
    }

    Breach? CallsBreach()
    {
        if (_kernel.CallsInFlight != ledger.Calls.Count)
        {
            var traced = $"{ledger.Calls.Count} have begun and not ended";
            return new(Invariant.EveryCallReturns, $"{_kernel.CallsInFlight} calls are in flight, {traced}");
        }
        if (_kernel.CallsInFlight == 0 && _kernel.BytesOfCalls != 0)
            return new(Invariant.Memory, $"no call is in flight, but calls hold {_kernel.BytesOfCalls} bytes");
        foreach (var module in _kernel.Modules.Values)
        {
            if (module.Users < 0)
                return new(Invariant.Users, $"{module.Name} has {module.Users} users");
            if (ledger[module.Name].State is var traced && traced != module.State)
                return new(Invariant.ModuleOnce, $"{module.Name} is {module.State}, {traced} by the trace");
        }
        return StatsBreach();
    }

    Breach? StatsBreach()
    {
        var now = _kernel.Stats.Current;
        if (now.WastedBytes != ledger.WastedBytes || now.EverLoaded != ledger.Loaded)
        {
            var counted = $"the statistics count {now.WastedBytes} and {now.EverLoaded}";
            return new(Invariant.Statistics, $"{ledger.WastedBytes} bytes wasted, {ledger.Loaded} loads; {counted}");
        }
        if (ReferenceEquals(now, _stats))
            return null;
        var before = _stats;
        _stats = now;
        return now.FailedKread < before.FailedKread || now.FailedDecompress < before.FailedDecompress
            || now.FailedBecoming < before.FailedBecoming || now.FailedLoad < before.FailedLoad
            || now.FailedKreadBytes < before.FailedKreadBytes || now.FailedLoadBytes < before.FailedLoadBytes
            || now.FailedDecompressBytes < before.FailedDecompressBytes
            || now.FailedBecomingBytes < before.FailedBecomingBytes || now.TotalModuleBytes < before.TotalModuleBytes
            ? new(Invariant.Statistics, $"a counter went back: {now}, before {before}")
            : null;
    }

    /// <summary>The instant of a wake-up is over: no call may still wait for an event that has happened.</summary>
    Breach? WakeUpBreach()
    {
        ledger.WakeUpDueNs = null;
        foreach (var call in ledger.Calls)
        {
            if (call.WaitsFor is { IsComing: false } awaited && IsAsleep(call.Task))
            {
                var state = Ledger.NameOf(awaited.State);
                return new(Invariant.WakeUp, $"{call.Module.Name} waits for {awaited.Name}, which is {state}");
            }
            if (call is { IsAtGate: true, Module.SetUps: 0 })
                return new(Invariant.WakeUp, $"{call.Module.Name} waits at the gate with no call inside");
        }
        return null;
    }

    /// <summary>It has not been woken. A task that was may still wait for the lock.</summary>
    bool IsAsleep(int task) => machine.Tasks.Any(known => known.Id == task && known.Sleeping is not null);
}

sealed class DroverInvariants(ModelMachine machine, Ledger ledger, SchedulePlan plan)
{
    /// <summary>A call begins: not for a live module, unless other programs load or remove modules.</summary>
    public Breach? Calling(in ModelEvent call) =>
        call.Kind is ModelEventKind.CallBegins
        && plan is { IsAlone: true, Options.Loader: LoaderKind.Drover }
        && ledger[call.Module].State is ModuleState.Live
            ? new(Invariant.DroverNoCallForLive, $"a call for {call.Module}, which is live")
            : null;

    public Breach? AtRest(DroverLoader loader)
    {
        var report = loader.Report!;
        var outcomes = report.Counts.Outcomes.Values.Sum();
        if (outcomes != report.Counts.Requested)
            return new(Invariant.DroverAnswers, $"{report.Counts.Requested} modules requested, {outcomes} outcomes");
        foreach (var alias in report.Aliases)
        {
            var modules = machine.Resolve(alias.Modalias).Count;
            if (alias.Modules.Count < modules)
                return new(Invariant.DroverAnswers, $"{alias.Modalias}: {alias.Modules.Count} of {modules} outcomes");
        }
        return plan.Faults.Count == 0 ? Converges() : null;
    }

    Breach? Converges()
    {
        var later = machine.Devices.Count(device => machine.Options.Scenario.Devices.Any(drawn =>
            drawn.AppearsWith is not null
            && device.Path.StartsWith(drawn.Path.Split(Scenario.CpuMark)[0], StringComparison.Ordinal)));
        foreach (var module in ledger.Modules)
        {
            // EBUSY of its init may mean another attempt: the loader retries a few times
            if (module.File.Facts.InitError is "EBUSY")
                continue;
            // a driver without hardware: one more for each device that appeared after the failure
            var max = module.File.Facts.InitError is null ? 1 : 1 + later;
            if (module.Calls > max)
                return new(Invariant.DroverConverges, $"{module.Calls} calls for {module.Name}, {max} are needed");
        }
        if (machine.Kernel.Stats.WastedBytes != 0)
            return new(Invariant.DroverConverges, $"{machine.Kernel.Stats.WastedBytes} bytes were wasted");
        var missing = HerdRun.Loadable(machine).FirstOrDefault(module => ledger[module].State is not ModuleState.Live);
        return missing is null ? null : new Breach(Invariant.DroverConverges, $"{missing} is missing");
    }
}
