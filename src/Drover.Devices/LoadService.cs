using Drover.Control;
using Drover.Kernel;
using Drover.Loading;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Tree;

namespace Drover.Devices;

/// <summary>The daemon: loads what devices and clients request, through one loader. All its state can be found again:
/// after a restart it scans the devices, and a live module costs no call. Runs on the event loop.</summary>
public sealed class LoadService : ILoadService
{
    /// <summary>How long to wait for an event that the kernel has counted. A missing one went to another namespace: the
    /// kernel counts events of network devices, but sends them to their own network namespace only.</summary>
    static readonly TimeSpan s_maxDelivery = TimeSpan.FromMilliseconds(100);

    /// <summary>How long other devices wait at most while the root file system's drivers load: a boot waits for nothing
    /// else, but its disk may not answer.</summary>
    static readonly TimeSpan s_maxRootFirst = TimeSpan.FromSeconds(1);

    /// <summary>From the end of a load for the root file system until the event of a device that it made.</summary>
    static readonly TimeSpan s_nextOfRoot = TimeSpan.FromMilliseconds(50);

    readonly EventLoop _loop;
    readonly IDevices _devices;
    readonly Func<ModuleCatalog> _reopen;
    readonly Loader _loader;
    readonly Conditions _conditions;
    readonly ServiceRecords _records;
    readonly PendingRequests _requests;
    readonly DeviceTracker _tracker;
    readonly LiveModules _live;
    readonly List<ServiceSubscriber> _subscribers = [];
    readonly BootRecord? _record;
    readonly long _began;
    ModuleCatalog _catalog;
    CancellationToken _stopping;
    bool _isScanning = true;
    long _reloads;

    /// <param name="record">Of the last boot, for the order of loads; null for none.</param>
    /// <param name="earlier">What an earlier daemon of this boot has recorded; it decides nothing.</param>
    public LoadService(
        EventLoop loop, IDevices devices, IKernel kernel, IModuleLocks locks, ModuleCatalog catalog,
        Func<ModuleCatalog> reopen, LoaderOptions options, ILoaderObserver? observer = null, BootRecord? record = null,
        IReadOnlyList<ModuleRecord>? earlier = null)
    {
        (_loop, _devices, _catalog, _reopen, _record) = (loop, devices, catalog, reopen, record);
        _began = loop.Time.GetTimestamp();
        catalog.Tree.OpenIndexes(); // an index that is replaced by a damaged one stays in use
        _conditions = new Conditions(loop);
        _live = new LiveModules(loop, kernel, PublishLive);
        _records = new ServiceRecords(loop, observer, _conditions, earlier ?? [])
        {
            Changed = () => Recorded(),
            Live = module => _live!.Loaded(module),
        };
        _loader = new Loader(loop, kernel, locks, catalog, options, _records);
        _requests = new PendingRequests(loop, _loader, _conditions) { Completed = Publish };
        _tracker = new DeviceTracker(loop, devices, _requests, _conditions, record)
        {
            LiveModules = _live,
            Requesting = () => ReloadIf(HasSeenChange()),
        };
    }

    /// <summary>Whether a change of the indexes or the configuration was seen since they were last opened. A request
    /// that follows a finished write of a file must not get the old one. Called for each modalias of a device and each
    /// request of a client.</summary>
    public Func<bool> HasSeenChange { get; init; } = () => false;

    /// <summary>Whether the indexes or the configuration are others than were last opened, also by a change that no
    /// event reports, such as a mount. Called for each request of a client.</summary>
    public Func<bool> HaveSourcesChanged { get; init; } = () => false;

    /// <summary>Reads the policy alone, for a reload that keeps the old indexes: what may be loaded does not wait for a
    /// depmod.</summary>
    public Func<ModulePolicy?>? ReadPolicy { get; init; }

    /// <summary>Called for each change of <see cref="Modules"/>.</summary>
    public Action Recorded { get; set; } = () => { };

    /// <summary>Index look-ups for the targets of <see cref="SettleAsync"/>.</summary>
    internal long TargetLookups { get; private set; }

    /// <summary>Serves until <paramref name="cancellationToken"/>; then loads in the kernel end, and all other requests
    /// end as <see cref="OutcomeKind.Left"/>.</summary>
    /// <exception cref="NotSupportedException">There are no events here.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _stopping = _live.Stopping = cancellationToken;
        using var listening = _tracker.Listen(cancellationToken) ?? throw new NotSupportedException(
            "The kernel's events are not available here: " +
            "run the daemon as root in the initial network namespace, or use 'drover coldplug'.");
        var rootFirst = _record is { KnowsRoot: true } ? RootFirstAsync() : Task.CompletedTask;
        do
        {
            _isScanning = true;
            await _tracker.ScanAsync();
            _isScanning = false;
            _conditions.Changed();
        }
        while (await _conditions.WaitAsync(() => _tracker.HasLostEvents, timeout: null, cancellationToken));
        await _conditions.WaitAsync(() => _requests.Count == 0, timeout: null, CancellationToken.None);
        await rootFirst;
    }

    /// <summary>Holds other devices' requests until the drivers of the root file system's device, and of those that
    /// appear behind it, are loaded.</summary>
    async Task RootFirstAsync()
    {
        _requests.HoldsForRoot = true;
        var began = _loop.Time.GetTimestamp();
        try
        {
            do
            {
                var left = s_maxRootFirst - _loop.Time.GetElapsedTime(began);
                if (left <= TimeSpan.Zero
                    || !await _conditions.WaitAsync(() => HasScanned && _requests.RootCount == 0, left, _stopping))
                {
                    break;
                }
                await _loop.Delay(s_nextOfRoot, _stopping);
            }
            while (_requests.RootCount > 0);
        }
        finally
        {
            _requests.StartOthers();
        }
    }

    /// <summary>From here on requests of <see cref="LoadRank.Late"/> wait for <see cref="StartLate"/> or
    /// <see cref="SettleAsync"/>.</summary>
    public void HoldLate() => _requests.HoldsLate = true;

    public void StartLate() => _requests.StartLate();

    public Task<RequestOutcome> LoadForClientAsync(LoadRequest request, CancellationToken cancellationToken)
    {
        ReloadIf(HasSeenChange() || HaveSourcesChanged());
        return _requests.TrackRequestAsync(request, completed: null, cancellationToken, _stopping);
    }

    public IReadOnlyList<string> Resolve(string name)
    {
        ReloadIf(HasSeenChange() || HaveSourcesChanged());
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
        StartLate();
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

    public IDisposable Subscribe(ServiceSubscriber subscriber)
    {
        _subscribers.Add(subscriber);
        return new Subscription(_subscribers, subscriber);
    }

    public string? Reload()
    {
        try
        {
            var catalog = _reopen();
            catalog.Tree.VerifyIndexes();
            // only aliases whose modules have changed, or were not known, are requested again
            Use(catalog, alias => TryResolve(alias) is not { } before
                || !Resolve(catalog, alias).SequenceEqual(before));
        }
        catch (Exception problem) when (ModuleTree.IsDamage(problem))
        {
            return UsePolicy() is { } other ? $"{problem.Message}; {other}" : problem.Message;
        }
        _reloads++;
        return null;

        string? UsePolicy()
        {
            try
            {
                if (ReadPolicy is not null)
                    Use(_catalog.With(ReadPolicy()), _ => false);
                return null;
            }
            catch (Exception problem) when (ModuleTree.IsDamage(problem))
            {
                return problem.Message;
            }
        }

        void Use(ModuleCatalog catalog, Func<string, bool> isChanged)
        {
            var mayBeAllowedNow = _catalog.Policy is not null;
            var aliases = _tracker.Aliases
                .Where(alias => isChanged(alias) || (mayBeAllowedNow && _tracker.IsLeftOut(alias))).ToList();
            _catalog = catalog;
            _loader.UseCatalog(catalog);
            _tracker.RequestAgain(aliases);
        }
    }

    void ReloadIf(bool hasChanged)
    {
        if (hasChanged && Reload() is { } problem)
            _records.Noted($"reload failed, the old indexes and configuration stay in use: {problem}");
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
                subscriber.Served(new ServedOutcome(outcome.Request, module, at, took));
        }
    }

    void PublishLive(LiveModule module)
    {
        foreach (var subscriber in _subscribers.ToArray())
            subscriber.Live(module);
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
        return TryResolve(name) ?? []; // the loader reports it
    }

    string[]? TryResolve(string name)
    {
        try
        {
            return Resolve(_catalog, name);
        }
        catch (Exception problem) when (ModuleTree.IsDamage(problem))
        {
            return null;
        }
    }

    sealed class Subscription(List<ServiceSubscriber> all, ServiceSubscriber one) : IDisposable
    {
        public void Dispose() => all.Remove(one);
    }
}
