using Drover.Loading;

namespace Drover.Devices;

/// <summary>How far a coldplug is.</summary>
public readonly record struct ColdplugProgress(int Devices, int Modaliases, int Distinct, int Waiting);

/// <summary>
/// Loads what the devices that are there ask for, and the devices that appear because of it, until nothing new comes. Equal modaliases become one request
/// before anything is looked up. No device is missed: events are listened for before the first look. One owner, the event loop.
/// </summary>
public sealed class Coldplug
{
    /// <summary>Devices looked at before the loop is given a turn, so that loads start, and what depends on them, while the look goes on.</summary>
    const int DevicesPerTurn = 8;

    readonly EventLoop _loop;
    readonly IDevices _devices;
    readonly Loader _loader;
    readonly TimeSpan _quiet;
    readonly HashSet<string> _seen = [];
    readonly Dictionary<string, Wanted> _wanted = [];
    readonly List<Task> _asked = [];
    int _devicesSeen, _modaliases, _looks, _timesLost, _waiting;
    ulong _heard;
    bool _lost;

    /// <summary>A coldplug that has not begun.</summary>
    /// <param name="loop">Owns all state.</param>
    /// <param name="devices">What is there, and what happens.</param>
    /// <param name="loader">Is told of removals for as long as the coldplug runs, where <paramref name="devices"/> can be listened to.</param>
    /// <param name="quiet">How long after a module with drivers has become live devices may still appear: a driver's probe may go on after its module's init (serio, USB, SCSI hosts).</param>
    public Coldplug(EventLoop loop, IDevices devices, Loader loader, TimeSpan quiet) =>
        (_loop, _devices, _loader, _quiet) = (loop, devices, loader, quiet);

    /// <summary>How far it is.</summary>
    public ColdplugProgress Progress => new(_devicesSeen, _modaliases, _wanted.Count, _waiting);

    /// <summary>Runs until nothing new comes, or <paramref name="stop"/>: then what is in the kernel ends, what is not is dropped.</summary>
    public async Task<ColdplugReport> RunAsync(CancellationToken stop)
    {
        var began = _loop.Time.GetTimestamp();
        _heard = _devices.Seqnum;
        using var listening = _devices.Listen(device => Hear(device, stop), () => _lost = true);
        _loader.HearsOfRemovals = listening is not null;
        await LookAsync(stop);
        while (!stop.IsCancellationRequested)
        {
            await AnswersAsync();
            var devices = _seen.Count;
            if (_lost)
            {
                _lost = false;
                _timesLost++;
                await LookAsync(stop);
                continue;
            }
            await QuietAsync(stop);
            if (_waiting > 0 || _lost)
                continue;
            if (listening is not null && _heard >= _devices.Seqnum)
                break;
            // no events to go by, or not all of them reached us: look, until a look finds nothing
            await LookAsync(stop);
            if (_seen.Count == devices && _waiting == 0)
                break;
        }
        await AnswersAsync();
        _loader.HearsOfRemovals = false;
        return Report(_loop.Time.GetElapsedTime(began));
    }

    async Task LookAsync(CancellationToken stop)
    {
        _looks++;
        var sinceTurn = 0;
        foreach (var device in _devices.Enumerate())
        {
            // one that we know has had its answer; only an event makes it ask anew
            if (!_seen.Contains(device.DevPath))
                See(device, stop);
            if (++sinceTurn % DevicesPerTurn == 0)
                await _loop.Delay(TimeSpan.Zero, stop);
            if (stop.IsCancellationRequested)
                return;
        }
    }

    void Hear(DeviceEvent device, CancellationToken stop)
    {
        const string Modules = "/module/";
        _heard = Math.Max(_heard, device.Seqnum);
        var module = device.DevPath.StartsWith(Modules, StringComparison.Ordinal) ? device.DevPath[Modules.Length..] : null;
        if (device.Action is DeviceAction.Remove)
        {
            _seen.Remove(device.DevPath);
            if (module is not null)
                ModuleRemoved(module);
        }
        else
        {
            if (module is not null && device.Action is DeviceAction.Add)
                _loader.ModuleAdded(module);
            See(device, stop);
        }
    }

    void ModuleRemoved(string module)
    {
        _loader.ModuleRemoved(module);
        foreach (var wanted in _wanted.Values)
            wanted.ModuleRemoved(module);
    }

    void See(DeviceEvent device, CancellationToken stop)
    {
        var isNew = _seen.Add(device.DevPath);
        if (isNew && device.DevPath.StartsWith("/devices/", StringComparison.Ordinal))
            _devicesSeen++; // modules, drivers and buses send events, too
        foreach (var wish in DeviceWishes.Of(device))
            Want(wish, device, isNew, stop);
    }

    void Want(DeviceWish wish, DeviceEvent device, bool isNew, CancellationToken stop)
    {
        if (isNew)
            _modaliases++;
        if (!_wanted.TryGetValue(wish.Asked, out var wanted))
            _wanted[wish.Asked] = wanted = new Wanted(wish.Asked, device.DevPath);
        if (isNew)
            wanted.Devices++;
        if (wanted.IsOnItsWay || wanted.IsThere)
            return;
        wanted.IsOnItsWay = true;
        _waiting++;
        // an equal modalias of a later event asks once more after a failure; whether that costs a call is the loader's to say (rule 4)
        _asked.Add(AskAsync(wanted, wish.ToRequest(device), stop));
    }

    async Task AskAsync(Wanted wanted, LoadRequest request, CancellationToken stop)
    {
        var outcome = await _loader.RequestAsync(request, stop);
        wanted.Answer(outcome.Modules);
        _waiting--;
    }

    /// <summary>Waits until every request so far, and those made meanwhile, are answered.</summary>
    async Task AnswersAsync()
    {
        while (_asked.Count > 0)
        {
            var asked = _asked[^1];
            _asked.RemoveAt(_asked.Count - 1);
            await asked;
        }
    }

    /// <summary>Waits until it is some time ago that a driver came; not at all if none did.</summary>
    async Task QuietAsync(CancellationToken stop)
    {
        // while we wait, a device may have come, been served and gone by: then the wait begins anew
        while (_loader.LastDriverAt is { } live && _quiet - _loop.Time.GetElapsedTime(live) is var left && left > TimeSpan.Zero && !stop.IsCancellationRequested)
            await _loop.Delay(left, stop);
    }

    ColdplugReport Report(TimeSpan took) => new()
    {
        Devices = _devicesSeen,
        Modaliases = _modaliases,
        Aliases = [.. _wanted.Values.Select(wanted => new AliasReport(wanted.Modalias, wanted.Devices, wanted.FirstDevice, wanted.Modules, wanted.Attempts))],
        Looks = _looks,
        TimesLost = _timesLost,
        Took = took,
        Counts = _loader.Counts,
    };

    /// <summary>A modalias that some device has.</summary>
    sealed class Wanted(string modalias, string firstDevice)
    {
        public string Modalias { get; } = modalias;

        public string FirstDevice { get; } = firstDevice;

        public int Devices { get; set; }

        public bool IsOnItsWay { get; set; }

        /// <summary>The last answer left nothing to wish for.</summary>
        public bool IsThere { get; private set; }

        public IReadOnlyList<ModuleOutcome> Modules { get; private set; } = [];

        public int Attempts { get; private set; }

        public void Answer(IReadOnlyList<ModuleOutcome> modules)
        {
            IsOnItsWay = false;
            IsThere = modules.All(module => module.Error is Errno.None);
            Attempts += modules.Count(module => module.Kind is OutcomeKind.Loaded or OutcomeKind.Failed);
            if (modules is [{ Kind: OutcomeKind.NotFound }])
                return;
            // the first answer tells who loaded it; a later one counts where it made good what had failed
            Modules = Modules.Count == 0 ? modules : [.. Modules.Zip(modules, (first, later) => later.IsAvailable && !first.IsAvailable ? later : first)];
        }

        public void ModuleRemoved(string module) => IsThere &= Modules.All(there => there.Module != module);
    }
}
