using Drover.Devices;
using Drover.Loading;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using Drover.Model.Time;
using Drover.Modules.Config;

namespace Drover.Model.Herds;

/// <summary><c>drover coldplug</c>: the production code of Drover.Devices and Drover.Loading on the modelled machine.
/// Its own CPU time is charged at once: the start, reading every device's uevent file, and one look-up for each
/// distinct modalias.</summary>
sealed class DroverLoader(ModelMachine machine) : SimulatedLoader(machine), ILoaderObserver
{
    static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(100);

    /// <summary>Bounds the requests of modules that are being initialised (see docs/loader.md).</summary>
    static readonly TimeSpan s_requestTimeout = TimeSpan.FromSeconds(1);

    ModelTask? _drover;
    SimulatedLoop? _loop;
    Loader? _loader;

    public ColdplugReport? Report { get; private set; }

    public override void Begin()
    {
        _drover = Machine.NewTask("drover");
        foreach (var device in Machine.FirstDevices())
            Machine.Appear(device);
        Machine.Spawn(StartAsync);
    }

    async ValueTask StartAsync()
    {
        var distinct = Machine.Devices.SelectMany(device => device.Modaliases).Distinct().Count();
        var (costs, devices) = (Machine.Costs, Machine.Devices.Count);
        await Machine.Kernel.Compute(costs.StartNs + (devices * costs.InitStateNs) + (distinct * costs.LookupNs));
        _loop = new SimulatedLoop(Machine.Simulation);
        var catalog = ScenarioCatalog.Of(Machine.Options.Scenario);
        IKernel kernel = new ModelKernelPort(Machine, _loop, catalog);
        kernel = Machine.Options.Parts.NewPort(kernel);
        _loader = new Loader(_loop, kernel, new NoOtherProcess(), catalog, new LoaderOptions(), this);
        var coldplug = new Coldplug(_loop, new ModelDevices(Machine, _loop), _loader, s_quiet);
        _ = _loop.Start(() => RunAsync(coldplug));
    }

    /// <summary>The kernel's modprobe sends a request to this loader; before it has started, it is kmod's.</summary>
    public override async ValueTask<Errno> RequestModuleAsync(string module)
    {
        if (_loop is null || _loader is null)
            return await base.RequestModuleAsync(module);
        // the kernel's thread is not the loop's: it sleeps until the loop has a result
        Errno? result = null;
        var ended = new WaitQueue(Machine.Simulation);
        _ = _loop.Start(async () =>
        {
            try
            {
                var outcome = await _loader.RequestAsync(new LoadRequest(module, Timeout: s_requestTimeout));
                result = outcome.Modules[0].Error;
                ended.WakeAll();
            }
            catch (Exception fault)
            {
                Machine.Simulation.Fail(fault);
            }
        });
        while (result is null)
            await ended.WaitUninterruptibly();
        return result.Value;
    }

    async Task RunAsync(Coldplug coldplug)
    {
        Debug.Assert(Report is null && !IsDone, "coldplug runs once");
        try
        {
            Report = await coldplug.RunAsync(CancellationToken.None);
            Machine.End(_drover!);
            IsDone = true;
        }
        catch (Exception fault)
        {
            Machine.Simulation.Fail(fault);
        }
    }

    public void Noted(string message) => Machine.Trace.Happened(ModelEventKind.Note, _drover, what: message);
}

/// <summary>The modelled machine behind the loader's kernel port. Used on the event loop.</summary>
sealed class ModelKernelPort : IKernel
{
    readonly ModelMachine _machine;
    readonly SimulatedLoop _loop;
    readonly FinitModule _finit;
    readonly UserDecompression _decompression;
    readonly Dictionary<string, ModuleOnDisk> _byPath = [];
    readonly Dictionary<string, ulong> _inodes = [];
    readonly ModuleCompression _compression;

    public ModelKernelPort(ModelMachine machine, SimulatedLoop loop, ModuleCatalog catalog)
    {
        (_machine, _loop) = (machine, loop);
        (_finit, _decompression) = (new FinitModule(machine.Kernel), new UserDecompression(machine));
        foreach (var (name, file) in machine.Files)
        {
            var path = catalog.Tree.Find(name)!.Path;
            _byPath[path] = file;
            _inodes[path] = (ulong)_inodes.Count + 1;
        }
        // a kmod that decompresses implies that files are compressed
        _compression = machine.Options.Scenario.Compression;
        if (_compression is ModuleCompression.None && machine.UserDecompresses)
            _compression = ModuleCompression.Xz;
    }

    public int CpuCount => _machine.Cpus.Count;
    public long AvailableBytes => _machine.Memory.AvailableBytes;
    public ModuleCompression Decompresses => _machine.UserDecompresses ? ModuleCompression.None : _compression;
    public ModuleCompression CheaperHere => ModuleCompression.None;
    public ulong UeventSeqnum => _machine.Kernel.UeventSeqnum;
    public InitState InitStateOf(string module) => _machine.Kernel.InitStateOf(module);
    public bool HasDrivers(string module) => true;

    public bool TryInspect(string path, out ModuleFileFacts facts, out LoadReply reason)
    {
        facts = default;
        reason = new LoadReply(Errno.ENOENT);
        if (!_byPath.TryGetValue(path, out var file))
            return false;
        var bytes = file.Facts.FileBytes;
        facts = new ModuleFileFacts(
            new FileId(1, _inodes[path]), new FileVersion(bytes, 1), bytes, file.Facts.ImageBytes, _compression);
        return true;
    }

    public Task<LoadReply> LoadAsync(LoadCall call)
    {
        var done = new TaskCompletionSource<LoadReply>();
        var thread = _machine.NewTask("kernel call", TaskRole.DroverCall);
        thread.IsBusy = true;
        _machine.Spawn(async () =>
        {
            var error = await CallAsync(thread, _byPath[call.Path], call.Via);
            _machine.End(thread);
            _loop.Post(() => done.SetResult(new LoadReply(error)));
        });
        return done.Task;
    }

    public Task<int> RunInstallCommandAsync(string command, string module) =>
        throw new NotSupportedException("a scenario has no install commands");

    async ValueTask<Errno> CallAsync(ModelTask thread, ModuleOnDisk file, LoadVia via)
    {
        var costs = _machine.Costs;
        // the loader's checks of sysfs and of the file, and the lock file
        await _machine.Kernel.Compute((2 * costs.InitStateNs) + (3 * costs.OpenNs));
        return via is LoadVia.InitModule
            ? await _decompression.CallAsync(thread, file)
            : await _finit.CallAsync(thread, file, via is LoadVia.FinitModuleCompressed);
    }
}

/// <summary>The modelled machine's devices behind the event port. Used on the event loop.</summary>
sealed class ModelDevices(ModelMachine machine, SimulatedLoop loop) : IDevices
{
    public ulong Seqnum => machine.Kernel.UeventSeqnum;

    public IEnumerable<DeviceEvent> Enumerate()
    {
        var began = Seqnum;
        // more may appear meanwhile
        for (var i = 0; i < machine.Devices.Count; i++)
            yield return EventOf(machine.Devices[i], began);
    }

    public IDisposable? Listen(Action<DeviceEvent> received, Action lost)
    {
        machine.DeviceAppeared = device => loop.Post(() => received(EventOf(device, device.Seqnum)));
        machine.Kernel.Uevent = (path, seqnum, isRemoval) =>
        {
            if (!path.StartsWith("/module/", StringComparison.Ordinal))
                return;
            var action = isRemoval ? DeviceAction.Remove : DeviceAction.Add;
            loop.Post(() => received(new DeviceEvent(action, path, "module", seqnum, [], [])));
        };
        return new Listening(machine);
    }

    static DeviceEvent EventOf(ModelDevice device, ulong seqnum) =>
        new(DeviceAction.Add, device.Path, device.Subsystem, seqnum, device.Modaliases, []);

    sealed class Listening(ModelMachine machine) : IDisposable
    {
        public void Dispose() => (machine.DeviceAppeared, machine.Kernel.Uevent) = (null, null);
    }
}

/// <summary>The locks where there are no other processes.</summary>
sealed class NoOtherProcess : IModuleLocks
{
    public Task<IModuleLock?> EnterAsync(string module, CancellationToken cancellationToken) =>
        Task.FromResult(TryEnter(module));

    public IModuleLock? TryEnter(string module) => new ModuleLock();

    sealed class ModuleLock : IModuleLock
    {
        public KnownResult? LastFailure => null;

        public void RecordFailure(KnownResult? failure)
        {
            // no other process reads it
        }

        public void Dispose()
        {
            // there is no lock
        }
    }
}
