using Drover.Kernel;
using Drover.Model.Time;
using Drover.Modules.Config;
using Drover.Modules.Index;
using Drover.Modules.Tree;

namespace Drover.Loading.Tests;

/// <summary>A module of the simulated machine.</summary>
sealed class SimulatedModule(string name)
{
    public string Name { get; } = name;

    /// <summary>Its file; the one in the index by default.</summary>
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

    public bool IsUnusual { get; init; }

    /// <summary>The results of the calls in order; the last one repeats. Empty: success.</summary>
    public Errno[] Replies { get; init; } = [];

    /// <summary>The request that its init makes to the loader and waits for.</summary>
    public Func<Loader, Task>? Init { get; init; }

    public InitState State { get; set; }

    public int Calls { get; set; }

    public FileVersion Version { get; set; } = new(1000, 1);
}

/// <summary>A kernel, its uevents and the loads of other processes on the simulated loop; it checks the rules at every
/// call, and records the calls.</summary>
sealed class SimulatedMachine(SimulatedLoop loop, IEnumerable<SimulatedModule> modules, long budgetBytes, int jobs)
    : IKernel
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

    /// <summary>The request that install commands make to the loader and wait for.</summary>
    public Func<Loader, Task>? InCommand { get; set; }

    public int CpuCount => 4;

    public long AvailableBytes => 1L << 30;

    public ModuleCompression Decompresses { get; set; }

    public ModuleCompression CheaperHere { get; set; }

    /// <summary>The reply to every init_module, which has no file.</summary>
    public Errno RefusalOfImages { get; set; }

    public ulong UeventSeqnum { get; set; } = 100;

    public int PeakCalls { get; private set; }

    public long PeakBytes { get; private set; }

    public InitState InitStateOf(string module) =>
        _byName.TryGetValue(module, out var known) ? known.State : InitState.Absent;

    public bool HasDrivers(string module) => true;

    /// <summary>Errors of the next inspections of files.</summary>
    public Queue<Errno> FailedInspections { get; } = [];

    public bool TryInspect(string path, out ModuleFileFacts facts, out LoadReply reason)
    {
        facts = default;
        reason = new LoadReply(FailedInspections.TryDequeue(out var failure) ? failure : Errno.ENOENT);
        if (reason.Error is not Errno.ENOENT)
            return false;
        if (!_byPath.TryGetValue(path, out var module))
            return false;
        facts = new ModuleFileFacts(
            new FileId(1, module.Inode), module.Version, module.FileBytes, module.ImageBytes, module.Compression)
        {
            IsUnusual = module.IsUnusual,
        };
        return true;
    }

    /// <summary>What is known about failed loads; the calls that were examined.</summary>
    public FailureFacts? Facts { get; set; }

    public List<string> Examined { get; } = [];

    public async Task<FailureFacts?> ExamineAsync(LoadCall call, LoadReply reply)
    {
        Must(reply.Error is not Errno.None, "a load is examined after it has failed");
        Examined.Add(call.Module);
        await loop.Delay(TimeSpan.FromMilliseconds(2));
        return Facts;
    }

    /// <summary>The next call throws this, against the contract of the port.</summary>
    public Exception? Fault { get; set; }

    public async Task<LoadReply> LoadAsync(LoadCall call)
    {
        var module = _byPath[call.Path];
        if (Fault is { } fault)
        {
            Fault = null;
            await loop.Delay(module.Takes);
            throw fault;
        }
        var bytes = module.FileBytes + ((call.Via is LoadVia.InitModule ? 3 : 2) * module.ImageBytes);
        Must(module.Name == call.Module, "the call names the module of the file");
        Must(_namesInFlight.Add(module.Name), $"{module.Name}: one call in flight per module");
        Must(_filesInFlight.Add(module.Inode), $"{module.Name}: one call in flight per file");
        Must(module.State is not InitState.Live, $"{module.Name}: no call for a live module");
        _notYetLive.Add(module.Name);
        _bytesInFlight += bytes;
        var isUrgent = Urgent.Contains(module.Name);
        Must(isUrgent || _notYetLive.Count <= jobs, "number in flight within the budget");
        Must(
            isUrgent || _bytesInFlight <= budgetBytes || _notYetLive.Count == 1,
            $"bytes in flight within the budget: {_bytesInFlight} of {budgetBytes}");
        foreach (var dependency in module.Dependencies)
        {
            Must(
                Forgiving || this[dependency].State is InitState.Live,
                $"{module.Name} is loaded after {dependency} is live");
        }
        PeakCalls = Math.Max(PeakCalls, _notYetLive.Count);
        PeakBytes = Math.Max(PeakBytes, _bytesInFlight);

        var error = module.Replies is []
            ? Errno.None
            : module.Replies[Math.Min(module.Calls, module.Replies.Length - 1)];
        if (call.Via is LoadVia.InitModule && RefusalOfImages is not Errno.None)
            error = RefusalOfImages;
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

    /// <summary>The loader that inits and install commands send requests to.</summary>
    public Loader? Loader { get; set; }

    /// <summary>Modules that the init of a module requests, with their dependencies: their calls may
    /// exceed the budget.</summary>
    public HashSet<string> Urgent { get; } = [];

    /// <summary>Another process removes modules: a dependency may be gone between check and call.</summary>
    public bool Forgiving { get; set; }

    public async Task<int> RunInstallCommandAsync(string command, string module)
    {
        Commands.Add(command);
        if (InCommand is { } inCommand)
            await inCommand(Loader!);
        await loop.Delay(TimeSpan.FromMilliseconds(7));
        return CommandStatus;
    }

    /// <summary>Another process loads a module outside the locks.</summary>
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
    public static ModuleCatalog Catalog(
        IEnumerable<SimulatedModule> modules, IEnumerable<(string Alias, string Module)>? aliases = null,
        string config = "")
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
        {
            var (before, after) = (string.Join(' ', module.Before), string.Join(' ', module.After));
            config += $"\nsoftdep {module.Name} pre: {before} post: {after}\n";
        }
        var tree = ModuleTree.FromTables("/modules", Trie(dependencies), Trie(patterns));
        return new ModuleCatalog(tree, ModprobeConfig.Parse(config, "test.conf"));
    }

    static IndexTrie Trie(IndexBuilder builder) => new(builder.ToBytes(), "test.bin");

    public static string PathOf(string name) => $"/modules/{name}.ko";

    static void Must(bool condition, string rule)
    {
        if (!condition)
            throw new InvariantException(rule);
    }
}

sealed class InvariantException(string rule) : Exception($"violated: {rule}");

/// <summary>The locks between processes; a test can hold one as another process.</summary>
sealed class SimulatedLocks(SimulatedLoop loop) : IModuleLocks
{
    readonly Dictionary<string, TaskCompletionSource> _held = [];
    readonly Dictionary<string, KnownResult?> _failures = [];

    public bool IsFree => _held.Count == 0;

    public IModuleLock? TryEnter(string module)
    {
        if (_held.ContainsKey(module))
            return null;
        _held.Add(module, new TaskCompletionSource());
        return new ModuleLock(this, module);
    }

    public async Task<IModuleLock?> EnterAsync(string module, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (TryEnter(module) is { } gateLock)
                return gateLock;
            var either = new TaskCompletionSource();
            using var registration = cancellationToken.Register(() => either.TrySetResult());
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

    /// <summary>Another process takes the locks, changes the machine, may record a failure, and
    /// releases the locks.</summary>
    public async Task HoldFromOutsideAsync(string module, Func<Task<KnownResult?>> work)
    {
        using var gateLock = await EnterAsync(module, CancellationToken.None);
        if (await work() is { } failure)
            gateLock!.RecordFailure(failure);
        await loop.Delay(TimeSpan.FromMilliseconds(1));
    }

    sealed class ModuleLock(SimulatedLocks locks, string module) : IModuleLock
    {
        public KnownResult? LastFailure => locks._failures.GetValueOrDefault(module);

        public void RecordFailure(KnownResult? failure) => locks._failures[module] = failure;

        public void Dispose()
        {
            if (locks._held.Remove(module, out var held))
                held.SetResult();
        }
    }
}
