using Drover.Devices;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Model;

/// <summary>The modelled machine behind the loader's kernel port. Used on the event loop.</summary>
sealed class ModelKernelPort : IKernel
{
    /// <summary>The threads in which the loader's calls are made; how a trace tells them from other tasks.</summary>
    public const string ThreadName = "kernel call";

    readonly HerdMachine _machine;
    readonly SimulatedLoop _loop;
    readonly FinitModule _finit;
    readonly UserDecompression _decompression;
    readonly Dictionary<string, ModuleOnDisk> _byPath = [];
    readonly Dictionary<string, ulong> _inodes = [];
    readonly ModuleCompression _compression;

    public ModelKernelPort(HerdMachine machine, SimulatedLoop loop, ModuleCatalog catalog)
    {
        (_machine, _loop) = (machine, loop);
        (_finit, _decompression) = (new FinitModule(machine.Kernel), new UserDecompression(machine));
        foreach (var (name, file) in machine.Files)
        {
            var path = catalog.Tree.Find(name)!.Path;
            _byPath[path] = file;
            _inodes[path] = (ulong)_inodes.Count + 1;
        }
        // a distribution that decompresses in user space does so because its files are compressed
        _compression = machine.Options.Scenario.Compression is ModuleCompression.None && machine.UserDecompresses ? ModuleCompression.Xz : machine.Options.Scenario.Compression;
    }

    public int CpuCount => _machine.Cpus.Count;

    public long AvailableBytes => _machine.Memory.AvailableBytes;

    public ModuleCompression Decompresses => _machine.UserDecompresses ? ModuleCompression.None : _compression;

    public ulong UeventSeqnum => _machine.Kernel.UeventSeqnum;

    public InitState InitStateOf(string module) => _machine.Kernel.InitStateOf(module);

    public bool HasDrivers(string module) => true;

    public bool TryInspect(string path, out ModuleFileFacts facts, out LoadReply reason)
    {
        facts = default;
        reason = new LoadReply(Errno.ENOENT);
        if (!_byPath.TryGetValue(path, out var file))
            return false;
        facts = new ModuleFileFacts(new FileId(1, _inodes[path]), new FileVersion(file.Facts.FileBytes, 1), file.Facts.FileBytes, file.Facts.ImageBytes, _compression);
        return true;
    }

    public Task<LoadReply> LoadAsync(LoadCall call)
    {
        var done = new TaskCompletionSource<LoadReply>();
        var thread = _machine.NewTask(ThreadName);
        thread.IsBusy = true;
        _machine.Spawn(async () =>
        {
            var error = await CallAsync(thread, _byPath[call.Path], call.Via);
            _machine.End(thread);
            _loop.Post(() => done.SetResult(new LoadReply(error)));
        });
        return done.Task;
    }

    public Task<int> RunInstallCommandAsync(string command, string module) => throw new NotSupportedException("a scenario has no install commands");

    async ValueTask<Errno> CallAsync(ModelTask thread, ModuleOnDisk file, LoadVia via)
    {
        var costs = _machine.Costs;
        // the loader's looks at sysfs and at the file, and the gate's lock file
        await _machine.Kernel.Compute((2 * costs.InitStateNs) + (3 * costs.OpenNs));
        return via is LoadVia.InitModule
            ? await _decompression.CallAsync(thread, file)
            : await _finit.CallAsync(thread, file, via is LoadVia.FinitModuleCompressed);
    }
}

/// <summary>The modelled machine's devices behind the event port. Used on the event loop.</summary>
sealed class ModelDevices(HerdMachine machine, SimulatedLoop loop) : IDevices
{
    public ulong Seqnum => machine.Kernel.UeventSeqnum;

    public IEnumerable<DeviceEvent> Enumerate()
    {
        var began = Seqnum;
        // more may appear while the look goes on
        for (var i = 0; i < machine.Devices.Count; i++)
            yield return EventOf(machine.Devices[i], began);
    }

    public IDisposable? Listen(Action<DeviceEvent> received, Action lost)
    {
        machine.DeviceAppeared = device => loop.Post(() => received(EventOf(device, device.Seqnum)));
        machine.Kernel.Uevent = (path, seqnum, isRemoval) =>
        {
            if (path.StartsWith("/module/", StringComparison.Ordinal))
                loop.Post(() => received(new DeviceEvent(isRemoval ? DeviceAction.Remove : DeviceAction.Add, path, "module", seqnum, [], [])));
        };
        return new Listening(machine);
    }

    static DeviceEvent EventOf(ModelDevice device, ulong seqnum) => new(DeviceAction.Add, device.Path, device.Subsystem, seqnum, device.Modaliases, []);

    sealed class Listening(HerdMachine machine) : IDisposable
    {
        public void Dispose() => (machine.DeviceAppeared, machine.Kernel.Uevent) = (null, null);
    }
}

/// <summary>There is no other process: every module's gate is open.</summary>
sealed class NoOtherProcess : IModuleGate
{
    public Task<IModuleGatePass?> EnterAsync(string module, CancellationToken leave) => Task.FromResult<IModuleGatePass?>(new Pass());

    public IModuleGatePass? TryEnter(string module) => new Pass();

    sealed class Pass : IModuleGatePass
    {
        public KnownResult? LastFailure => null;

        public void Leave(KnownResult? failure)
        {
            // nobody would read it
        }

        public void Dispose()
        {
            // nothing is held
        }
    }
}
