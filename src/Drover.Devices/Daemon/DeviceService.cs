using Drover.Loading;
using Drover.Modules;

namespace Drover.Devices;

/// <summary>
/// A daemon's work: what devices ask for, from those that are there at its start to whatever comes until its end, and what clients ask for, through one loader.
/// It keeps nothing that it could not find again: killed and started anew it looks at the devices, and what is live costs no call. One owner, the event loop.
/// </summary>
public sealed class DeviceService : ILoadService
{
    /// <summary>
    /// After this long an event with a SEQNUM that was read before is in our socket or was never for us: events of network devices go to their own
    /// namespace alone, and are counted all the same.
    /// </summary>
    static readonly TimeSpan LongestDelivery = TimeSpan.FromMilliseconds(100);

    readonly EventLoop _loop;
    readonly IDevices _devices;
    readonly Func<ModuleCatalog> _reopen;
    readonly Loader _loader;
    readonly ServiceRecords _records;
    readonly DeviceRequests _requests;
    readonly Conditions _conditions;
    readonly List<Action<ServedOutcome>> _subscribers = [];
    readonly long _began;
    ModuleCatalog _catalog;
    CancellationToken _stop;
    bool _isLooking = true;
    long _reloads;

    /// <summary>A service that has not begun.</summary>
    /// <param name="loop">Owns all state.</param>
    /// <param name="devices">What is there, and what happens.</param>
    /// <param name="kernel">Where modules go.</param>
    /// <param name="gate">Keeps other processes from loading the same module meanwhile.</param>
    /// <param name="catalog">What names mean until the first reload.</param>
    /// <param name="reopen">Reads indexes and configuration anew.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="observer">Is told what happens, or null.</param>
    public DeviceService(
        EventLoop loop, IDevices devices, IKernel kernel, IModuleGate gate, ModuleCatalog catalog, Func<ModuleCatalog> reopen, LoaderOptions options, ILoaderObserver? observer = null)
    {
        (_loop, _devices, _catalog, _reopen) = (loop, devices, catalog, reopen);
        _began = loop.Time.GetTimestamp();
        _conditions = new Conditions(loop);
        _records = new ServiceRecords(loop, observer, _conditions.Check);
        _loader = new Loader(loop, kernel, gate, _catalog, options, _records);
        _requests = new DeviceRequests(loop, devices, _loader, LoadAsync) { Heeded = _conditions.Check };
    }

    /// <summary>Serves until <paramref name="stop"/>; then what is in the kernel ends, and everybody else is answered that it was left.</summary>
    /// <exception cref="NotSupportedException">There are no events to hear.</exception>
    /// <remarks>A fault of the loader ends it, too: whoever started it does better to start it anew than to have it serve on half.</remarks>
    public async Task RunAsync(CancellationToken stop)
    {
        _stop = stop;
        using var listening = _requests.Listen(stop)
            ?? throw new NotSupportedException("The kernel's events cannot be heard here: run the daemon as root in the machine's own network namespace, or use 'drover coldplug'.");
        do
        {
            _requests.ThrowIfFailed();
            _isLooking = true;
            await _requests.LookAsync(stop);
            _isLooking = false;
            _conditions.Check();
        }
        while (await _conditions.WaitAsync(() => _requests.HasLost || _requests.HasFailed, patience: null, stop));
        await _conditions.WaitAsync(() => !_records.HasWaiting, patience: null, CancellationToken.None);
    }

    /// <inheritdoc/>
    public async Task<RequestOutcome> LoadAsync(LoadRequest request, CancellationToken leave)
    {
        using var either = leave == _stop ? null : CancellationTokenSource.CreateLinkedTokenSource(leave, _stop);
        var began = _records.Begin(request);
        RequestOutcome outcome;
        try
        {
            outcome = await _loader.RequestAsync(request, either?.Token ?? leave);
        }
        finally
        {
            _records.End(began);
        }
        foreach (var served in _records.Served(began, outcome))
        {
            foreach (var subscriber in _subscribers.ToArray())
                subscriber(served);
        }
        _conditions.Check();
        return outcome;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Resolve(string asked) => [.. Names(_catalog, asked)];

    /// <inheritdoc/>
    public ServiceStatus Status() => new()
    {
        Release = Path.GetFileName(_catalog.Tree.Directory.TrimEnd('/')),
        Uptime = _loop.Time.GetElapsedTime(_began),
        IsSettled = HasLooked && !_records.HasWaiting,
        Events = _requests.Events,
        Seqnum = _requests.Heard,
        Devices = _requests.Devices,
        TimesLost = _requests.TimesLost,
        Reloads = _reloads,
        Counts = _loader.Counts,
        Running = _records.Running(),
        Waiting = _records.Waiting(),
    };

    /// <inheritdoc/>
    public IReadOnlyList<ModuleRecord> Modules() => _records.Modules();

    /// <inheritdoc/>
    public async Task<SettleOutcome> SettleAsync(string? target, TimeSpan? patience, CancellationToken leave)
    {
        var began = _loop.Time.GetTimestamp();
        var settled = true;
        for (var round = 0; settled; round++)
        {
            var (calls, until) = (_records.Calls, _devices.Seqnum);
            _ = await _conditions.WaitAsync(() => _requests.Heard >= until, Shorter(Left(), LongestDelivery), leave);
            settled = await _conditions.WaitAsync(() => HasLooked, Left(), leave);
            // of what was asked for by now; who asks later, asks for something else
            var last = _records.LastOrder;
            settled = settled && await _conditions.WaitAsync(() => !_records.IsWaiting(last, pending => Concerns(target, pending)) && !IsOnItsWay(target), Left(), leave);
            // what no load has brought is nobody's consequence: on a machine whose events never cease there is still an end
            if (target is not null || (_records.Calls == calls && round > 0) || (_records.Calls == calls && _devices.Seqnum == until))
                break;
        }
        return settled
            ? new SettleOutcome(true, [], [])
            : new SettleOutcome(false, _records.Running(), _records.Waiting());

        TimeSpan? Left() => patience is { } span ? TimeSpan.FromTicks(Math.Max(0, (span - _loop.Time.GetElapsedTime(began)).Ticks)) : null;

        static TimeSpan Shorter(TimeSpan? one, TimeSpan other) => one is { } span && span < other ? span : other;
    }

    /// <inheritdoc/>
    public IDisposable Subscribe(Action<ServedOutcome> served)
    {
        _subscribers.Add(served);
        return new Subscription(_subscribers, served);
    }

    /// <inheritdoc/>
    public string? Reload()
    {
        List<string> changed;
        try
        {
            var (old, now) = (_catalog, _reopen());
            // a device whose driver has come with the new indexes gets it; what stands for the same modules as before is not asked for again
            changed = [.. _requests.Asked.Where(asked => !Names(now, asked).SequenceEqual(Names(old, asked)))];
            _catalog = now;
        }
        catch (Exception problem) when (problem is ModuleDataException or IOException or UnauthorizedAccessException)
        {
            return problem.Message;
        }
        _loader.Use(_catalog);
        _requests.AskAgain(changed);
        _reloads++;
        return null;
    }

    static IEnumerable<string> Names(ModuleCatalog catalog, string asked) => FoundModule.All(catalog, asked).Select(found => found.Name).Distinct();

    /// <summary>No look at the devices is due.</summary>
    bool HasLooked => !_isLooking && !_requests.HasLost;

    bool Concerns(string? target, LoadRequest request)
    {
        const string Sys = "/sys";
        if (target is null || request.Asked == target)
            return true;
        var path = target.StartsWith(Sys + "/", StringComparison.Ordinal) ? target[Sys.Length..] : target;
        if (path.StartsWith('/'))
            return request.Asker == path;
        var module = ModuleName.Normalize(target);
        try
        {
            return FoundModule.All(_catalog, request.Asked).Any(found => found.Name == module);
        }
        catch (ModuleDataException)
        {
            return false; // and so the loader will answer
        }
    }

    /// <summary>As another module's dependency, perhaps.</summary>
    bool IsOnItsWay(string? target) => target is not null && _loader.InFlight.Contains(ModuleName.Normalize(target));

    sealed class Subscription(List<Action<ServedOutcome>> all, Action<ServedOutcome> one) : IDisposable
    {
        public void Dispose() => all.Remove(one);
    }
}
