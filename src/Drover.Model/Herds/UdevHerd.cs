namespace Drover.Model;

/// <summary>
/// systemd-udevd under <c>udevadm trigger</c> and <c>settle</c>: one event after another is sent; a main process of one thread hands each to an idle worker, or forks
/// one, up to children_max; a worker applies its rules and loads what the event's modaliases stand for. Workers share nothing. Errors are logged and nothing is
/// tried again. With <paramref name="shares"/> they are threads that share what is in flight, and have no memory of their own.
/// </summary>
sealed class UdevHerd(HerdMachine machine, bool shares, bool looksAtResults = true) : Herd(machine)
{
    const long MemoryOfAChild = 128L << 20;
    const int FewestForMemory = 10, Most = 2048;

    readonly Queue<ModelDevice> _events = new();
    readonly Stack<ModelTask> _idle = new();
    readonly KmodProbe _probe = new(machine);
    readonly SharedLoads _shared = new(machine);
    ModelTask? _udevd;
    int _workers, _busy;
    bool _triggered, _isPumping;

    /// <summary><c>manager_set_default_children_max</c>.</summary>
    int ChildrenMax => (int)Math.Min(Math.Min((2L * Machine.Cpus.Count) + 16, Math.Max(FewestForMemory, Machine.Memory.TotalBytes / MemoryOfAChild)), Most);

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
        while (_events.Count > 0 && (AnIdleOne() || _workers < ChildrenMax))
        {
            var device = _events.Dequeue();
            await Machine.Kernel.Compute(Machine.Costs.DispatchNs);
            if (!AnIdleOne() || !_idle.TryPop(out var worker))
            {
                worker = await ForkAsync();
                if (worker is null)
                    continue; // the event is lost with the worker that it would have had
            }
            worker.IsBusy = true;
            _busy++;
            Machine.Spawn(() => WorkAsync(worker, device));
        }
        _isPumping = false;
        EndIfDone();
    }

    bool AnIdleOne()
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
        await Machine.Kernel.Compute(shares ? Machine.Costs.ForkNs / 10 : Machine.Costs.ForkNs);
        var worker = await Machine.StartTaskAsync(_udevd!, "worker", shares ? 0 : Machine.Costs.WorkerBytes, mayBeKilled: !shares);
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
                await LoadAsync(worker, module);
            }
        }
    }

    async ValueTask LoadAsync(ModelTask worker, string module)
    {
        if (shares)
        {
            await _shared.LoadAsync(worker, module);
            return;
        }
        if (looksAtResults)
        {
            await _probe.InsertAsync(worker, module);
            return;
        }
        foreach (var name in Machine.Files[module].Facts.Dependencies.Append(module))
            await _probe.CallAsync(worker, Machine.Files[name]);
    }

    void EndIfDone() => IsDone = _triggered && _events.Count == 0 && !_isPumping && _busy == 0;
}
