using System.Diagnostics;
using Drover.Control;
using Drover.Kernel;
using Drover.Loading;
using Drover.Modules;
using Drover.Modules.Config;

namespace Drover.Devices;

/// <summary>The daemon: loads what devices and clients request, through one loader. All its state can be found again:
/// after a restart it scans the devices, and a live module costs no call. Runs on the event loop.</summary>
public sealed class LoadService : ILoadService
{
    /// <summary>How long to wait for an event that the kernel has counted. A missing one went to another namespace: the
    /// kernel counts events of network devices, but sends them to their own network namespace only.</summary>
    static readonly TimeSpan s_maxDelivery = TimeSpan.FromMilliseconds(100);

    readonly EventLoop _loop;
    readonly IDevices _devices;
    readonly Func<ModuleCatalog> _reopen;
    readonly Loader _loader;
    readonly Conditions _conditions;
    readonly ServiceRecords _records;
    readonly PendingRequests _requests;
    readonly DeviceTracker _tracker;
    readonly List<Action<ServedOutcome>> _subscribers = [];
    readonly BootRecord? _record;
    readonly long _began;
    ModuleCatalog _catalog;
    CancellationToken _stopping;
    bool _isScanning = true;
    long _reloads;

    /// <param name="record">Of the last boot, for the order of loads; null for none.</param>
    public LoadService(
        EventLoop loop, IDevices devices, IKernel kernel, IModuleGate gate, ModuleCatalog catalog,
        Func<ModuleCatalog> reopen, LoaderOptions options, ILoaderObserver? observer = null, BootRecord? record = null)
    {
        (_loop, _devices, _catalog, _reopen, _record) = (loop, devices, catalog, reopen, record);
        _began = loop.Time.GetTimestamp();
        _conditions = new Conditions(loop);
        _records = new ServiceRecords(loop, observer, _conditions);
        _loader = new Loader(loop, kernel, gate, catalog, options, _records);
        _requests = new PendingRequests(loop, _loader, _conditions) { Completed = Publish };
        _tracker = new DeviceTracker(loop, devices, _requests, _conditions, record);
    }

    /// <summary>Whether the indexes or the configuration were replaced since they were last opened. A package that has
    /// written them and requests its module at once must not get the old ones.</summary>
    public Func<bool> HaveSourcesChanged { get; init; } = () => false;

    /// <summary>Index look-ups for the targets of <see cref="SettleAsync"/>.</summary>
    internal long TargetLookups { get; private set; }

    /// <summary>Serves until <paramref name="cancellationToken"/>; then loads in the kernel end, and all other requests
    /// end as <see cref="OutcomeKind.Left"/>.</summary>
    /// <exception cref="NotSupportedException">There are no events here.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _stopping = cancellationToken;
        using var listening = _tracker.Listen(cancellationToken) ?? throw new NotSupportedException(
            "The kernel's events are not available here: " +
            "run the daemon as root in the initial network namespace, or use 'drover coldplug'.");
        do
        {
            _isScanning = true;
            await _tracker.ScanAsync();
            _isScanning = false;
            _conditions.Changed();
        }
        while (await _conditions.WaitAsync(() => _tracker.HasLostEvents, timeout: null, cancellationToken));
        await _conditions.WaitAsync(() => _requests.Count == 0, timeout: null, CancellationToken.None);
    }

    public Task<RequestOutcome> LoadForClientAsync(LoadRequest request, CancellationToken cancellationToken)
    {
        ReloadIfChanged();
        return _requests.TrackRequestAsync(request, completed: null, cancellationToken, _stopping);
    }

    public IReadOnlyList<string> Resolve(string name)
    {
        ReloadIfChanged();
        return Resolve(_catalog, name);
    }

    public ServiceStatus Status() => new()
    {
        Release = Release,
        Uptime = _loop.Time.GetElapsedTime(_began),
        IsSettled = HasScanned && _requests.Count == 0,
        Events = _tracker.Events,
        Seqnum = _tracker.LastSeqnum,
        Devices = _tracker.Devices,
        TimesLost = _tracker.TimesLost,
        Reloads = _reloads,
        Counts = _loader.Statistics,
        RunningCount = _records.RunningCount,
        WaitingCount = _requests.Count,
    };

    /// <summary>What was loaded so far, for the next boot.</summary>
    /// <param name="rootModules">The modules that the root file system's device needs; empty if that is not
    /// known.</param>
    public BootRecord Record(IReadOnlySet<string> rootModules) =>
        BootRecord.Of(Release, _tracker.Report(), _records.Modules(), rootModules, FileOf, _record);

    public UnfinishedWork Unfinished(int maxWaiting)
    {
        var waiting = _requests.All.Take(maxWaiting).Select(pending =>
            new WaitingRequest(
                pending.Request.Name, pending.Request.Requester, _loop.Time.GetElapsedTime(pending.Since)));
        return new(_records.Running(), [.. waiting], _requests.Count);
    }

    public IReadOnlyList<ModuleRecord> Modules() => _records.Modules();

    public async Task<bool> SettleAsync(string? target, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var began = _loop.Time.GetTimestamp();
        for (var round = 0; ; round++)
        {
            var (calls, seqnum) = (_records.Calls, _devices.Seqnum);
            var delivery = Left() is { } left && left < s_maxDelivery ? left : s_maxDelivery;
            _ = await _conditions.WaitAsync(() => _tracker.LastSeqnum >= seqnum, delivery, cancellationToken);
            if (!await _conditions.WaitAsync(() => HasScanned, Left(), cancellationToken))
                return false;
            if (!await _conditions.WaitAsync(AreDone(target), Left(), cancellationToken))
                return false;
            // Only loads have consequences: on a machine with constant events, a round without loads is the end.
            if (target is not null || (_records.Calls == calls && (round > 0 || _devices.Seqnum == seqnum)))
                return true;
        }

        TimeSpan? Left() => timeout is { } limit ? TimeSpan.FromTicks(Math.Max(0, (limit - Elapsed()).Ticks)) : null;

        TimeSpan Elapsed() => _loop.Time.GetElapsedTime(began);
    }

    public IDisposable Subscribe(Action<ServedOutcome> served)
    {
        _subscribers.Add(served);
        return new Subscription(_subscribers, served);
    }

    public string? Reload()
    {
        ModuleCatalog catalog;
        List<string> changed;
        try
        {
            catalog = _reopen();
            // a device whose driver is new gets it; an alias with the same modules is not requested again
            // and so does one whose driver the policy allows now
            changed = [.. _tracker.Aliases.Where(alias => IsChanged(alias) || MayBeAllowedNow(alias))];
        }
        catch (Exception problem) when (problem is ModuleDataException or IOException or UnauthorizedAccessException)
        {
            return problem.Message;
        }
        _catalog = catalog;
        _loader.UseCatalog(catalog);
        _tracker.RequestAgain(changed);
        _reloads++;
        return null;

        bool IsChanged(string alias) => !Resolve(catalog, alias).SequenceEqual(Resolve(_catalog, alias));

        bool MayBeAllowedNow(string alias) => _catalog.Policy is not null && _tracker.IsLeftOut(alias);
    }

    void ReloadIfChanged()
    {
        if (HaveSourcesChanged())
            _ = Reload(); // after a problem the old ones stay in use
    }

    static string[] Resolve(ModuleCatalog catalog, string name) =>
        [.. FoundModule.All(catalog, name).Select(found => found.Name).Distinct()];

    string Release => Path.GetFileName(_catalog.Tree.Directory.TrimEnd('/'));

    string? FileOf(string module)
    {
        var directory = $"{_catalog.Tree.Directory.TrimEnd('/')}/";
        var path = _catalog.Tree.Find(module)?.Path;
        return path?.StartsWith(directory, StringComparison.Ordinal) == true ? path[directory.Length..] : null;
    }

    /// <summary>No scan of the devices is due.</summary>
    bool HasScanned => !_isScanning && !_tracker.HasLostEvents;

    void Publish(PendingRequest pending, RequestOutcome outcome)
    {
        var (at, took) = (_loop.Time.GetElapsedTime(0), _loop.Time.GetElapsedTime(pending.Since));
        foreach (var module in outcome.Modules)
        {
            _records.Add(outcome.Request, module);
            foreach (var subscriber in _subscribers.ToArray())
                subscriber(new ServedOutcome(outcome.Request, module, at, took));
        }
    }

    /// <summary>Whether the requests that are pending now and concern a target have their outcomes. Each pending
    /// request is looked up once, however many settle and however often the condition is evaluated.</summary>
    Func<bool> AreDone(string? target)
    {
        if (target is null)
        {
            var last = _requests.LastNumber;
            return () => _requests.AreDoneUpTo(last);
        }
        const string Sys = "/sys";
        var path = target.StartsWith(Sys + "/", StringComparison.Ordinal) ? target[Sys.Length..] : target;
        var module = ModuleName.Normalize(target);
        var concerned = new Queue<PendingRequest>(_requests.All.Where(Concerns));
        return () =>
        {
            while (concerned.TryPeek(out var oldest) && oldest.IsDone)
                concerned.Dequeue();
            // it may be on its way as a dependency
            return concerned.Count == 0 && !_loader.IsInFlight(module);
        };

        bool Concerns(PendingRequest pending) =>
            pending.Request.Name == target ||
            (path.StartsWith('/') ? pending.Request.Requester == path : pending.Modules(LookUp).Contains(module));
    }

    string[] LookUp(string name)
    {
        TargetLookups++;
        try
        {
            return Resolve(_catalog, name);
        }
        catch (ModuleDataException)
        {
            return []; // the loader reports it
        }
    }

    sealed class Subscription(List<Action<ServedOutcome>> all, Action<ServedOutcome> one) : IDisposable
    {
        public void Dispose() => all.Remove(one);
    }
}

/// <summary>What happened to each module, and the load calls in the kernel. Runs on the event loop.</summary>
sealed class ServiceRecords(EventLoop loop, ILoaderObserver? observer, Conditions conditions) : ILoaderObserver
{
    readonly Dictionary<string, (long Bytes, long Since)> _running = [];
    readonly Dictionary<string, Record> _modules = [];

    public long Calls { get; private set; }

    /// <summary>Load calls in the kernel.</summary>
    public int RunningCount => _running.Count;

    public void Add(LoadRequest request, ModuleOutcome outcome)
    {
        if (outcome.Kind is OutcomeKind.NotFound)
            return; // there is no limit to the unknown names that clients can request
        var module = RecordOf(outcome.Module);
        module.Request ??= request;
        module.LastRequester = request.Requester;
        if (outcome is { Kind: OutcomeKind.Forbidden or OutcomeKind.Blacklisted, Why: { } why })
            module.Refused = new ModuleRefusal(loop.Time.GetElapsedTime(0), request.Requester, request.Name, why);
        module.Requests++;
        module.Joined += outcome.Kind is OutcomeKind.Joined ? 1 : 0;
        module.Last = outcome;
    }

    /// <summary>The oldest first.</summary>
    public IReadOnlyList<RunningLoad> Running() =>
    [
        .. _running.OrderBy(load => load.Value.Since).Select(load =>
            new RunningLoad(load.Key, load.Value.Bytes, loop.Time.GetElapsedTime(load.Value.Since))),
    ];

    public IReadOnlyList<ModuleRecord> Modules() =>
        [.. _modules.Where(entry => entry.Value.Last is not null).Select(entry => entry.Value.ToReport(entry.Key))];

    public void Requested(string module, IReadOnlyList<string> needed)
    {
        var record = RecordOf(module);
        // a timeline shows the first load only
        record.IsFirstOver = record.First is not null;
        record.First ??= new FirstLoad(loop.Time.GetElapsedTime(0), needed);
        observer?.Requested(module, needed);
    }

    public void Calling(LoadCall call, ModuleFileFacts file)
    {
        Debug.Assert(!_running.ContainsKey(call.Module), "one call per module at a time");
        _running[call.Module] = (file.FileBytes, loop.Time.GetTimestamp());
        if (RecordOf(call.Module) is { IsFirstOver: false, First: { CalledAt: null } first } module)
            module.First = first with { CalledAt = loop.Time.GetElapsedTime(0) };
        observer?.Calling(call, file);
    }

    public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
    {
        var removed = _running.Remove(call.Module);
        Debug.Assert(removed, "a call that returns was made");
        Calls++;
        var module = RecordOf(call.Module);
        module.Calls++;
        module.LoadTook = took;
        module.FileBytes = file.FileBytes;
        if (module is { IsFirstOver: false, First: { } first })
            module.First = first with { EndedAt = loop.Time.GetElapsedTime(0), Error = reply.Error };
        // modules loaded only as dependencies are recorded only here
        var kind = reply.Error is Errno.None ? OutcomeKind.Loaded : OutcomeKind.Failed;
        module.Last ??= new ModuleOutcome(call.Module, kind, reply.Error);
        observer?.Called(call, file, reply, took);
        conditions.Changed();
    }

    public void CommandEnded(string module, string command, int status) =>
        observer?.CommandEnded(module, command, status);

    public void Noted(string message) => observer?.Noted(message);

    Record RecordOf(string module)
    {
        if (!_modules.TryGetValue(module, out var record))
            _modules[module] = record = new Record();
        return record;
    }

    sealed class Record
    {
        /// <summary>The first request; null for a module that was loaded as a dependency only.</summary>
        public LoadRequest? Request { get; set; }

        public string? LastRequester { get; set; }

        public ModuleRefusal? Refused { get; set; }

        public long Requests { get; set; }

        public long Calls { get; set; }

        public long Joined { get; set; }

        public ModuleOutcome? Last { get; set; }

        public TimeSpan? LoadTook { get; set; }

        public long? FileBytes { get; set; }

        public FirstLoad? First { get; set; }

        /// <summary>The first load has ended, and another was requested.</summary>
        public bool IsFirstOver { get; set; }

        public ModuleRecord ToReport(string name) =>
            new(name, Requests, Calls, Last!, Request?.Requester, Request?.Name ?? name, LoadTook)
            {
                Joined = Joined,
                FileBytes = FileBytes,
                First = First,
                LastRequester = LastRequester,
                Refused = Refused,
            };
    }
}
