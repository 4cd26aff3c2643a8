using Drover.Kernel;
using Drover.Loading;

namespace Drover.Devices;

public readonly record struct ColdplugProgress(int Devices, int Modaliases, int Distinct, int Waiting);

public sealed record ColdplugReport
{
    public required int Devices { get; init; }

    /// <summary>MODALIAS lines of all devices.</summary>
    public required int Modaliases { get; init; }

    /// <summary>Every distinct modalias, in the order in which they were first seen.</summary>
    public required IReadOnlyList<AliasReport> Aliases { get; init; }

    /// <summary>Scans of all devices: one, and one more after lost events or where there are no events.</summary>
    public required int Scans { get; init; }

    /// <summary>Times the kernel dropped events because we were too slow.</summary>
    public required int TimesLost { get; init; }

    /// <summary>From the start until no new device appeared.</summary>
    public required TimeSpan Took { get; init; }

    public required LoaderStatistics Counts { get; init; }

    /// <summary>Requests that a loader without shared state would make: one for each module of each device.</summary>
    public int Asked => Aliases.Sum(alias => alias.Devices * alias.Modules.Count);

    /// <summary>Those of <see cref="Asked"/> that this loader did not make; of a modalias whose devices are gone,
    /// none.</summary>
    public int Spared => Aliases.Sum(alias => Math.Max((alias.Devices * alias.Modules.Count) - alias.Attempts, 0));

    /// <summary>Distinct modules of all modaliases.</summary>
    public int Modules => Aliases.SelectMany(alias => alias.Modules).DistinctBy(module => module.Module).Count();

    /// <summary>Each module that the policy keeps out, once, with the first modalias that requested it.</summary>
    public IReadOnlyList<(ModuleOutcome Outcome, AliasReport Alias)> Forbidden()
    {
        var forbidden = new List<(ModuleOutcome Outcome, AliasReport Alias)>();
        var seen = new HashSet<string>();
        foreach (var alias in Aliases)
        {
            foreach (var outcome in alias.Modules.Where(one => one.Kind is OutcomeKind.Forbidden))
            {
                if (seen.Add(outcome.Module))
                    forbidden.Add((outcome, alias));
            }
        }
        return forbidden;
    }

    /// <summary>Each module that failed, once, with the first modalias that requested it; preferably one whose own
    /// request made the attempt, because its outcome has the details.</summary>
    public IReadOnlyList<(ModuleOutcome Outcome, AliasReport Alias)> Failures() =>
    [
        .. Aliases.SelectMany(alias => alias.Modules, (alias, outcome) => (Outcome: outcome, Alias: alias))
            .Where(failure => failure.Outcome is { Error: not Errno.None, Kind: not OutcomeKind.Forbidden })
            .GroupBy(failure => failure.Outcome.Module)
            .Select(failures => failures.MaxBy(failure => failure.Outcome.Kind is OutcomeKind.Failed)),
    ];
}

/// <summary>The requests of a coldplug, without making them. Immutable.</summary>
public sealed class ColdplugSurvey
{
    readonly Dictionary<string, LoadRequest> _requests = [];

    ColdplugSurvey(IEnumerable<DeviceEvent> devices)
    {
        foreach (var device in devices)
        {
            Devices++;
            foreach (var request in DeviceRequests.Of(device))
            {
                Modaliases++;
                _requests.TryAdd(request.Name, request);
            }
        }
    }

    public int Devices { get; }

    /// <summary>Requests of all devices, equal ones counted for each.</summary>
    public int Modaliases { get; }

    /// <summary>Each distinct request, as the first device makes it.</summary>
    public IReadOnlyCollection<LoadRequest> Requests => _requests.Values;

    public static ColdplugSurvey Of(IEnumerable<DeviceEvent> devices) => new(devices);
}

/// <summary>Loads the modules of all devices, and of the devices that appear because of that, until no new one appears.
/// Equal modaliases become one request before anything is looked up. Runs on the event loop, once.</summary>
public sealed class Coldplug
{
    readonly EventLoop _loop;
    readonly IDevices _devices;
    readonly Loader _loader;
    readonly TimeSpan _quiet;
    readonly Conditions _conditions;
    readonly PendingRequests _requests;
    readonly DeviceTracker _tracker;

    /// <param name="loader">Gets the removals of modules, where <paramref name="devices"/> has events.</param>
    /// <param name="quiet">How long devices may still appear after a module with drivers has become live: a driver's
    /// probe may continue after its module's init (serio, USB, SCSI hosts).</param>
    /// <param name="record">Of the last boot, for the order of loads; null for none.</param>
    public Coldplug(EventLoop loop, IDevices devices, Loader loader, TimeSpan quiet, BootRecord? record = null)
    {
        (_loop, _devices, _loader, _quiet) = (loop, devices, loader, quiet);
        _conditions = new Conditions(loop);
        _requests = new PendingRequests(loop, loader, _conditions);
        _tracker = new DeviceTracker(loop, devices, _requests, _conditions, record);
    }

    public ColdplugProgress Progress =>
        new(_tracker.Devices, _tracker.Modaliases, _tracker.Aliases.Count, _requests.Count);

    /// <summary>Runs until no new device appears, or <paramref name="cancellationToken"/>: then loads in the kernel
    /// end, and requests that have not reached it are dropped.</summary>
    public async Task<ColdplugReport> RunAsync(CancellationToken cancellationToken)
    {
        var began = _loop.Time.GetTimestamp();
        using (var listening = TryListen(cancellationToken))
        {
            await _tracker.ScanAsync();
            while (!cancellationToken.IsCancellationRequested)
            {
                await OutcomesAsync();
                var present = _tracker.Present;
                if (_tracker.HasLostEvents)
                {
                    await _tracker.ScanAsync();
                    continue;
                }
                await QuietAsync(cancellationToken);
                if (_requests.Count > 0 || _tracker.HasLostEvents)
                    continue;
                if (listening is not null && _tracker.LastSeqnum >= _devices.Seqnum)
                    break;
                // no events, or not all of them reach us: scan until a scan finds no new device
                await _tracker.ScanAsync();
                if (_tracker.Present == present && _requests.Count == 0)
                    break;
            }
            await OutcomesAsync();
        }
        return Report(_loop.Time.GetElapsedTime(began));
    }

    /// <summary>Null where there are no events, or nothing to receive them with: scans find the devices too.</summary>
    IDisposable? TryListen(CancellationToken cancellationToken)
    {
        try
        {
            return _tracker.Listen(cancellationToken);
        }
        catch (IOException)
        {
            return null;
        }
    }

    Task<bool> OutcomesAsync() =>
        _conditions.WaitAsync(() => _requests.Count == 0, timeout: null, CancellationToken.None);

    /// <summary>Waits until the last new driver has had its time; not at all without one.</summary>
    async Task QuietAsync(CancellationToken cancellationToken)
    {
        // a driver that comes during the wait begins a new one
        while (!cancellationToken.IsCancellationRequested && _loader.LastDriverAt is { } came)
        {
            var left = _quiet - _loop.Time.GetElapsedTime(came);
            if (left <= TimeSpan.Zero)
                return;
            await _loop.Delay(left, cancellationToken);
        }
    }

    ColdplugReport Report(TimeSpan took) => new()
    {
        Devices = _tracker.Devices,
        Modaliases = _tracker.Modaliases,
        Aliases = _tracker.Report(),
        Scans = _tracker.Scans,
        TimesLost = _tracker.TimesLost,
        Took = took,
        Counts = _loader.Statistics,
    };
}
