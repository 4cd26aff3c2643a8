using Drover.Model;
using Drover.Modules;

namespace Drover.Loading.Tests;

/// <summary>A module of the simulated machine.</summary>
sealed class SimulatedModule(string name)
{
    public string Name { get; } = name;

    /// <summary>Its file; by default the one that the index names.</summary>
    public string Path { get; init; } = SimulatedMachine.PathOf(name);

    public string[] Dependencies { get; init; } = [];

    public string[] Before { get; init; } = [];

    public string[] After { get; init; } = [];

    public ulong Inode { get; init; }

    public long FileBytes { get; init; } = 1000;

    public long ImageBytes { get; init; } = 2000;

    public TimeSpan Takes { get; init; } = TimeSpan.FromMilliseconds(3);

    /// <summary>How long the call stays in the kernel after the module is live.</summary>
    public TimeSpan Lingers { get; init; }

    public ModuleCompression Compression { get; init; }

    /// <summary>What the calls end with, in order; the last one again and again. Empty: success.</summary>
    public Errno[] Replies { get; init; } = [];

    /// <summary>What its init asks of the loader, and waits for.</summary>
    public Func<Loader, Task>? Init { get; init; }

    public InitState State { get; set; }

    public int Calls { get; set; }

    public FileVersion Version { get; set; } = new(1000, 1);
}

/// <summary>
/// A kernel, its uevents and another process's loads, on the simulated loop; it checks at every call what must hold at every call, and records what happened.
/// </summary>
sealed class SimulatedMachine(SimulatedLoop loop, IEnumerable<SimulatedModule> modules, long budgetBytes, int jobs) : IKernel
{
    readonly Dictionary<string, SimulatedModule> _byName = modules.ToDictionary(module => module.Name);
    readonly Dictionary<string, SimulatedModule> _byPath = modules.ToDictionary(module => module.Path);
    readonly HashSet<string> _namesInFlight = [];
    readonly HashSet<string> _notYetLive = [];
    readonly HashSet<ulong> _filesInFlight = [];
    long _bytesInFlight;

    public SimulatedModule this[string name] => _byName[name];

    public IEnumerable<SimulatedModule> Modules => _byPath.Values;

    public List<(LoadCall Call, Errno Error)> Ended { get; } = [];

    public List<string> Commands { get; } = [];

    public int CommandStatus { get; set; }

    /// <summary>What install commands ask of the loader, and wait for.</summary>
    public Func<Loader, Task>? InCommand { get; set; }

    public int CpuCount => 4;

    public long AvailableBytes => 1L << 30;

    public ModuleCompression Decompresses { get; set; }

    public ulong UeventSeqnum { get; set; } = 100;

    public int PeakCalls { get; private set; }

    public long PeakBytes { get; private set; }

    public InitState InitStateOf(string module) => _byName.TryGetValue(module, out var known) ? known.State : InitState.Absent;

    public bool HasDrivers(string module) => true;

    public bool TryInspect(string path, out ModuleFileFacts facts, out LoadReply reason)
    {
        facts = default;
        reason = new LoadReply(Errno.ENOENT);
        if (!_byPath.TryGetValue(path, out var module))
            return false;
        facts = new ModuleFileFacts(new FileId(1, module.Inode), module.Version, module.FileBytes, module.ImageBytes, module.Compression);
        return true;
    }

    public async Task<LoadReply> LoadAsync(LoadCall call)
    {
        var module = _byPath[call.Path];
        var bytes = module.FileBytes + (2 * module.ImageBytes);
        Must(module.Name == call.Module, "the call names the module of the file");
        Must(_namesInFlight.Add(module.Name), $"{module.Name}: one call in flight per module");
        Must(_filesInFlight.Add(module.Inode), $"{module.Name}: one call in flight per file");
        Must(module.State is not InitState.Live, $"{module.Name}: no call for a live module");
        _notYetLive.Add(module.Name);
        _bytesInFlight += bytes;
        var past = Urgent.Contains(module.Name);
        Must(past || _notYetLive.Count <= jobs, "number in flight within the budget");
        Must(past || _bytesInFlight <= budgetBytes || _notYetLive.Count == 1, $"bytes in flight within the budget: {_bytesInFlight} of {budgetBytes}");
        foreach (var dependency in module.Dependencies)
            Must(Forgiving || this[dependency].State is InitState.Live, $"{module.Name} is called for when {dependency} is live");
        PeakCalls = Math.Max(PeakCalls, _notYetLive.Count);
        PeakBytes = Math.Max(PeakBytes, _bytesInFlight);

        var error = module.Replies.Length == 0 ? Errno.None : module.Replies[Math.Min(module.Calls, module.Replies.Length - 1)];
        module.Calls++;
        var ours = module.State is InitState.Absent;
        if (ours)
            module.State = InitState.Coming;
        await loop.Delay(module.Takes);
        if (module.Init is { } init)
            await init(Loader!);
        if (ours)
            module.State = error is Errno.None ? InitState.Live : InitState.Absent;
        else
            error = module.State is InitState.Live ? Errno.EEXIST : Errno.EBUSY;
        _notYetLive.Remove(module.Name);
        _bytesInFlight -= bytes;
        if (error is Errno.None)
            await loop.Delay(module.Lingers);
        UeventSeqnum++;
        _namesInFlight.Remove(module.Name);
        _filesInFlight.Remove(module.Inode);
        Ended.Add((call, error));
        return new LoadReply(error);
    }

    /// <summary>Whom the modules' own requests go to.</summary>
    public Loader? Loader { get; set; }

    /// <summary>Modules that are asked for from a load in the kernel, with what they need: their calls may go past the budget.</summary>
    public HashSet<string> Urgent { get; } = [];

    /// <summary>Another process removes modules: a dependency may be gone between the loader's look and its call.</summary>
    public bool Forgiving { get; set; }

    public async Task<int> RunInstallCommandAsync(string command, string module)
    {
        Commands.Add(command);
        if (InCommand is { } inCommand)
            await inCommand(Loader!);
        await loop.Delay(TimeSpan.FromMilliseconds(7));
        return CommandStatus;
    }

    /// <summary>Another process, outside our gate, loads a module.</summary>
    public async Task LoadFromOutsideAsync(string name, TimeSpan takes, bool succeeds)
    {
        var module = this[name];
        if (module.State is not InitState.Absent)
            return;
        module.State = InitState.Coming;
        await loop.Delay(takes);
        module.State = succeeds ? InitState.Live : InitState.Absent;
        UeventSeqnum++;
    }

    /// <summary>The catalog of a machine with these modules.</summary>
    public static ModuleCatalog Catalog(IEnumerable<SimulatedModule> modules, IEnumerable<(string Alias, string Module)>? aliases = null, string config = "")
    {
        var dependencies = new IndexBuilder();
        uint priority = 0;
        foreach (var module in modules)
        {
            var line = string.Join(' ', module.Dependencies.Select(PathOf).Prepend(PathOf(module.Name) + ":"));
            dependencies.Add(module.Name, line, priority++);
        }
        var patterns = new IndexBuilder();
        foreach (var (alias, module) in aliases ?? [])
            patterns.Add(alias, module, priority++);
        foreach (var module in modules.Where(module => module.Before.Length + module.After.Length > 0))
            config += $"\nsoftdep {module.Name} pre: {string.Join(' ', module.Before)} post: {string.Join(' ', module.After)}\n";
        var tree = ModuleTree.FromTables("/modules", Trie(dependencies), Trie(patterns));
        return new ModuleCatalog(tree, ModprobeConfig.Parse(config, "test.conf"));
    }

    static IndexTrie Trie(IndexBuilder builder) => new(builder.ToBytes(), "test.bin");

    public static string PathOf(string name) => $"/modules/{name}.ko";

    static void Must(bool condition, string what)
    {
        if (!condition)
            throw new InvariantException(what);
    }
}

sealed class InvariantException(string what) : Exception($"violated: {what}");

/// <summary>The gate between processes; other processes can be made to hold it.</summary>
sealed class SimulatedGate(SimulatedLoop loop) : IModuleGate
{
    readonly Dictionary<string, TaskCompletionSource> _held = [];
    readonly Dictionary<string, KnownResult?> _failures = [];

    public bool IsFree => _held.Count == 0;

    public IModuleGatePass? TryEnter(string module)
    {
        if (_held.ContainsKey(module))
            return null;
        _held.Add(module, new TaskCompletionSource());
        return new Pass(this, module);
    }

    public async Task<IModuleGatePass?> EnterAsync(string module, CancellationToken leave)
    {
        while (!leave.IsCancellationRequested)
        {
            if (TryEnter(module) is { } pass)
                return pass;
            var either = new TaskCompletionSource();
            using var leaving = leave.Register(() => either.TrySetResult());
            Follow(_held[module].Task, either);
            await either.Task;
        }
        return null;

        static async void Follow(Task released, TaskCompletionSource either)
        {
            await released;
            either.TrySetResult();
        }
    }

    /// <summary>Another process takes the gate, does something to the machine, perhaps leaves a failure, and goes (or dies, leaving nothing).</summary>
    public async Task HoldFromOutsideAsync(string module, Func<Task<KnownResult?>> work)
    {
        using var pass = await EnterAsync(module, CancellationToken.None);
        if (await work() is { } failure)
            pass!.Leave(failure);
        await loop.Delay(TimeSpan.FromMilliseconds(1));
    }

    sealed class Pass(SimulatedGate gate, string module) : IModuleGatePass
    {
        public KnownResult? LastFailure => gate._failures.GetValueOrDefault(module);

        public void Leave(KnownResult? failure) => gate._failures[module] = failure;

        public void Dispose()
        {
            if (gate._held.Remove(module, out var held))
                held.SetResult();
        }
    }
}
