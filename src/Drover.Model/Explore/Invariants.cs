namespace Drover.Model;

/// <summary>What must hold of the kernel, held against the ledger: after every step that changed anything, and at rest. Stateless but for what it compares with.</summary>
sealed class Invariants(HerdMachine machine, Ledger ledger)
{
    readonly KernelModel _kernel = machine.Kernel;
    ModuleStats _stats = new();
    long _used = -1;

    /// <summary>After a step in which something was traced or changed.</summary>
    public Breach? AfterStep(bool somethingHappened)
    {
        if (_used != machine.Memory.UsedBytes)
        {
            _used = machine.Memory.UsedBytes;
            if (MemoryBreach() is { } memory)
                return memory;
        }
        if (ledger.OwedSinceNs < machine.Simulation.NowNs && WakeUpBreach() is { } lost)
            return lost;
        return somethingHappened ? FileBreach() ?? CallsBreach() : null;
    }

    /// <summary>When nothing can happen any more.</summary>
    public Breach? AtRest()
    {
        if (WakeUpBreach() is { } lost)
            return lost;
        if (_kernel.CallsInFlight != 0 || ledger.Calls.Count != 0)
            return new Breach(Invariant.EveryCallReturns, $"at rest {Math.Max(_kernel.CallsInFlight, ledger.Calls.Count)} calls are in the kernel");
        if (_kernel.FinishedLoading.Count + _kernel.AsyncDone.Count + machine.Memory.Waiting != 0)
            return new Breach(Invariant.WakeUp, "at rest tasks are asleep in the kernel");
        foreach (var module in ledger.Modules)
        {
            if (module.File.Inode.WriteCount != 0)
                return new Breach(Invariant.WriteCount, $"at rest the writecount of {module.File.Inode.Path} is {module.File.Inode.WriteCount}");
        }
        var factor = _kernel.IsKasan ? 1 + _kernel.Costs.KasanShadow : 1;
        var live = _kernel.Modules.Values.Sum(module => (long)(_kernel.ImageBytes(module.File.Facts) * factor));
        if (machine.Memory.VmallocBytes != live)
            return new Breach(Invariant.Memory, $"at rest {machine.Memory.VmallocBytes} bytes of vmalloc space are in use, live modules hold {live}");
        foreach (var module in _kernel.Modules.Values)
        {
            var users = _kernel.Modules.Values.Count(user => user.File.Facts.Dependencies.Contains(module.Name));
            if (module.State is not ModuleState.Live)
                return new Breach(Invariant.ModuleOnce, $"at rest {module.Name} is {module.State}");
            if (module.Users != users)
                return new Breach(Invariant.Users, $"at rest {users} modules use {module.Name}, which counts {module.Users}");
        }
        return null;
    }

    Breach? FileBreach()
    {
        foreach (var module in ledger.Modules)
        {
            var count = module.File.Inode.WriteCount;
            if (module.Writers > 0 && module.Deniers > 0)
                return new Breach(Invariant.WriterAndDenier, $"{module.File.Inode.Path} has {module.Writers} writers, and {module.Deniers} deny writing");
            if (count != module.Writers - module.Deniers)
                return new Breach(Invariant.WriteCount, $"the writecount of {module.File.Inode.Path} is {count} with {module.Writers} writers and {module.Deniers} who deny writing");
        }
        return null;
    }

    Breach? MemoryBreach()
    {
        var memory = machine.Memory;
        if (memory.VmallocBytes != _kernel.BytesOfCalls + _kernel.BytesLive)
            return new Breach(Invariant.Memory, $"{memory.VmallocBytes} bytes of vmalloc space are in use, calls hold {_kernel.BytesOfCalls}, live modules {_kernel.BytesLive}");
        var tasks = 0L;
        for (var i = 0; i < machine.Tasks.Count; i++)
            tasks += machine.Tasks[i].Bytes;
        return memory.UsedBytes != memory.VmallocBytes + tasks
            ? new Breach(Invariant.Memory, $"{memory.UsedBytes} bytes are in use, {memory.VmallocBytes} of vmalloc space, {tasks} by tasks")
            : null;
    }

    Breach? CallsBreach()
    {
        if (_kernel.CallsInFlight != ledger.Calls.Count)
            return new Breach(Invariant.EveryCallReturns, $"{_kernel.CallsInFlight} calls are in flight, {ledger.Calls.Count} have begun and not ended");
        if (_kernel.CallsInFlight == 0 && _kernel.BytesOfCalls != 0)
            return new Breach(Invariant.Memory, $"no call is in the kernel, and calls hold {_kernel.BytesOfCalls} bytes");
        foreach (var module in _kernel.Modules.Values)
        {
            if (module.Users < 0)
                return new Breach(Invariant.Users, $"{module.Name} has {module.Users} users");
            if (ledger[module.Name].State != module.State)
                return new Breach(Invariant.ModuleOnce, $"{module.Name} is {module.State}, by its trace {ledger[module.Name].State}");
        }
        return StatsBreach();
    }

    Breach? StatsBreach()
    {
        var now = _kernel.Stats.Current;
        if (now.WastedBytes != ledger.WastedBytes || now.EverLoaded != ledger.Loaded)
        {
            return new Breach(Invariant.Statistics,
                $"calls wasted {ledger.WastedBytes} bytes and made {ledger.Loaded} modules live, the statistics say {now.WastedBytes} and {now.EverLoaded}");
        }
        if (ReferenceEquals(now, _stats))
            return null;
        var before = _stats;
        _stats = now;
        return now.FailedKread < before.FailedKread || now.FailedDecompress < before.FailedDecompress || now.FailedBecoming < before.FailedBecoming
            || now.FailedLoad < before.FailedLoad || now.FailedKreadBytes < before.FailedKreadBytes || now.FailedDecompressBytes < before.FailedDecompressBytes
            || now.FailedBecomingBytes < before.FailedBecomingBytes || now.FailedLoadBytes < before.FailedLoadBytes || now.TotalModuleBytes < before.TotalModuleBytes
            ? new Breach(Invariant.Statistics, $"a counter went back: {now}, before {before}")
            : null;
    }

    /// <summary>The instant is over in which somebody had to be woken: nobody may still wait for what has happened.</summary>
    Breach? WakeUpBreach()
    {
        ledger.OwedSinceNs = null;
        foreach (var call in ledger.Calls)
        {
            if (call.WaitsFor is { IsOnItsWay: false } awaited && IsAsleep(call.Task))
                return new Breach(Invariant.WakeUp, $"a call for {call.Module.Name} waits for {awaited.Name}, which is {awaited.State?.ToString().ToLowerInvariant() ?? "gone"}");
            if (call is { IsAtGate: true, Module.SetUps: 0 })
                return new Breach(Invariant.WakeUp, $"a call for {call.Module.Name} waits at the gate, and no call is inside");
        }
        return null;
    }

    /// <summary>Nobody has woken it: who was woken may still have to wait for the lock.</summary>
    bool IsAsleep(int task) => machine.Tasks.Any(known => known.Id == task && known.Sleeping is not null);
}
