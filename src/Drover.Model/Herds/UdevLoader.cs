using Drover.Model.Kernel;

namespace Drover.Model.Herds;

/// <summary>systemd-udevd with <c>udevadm trigger</c> and <c>settle</c>: events are sent one after another; a main
/// process of one thread gives each to an idle worker, or forks one, up to children_max; a worker applies its rules and
/// loads the modules of the event's modaliases. Workers share nothing, and failed loads are not retried.</summary>
/// <param name="isShared">Workers are threads without memory of their own that share their loads in flight.</param>
/// <param name="checksResults">False: loads every module and its dependencies whatever the results.</param>
sealed class UdevLoader(ModelMachine machine, bool isShared, bool checksResults = true) : SimulatedLoader(machine)
{
    const long BytesPerChild = 128L << 20;
    const int MinOfMemory = 10, MaxChildren = 2048;

    readonly Queue<ModelDevice> _events = new();
    readonly Stack<ModelTask> _idle = new();
    readonly KmodProbe _probe = new(machine);
    readonly SharedLoads _shared = new(machine);
    ModelTask? _udevd;
    int _workers, _busy;
    bool _triggered, _isPumping;

    /// <summary><c>manager_set_default_children_max</c>.</summary>
    int ChildrenMax
    {
        get
        {
            var byMemory = Math.Max(MinOfMemory, Machine.Memory.TotalBytes / BytesPerChild);
            return (int)Math.Min(Math.Min((2L * Machine.Cpus.Count) + 16, byMemory), MaxChildren);
        }
    }

    public override void Begin()
    {
        _udevd = Machine.NewTask("udevd");
        Machine.DeviceAppeared = device =>
        {
            _events.Enqueue(device);
            Pump();
        };
        Machine.Spawn(TriggerAsync);
    }

    async ValueTask TriggerAsync()
    {
        foreach (var device in Machine.FirstDevices())
        {
            await Machine.Kernel.Compute(Machine.Costs.TriggerNs);
            Machine.Appear(device);
        }
        _triggered = true;
        EndIfDone();
    }

    void Pump()
    {
        if (_isPumping)
            return;
        _isPumping = true;
        Machine.Spawn(PumpAsync);
    }

    async ValueTask PumpAsync()
    {
        while (_events.Count > 0 && (HasIdle() || _workers < ChildrenMax))
        {
            var device = _events.Dequeue();
            await Machine.Kernel.Compute(Machine.Costs.DispatchNs);
            if (!HasIdle() || !_idle.TryPop(out var worker))
            {
                worker = await ForkAsync();
                if (worker is null)
                    continue; // udevd drops the event
            }
            Debug.Assert(!worker.IsBusy, "a worker handles one event at a time");
            worker.IsBusy = true;
            _busy++;
            Machine.Spawn(() => WorkAsync(worker, device));
        }
        _isPumping = false;
        EndIfDone();
    }

    /// <summary>An idle worker is on top of the stack; killed ones are removed from it.</summary>
    bool HasIdle()
    {
        while (_idle.TryPeek(out var worker) && worker.IsKilled)
        {
            _idle.Pop();
            _workers--;
        }
        return _idle.Count > 0;
    }

    async ValueTask<ModelTask?> ForkAsync()
    {
        _workers++;
        await Machine.Kernel.Compute(isShared ? Machine.Costs.ForkNs / 10 : Machine.Costs.ForkNs);
        var bytes = isShared ? 0 : Machine.Costs.WorkerBytes;
        var worker = await Machine.StartTaskAsync(_udevd!, "worker", TaskRole.Loads, bytes, mayBeKilled: !isShared);
        if (worker is null)
            _workers--;
        return worker;
    }

    async ValueTask WorkAsync(ModelTask worker, ModelDevice device)
    {
        await Machine.Kernel.Compute(Machine.Costs.RulesNs);
        await LoadAllAsync(worker, device);
        worker.IsBusy = false;
        _busy--;
        Debug.Assert(_busy >= 0 && _busy <= _workers, "busy workers are workers");
        if (worker.IsKilled)
        {
            _workers--;
            Machine.End(worker);
        }
        else
        {
            _idle.Push(worker);
        }
        Pump();
    }

    async ValueTask LoadAllAsync(ModelTask worker, ModelDevice device)
    {
        foreach (var modalias in device.Modaliases)
        {
            await Machine.Kernel.Compute(Machine.Costs.LookupNs);
            foreach (var module in Machine.Resolve(modalias))
            {
                if (worker.IsKilled)
                    return;
                await LoadModuleAsync(worker, module);
            }
        }
    }

    async ValueTask LoadModuleAsync(ModelTask worker, string module)
    {
        if (isShared)
        {
            await _shared.LoadWithDependenciesAsync(worker, module);
            return;
        }
        if (checksResults)
        {
            await _probe.InsertAsync(worker, module);
            return;
        }
        foreach (var name in Machine.Files[module].Facts.Dependencies.Append(module))
            await _probe.CallAsync(worker, Machine.Files[name]);
    }

    void EndIfDone() => IsDone = _triggered && _events.Count == 0 && !_isPumping && _busy == 0;
}

/// <summary>The least that threads of one process can share: loads in flight and their results. It has no budget, does
/// not know other processes and never retries. Belongs to the simulation.</summary>
sealed class SharedLoads(ModelMachine machine)
{
    readonly KmodProbe _probe = new(machine);
    readonly Dictionary<string, Errno?> _results = []; // results by module; null while the load is in flight
    readonly WaitQueue _ended = new(machine.Simulation);

    public async ValueTask<Errno> LoadWithDependenciesAsync(ModelTask task, string module)
    {
        foreach (var dependency in machine.Files[module].Facts.Dependencies)
        {
            if (await OnceAsync(task, dependency) is not Errno.None and var error)
                return error;
        }
        return await OnceAsync(task, module);
    }

    async ValueTask<Errno> OnceAsync(ModelTask task, string module)
    {
        while (_results.TryGetValue(module, out var known))
        {
            if (known is { } result)
                return result;
            if (!await _ended.Wait(task))
                return Errno.EINTR;
        }
        _results[module] = null;
        var error = await _probe.CallAsync(task, machine.Files[module]);
        _results[module] = error is Errno.EEXIST ? Errno.None : error;
        _ended.WakeAll();
        return error;
    }
}
