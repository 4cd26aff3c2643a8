using System.Diagnostics;
using Drover.Kernel;
using Drover.Loading;

namespace Drover.Devices;

/// <summary>The requests that udev makes for a device: its modaliases, and its subsystem's modules.</summary>
public static class DeviceRequests
{
    /// <summary>The modaliases first, in their order.</summary>
    public static IEnumerable<LoadRequest> Of(DeviceEvent device)
    {
        foreach (var modalias in device.Modaliases)
            yield return new LoadRequest(modalias, device.DevPath, device.Seqnum) { Rank = RankOf(modalias) };
        foreach (var module in ImpliedModules(device))
            yield return new LoadRequest(module, device.DevPath, device.Seqnum, ApplyBlacklist: true);
    }

    /// <summary>By the modalias' bus and class: <c>file2alias.c</c> has the formats; PCI's base class is "bc", the
    /// class of a USB interface "ic".</summary>
    static LoadRank RankOf(string modalias)
    {
        return modalias switch
        {
            _ when Is("cpu:") => LoadRank.Late,
            _ when Is("serio:") || Is("scsi:") || Is("mmc:") || Is("sdio:") || Is("usb:") => LoadRank.Early,
            // mass storage; serial buses such as USB
            _ when Is("pci:") && (Has("bc01") || Has("bc0Csc03")) => LoadRank.Early,
            // NVDIMMs (ACPI 6, 9.20.2)
            _ when Is("nd:") || Is("acpi:ACPI0012:") => LoadRank.Early,
            // block and SCSI devices (virtio_ids.h)
            _ when Is("virtio:d00000002") || Is("virtio:d00000008") => LoadRank.Early,
            _ => LoadRank.Normal,
        };

        bool Is(string start) => modalias.StartsWith(start, StringComparison.Ordinal);
        bool Has(string part) => modalias.Contains(part, StringComparison.Ordinal);
    }

    /// <summary>The other rules of udev's <c>80-drivers.rules</c> (systemd 252): subsystems whose drivers no modalias
    /// names. A blacklist line applies to these names, as it does to every modalias.</summary>
    static string[] ImpliedModules(DeviceEvent device)
    {
        return device.Subsystem switch
        {
            "memstick" => ["ms_block", "mspro_block"],
            "tifm" when Has("TIFM_CARD_TYPE=SD") => ["tifm_sd"],
            "tifm" when Has("TIFM_CARD_TYPE=MS") => ["tifm_ms"],
            "i2o" => ["i2o_block"],
            "module" when device.DevPath is "/module/parport_pc" => ["ppdev"],
            "mtd" when device.DevPath is [.., 'r', 'o'] && Has("MTD_FTL=smartmedia") => ["sm_ftl"],
            _ => [],
        };

        bool Has(string property) => device.Properties.Contains(property);
    }
}

/// <summary>A modalias, its devices, and the outcomes of its modules.</summary>
/// <param name="Modalias">As the kernel writes it.</param>
/// <param name="Devices">Devices that have it.</param>
/// <param name="Modules">The outcome of each of its modules; empty where no index has it.</param>
/// <param name="Attempts">Load attempts that its own requests made.</param>
public sealed record AliasReport(
    string Modalias, int Devices, string FirstDevice, IReadOnlyList<ModuleOutcome> Modules, int Attempts);

/// <summary>Requests the modules of all devices: those found by scans and those of events, each distinct modalias once
/// at a time. It listens before the first scan, so no device is missed. Runs on the event loop.</summary>
/// <param name="record">Of the last boot, for the order of loads; null for none.</param>
sealed class DeviceTracker(
    EventLoop loop, IDevices devices, PendingRequests requests, Conditions conditions, BootRecord? record)
{
    /// <summary>Devices scanned before the loop gets a turn, so that loads start during the scan.</summary>
    const int DevicesPerTurn = 8;

    /// <summary>Maximum number of modaliases kept. Real machines have thousands; the limit stops a faulty device from
    /// filling the memory.</summary>
    const int MaxAliases = 1 << 17;

    readonly Dictionary<string, TrackedAlias[]> _present = []; // by device path, what each is counted for
    readonly Dictionary<string, TrackedAlias> _aliases = [];
    ulong _scanSeqnum; // the kernel's SEQNUM when the last scan started
    CancellationToken _cancellationToken;

    /// <summary>Receives the events of modules; null for none.</summary>
    public LiveModules? LiveModules { get; init; }

    /// <summary>Called before the modules of a device's modalias are requested.</summary>
    public Action Requesting { get; init; } = () => { };

    public int Devices { get; private set; }

    /// <summary>Requests of all present devices, equal ones counted for each.</summary>
    public int Modaliases { get; private set; }

    public int Scans { get; private set; }

    public long Events { get; private set; }

    /// <summary>SEQNUM of the last event received; before the first, the kernel's when listening started.</summary>
    public ulong LastSeqnum { get; private set; }

    /// <summary>Events were lost since the last scan started.</summary>
    public bool HasLostEvents { get; private set; }

    /// <summary>Times the kernel dropped events because we were too slow.</summary>
    public int TimesLost { get; private set; }

    /// <summary>Devices, modules, drivers and buses that are present: all of them send events.</summary>
    public int Present => _present.Count;

    /// <summary>Every distinct modalias, in the order in which they were first seen.</summary>
    public IReadOnlyCollection<string> Aliases => _aliases.Keys;

    public IReadOnlyList<AliasReport> Report() => [.. _aliases.Values.Select(alias =>
        new AliasReport(alias.First.Name, alias.Devices, alias.First.Requester!, alias.Modules, alias.Attempts))];

    /// <summary>Listens until disposed; null for a source without events. Call once, before the first scan.</summary>
    public IDisposable? Listen(CancellationToken cancellationToken)
    {
        Debug.Assert(Scans == 0, "listening before the first scan leaves no gap");
        Debug.Assert(_present.Count == 0 && Events == 0, "it listens once");
        _cancellationToken = cancellationToken;
        LastSeqnum = devices.Seqnum;
        var listening = devices.Listen(OnEvent, OnLoss);
        requests.Loader.ReceivesRemovals = listening is not null;
        return listening is null ? null : new Listening(requests.Loader, listening);
    }

    /// <summary>Scans all devices and requests the modules of those not seen before; after a loss, of all, because
    /// removals may be among the lost events. All devices of one scan use the SEQNUM read when it started, so one
    /// ENODEV answers them all. Devices added later send their own event.</summary>
    public async Task ScanAsync()
    {
        Scans++;
        _scanSeqnum = devices.Seqnum;
        if (HasLostEvents)
            Forget();
        var scanned = 0;
        foreach (var device in devices.Enumerate())
        {
            // only an event repeats the request of a known device
            if (!_present.ContainsKey(device.DevPath))
                See(device);
            if (++scanned % DevicesPerTurn == 0)
                await loop.Delay(TimeSpan.Zero, _cancellationToken);
            if (_cancellationToken.IsCancellationRequested)
                return;
        }
        AssertCounts();
    }

    /// <summary>Repeats requests for modaliases whose modules have changed; a pending one after its outcome.</summary>
    public void RequestAgain(IEnumerable<string> aliases)
    {
        var tracked = aliases.Select(_aliases.GetValueOrDefault).OfType<TrackedAlias>().ToArray();
        foreach (var alias in tracked.Where(alias => alias.Devices > 0))
        {
            alias.Invalidate();
            Request(alias, alias.First, alias.IsFirstSynthetic);
        }
    }

    /// <summary>The last outcome left a module out, or there is none yet: another policy may change that.</summary>
    public bool IsLeftOut(string modalias) =>
        _aliases.GetValueOrDefault(modalias) is { } alias && (alias.IsPending || alias.IsLeftOut);

    void OnLoss()
    {
        HasLostEvents = true;
        TimesLost++;
        conditions.Changed();
    }

    void Forget()
    {
        HasLostEvents = false;
        _present.Clear();
        (Devices, Modaliases) = (0, 0);
        requests.Loader.EventsLost();
        LiveModules?.EventsLost();
        foreach (var alias in _aliases.Values)
        {
            alias.Devices = 0;
            alias.Invalidate();
        }
        AssertCounts();
    }

    [Conditional("DEBUG")]
    void AssertCounts()
    {
        Debug.Assert(Devices >= 0 && Devices <= Present, "devices are a part of what is present");
        Debug.Assert(Modaliases >= 0, "a modalias is counted for each of its devices");
    }

    void OnEvent(DeviceEvent device)
    {
        const string Prefix = "/module/";
        Events++;
        LastSeqnum = Math.Max(LastSeqnum, device.Seqnum);
        var path = device.DevPath;
        var module = path.StartsWith(Prefix, StringComparison.Ordinal) ? path[Prefix.Length..] : null;
        if (device.Action is DeviceAction.Remove)
        {
            Leave(device);
            if (module is not null)
                ModuleRemoved(module);
        }
        else
        {
            if (module is not null && device.Action is DeviceAction.Add)
                ModuleAdded(module, device.IsSynthetic);
            See(device);
        }
        AssertCounts();
        conditions.Changed();
    }

    /// <param name="isSynthetic">Made by a write to the uevent file: the module is not new.</param>
    void ModuleAdded(string module, bool isSynthetic)
    {
        requests.Loader.ModuleAdded(module);
        if (!isSynthetic)
            LiveModules?.Added(module);
    }

    void ModuleRemoved(string module)
    {
        LiveModules?.Removed(module);
        requests.Loader.ModuleRemoved(module);
        foreach (var alias in _aliases.Values.Where(alias => alias.DependsOn(module)))
        {
            alias.Invalidate();
            Debug.Assert(alias.IsInvalid == alias.IsPending, "a pending outcome is in doubt, a known one is dropped");
        }
    }

    /// <summary>Modules, drivers and buses send events as well.</summary>
    static bool IsDevice(DeviceEvent device) => device.DevPath.StartsWith("/devices/", StringComparison.Ordinal);

    void See(DeviceEvent device)
    {
        var isNew = _present.TryAdd(device.DevPath, []);
        if (isNew && IsDevice(device))
            Devices++;
        foreach (var unplaced in DeviceRequests.Of(device))
        {
            Requesting();
            var request = record?.Place(unplaced) ?? unplaced;
            var alias = Track(request, device.IsSynthetic);
            if (isNew)
            {
                Modaliases++;
                alias.Devices++;
                _present[device.DevPath] = [.. _present[device.DevPath], alias];
            }
            Request(alias, request, device.IsSynthetic);
        }
    }

    void Leave(DeviceEvent device)
    {
        if (!_present.Remove(device.DevPath, out var aliases))
            return;
        if (IsDevice(device))
            Devices--;
        Modaliases -= aliases.Length;
        foreach (var alias in aliases)
            alias.Devices--;
    }

    TrackedAlias Track(LoadRequest request, bool isSynthetic)
    {
        if (_aliases.TryGetValue(request.Name, out var known))
            return known;
        var evicted = _aliases.Count < MaxAliases ? [] : _aliases.Where(entry => !entry.Value.IsPending).ToArray();
        foreach (var (name, _) in evicted)
            _aliases.Remove(name);
        return _aliases[request.Name] = new TrackedAlias(request, isSynthetic);
    }

    /// <summary>Makes a request for a modalias, unless one is pending or the last outcome answers it. After a failure,
    /// a later event asks again; whether that costs a call is the loader's decision (rule 4).</summary>
    void Request(TrackedAlias alias, LoadRequest request, bool isSynthetic)
    {
        if (alias.IsPending)
        {
            // the outcome may be that of a module which was removed meanwhile
            if (alias.IsInvalid)
                alias.Next = (request, isSynthetic);
            return;
        }
        // a synthetic event announces no new device: the outcome since the scan answers it, but for a failure that may
        // have another cause than missing hardware
        var seqnum = isSynthetic && !alias.CanImprove ? _scanSeqnum : request.Seqnum!.Value;
        if (alias.IsAnsweredAsOf(seqnum))
            return;
        Debug.Assert(_aliases.GetValueOrDefault(alias.First.Name) == alias, "a pending modalias is never evicted");
        alias.Begin(seqnum);
        loop.Detach(requests.TrackRequestAsync(request with { Seqnum = seqnum }, Completed, _cancellationToken));

        void Completed(RequestOutcome outcome)
        {
            if (alias.Complete(outcome.Modules) is { } next)
                Request(alias, next.Request, next.IsSynthetic);
        }
    }

    /// <summary>A modalias that some device has, or a module that its subsystem implies.</summary>
    sealed class TrackedAlias(LoadRequest first, bool isFirstSynthetic)
    {
        ulong _seqnum; // of the last request
        bool _isAnswered, _lacksHardware;

        /// <summary>The first device's request.</summary>
        public LoadRequest First => first;

        public bool IsFirstSynthetic => isFirstSynthetic;

        public int Devices { get; set; }

        public bool IsPending { get; private set; }

        /// <summary>The last outcome has a failure that another attempt may mend: any but ENODEV.</summary>
        public bool CanImprove { get; private set; }

        /// <summary>The last outcome has a module that the policy or the blacklist keeps out.</summary>
        public bool IsLeftOut { get; private set; }

        /// <summary>A module was removed, or the indexes changed, since the pending request was made.</summary>
        public bool IsInvalid { get; private set; }

        /// <summary>The request to make after the pending one.</summary>
        public (LoadRequest Request, bool IsSynthetic)? Next { get; set; }

        public IReadOnlyList<ModuleOutcome> Modules { get; private set; } = [];

        public int Attempts { get; private set; }

        /// <summary>The last outcome answers a request of this SEQNUM: it was a complete success, or a driver found no
        /// hardware and no device was added since.</summary>
        public bool IsAnsweredAsOf(ulong seqnum) =>
            _isAnswered && !CanImprove && (!_lacksHardware || seqnum <= _seqnum);

        /// <summary>A removal of the module may change the outcome.</summary>
        public bool DependsOn(string module) => IsPending || Modules.Any(outcome => outcome.Module == module);

        public void Begin(ulong seqnum)
        {
            Debug.Assert(!IsPending, "one request per modalias at a time");
            Debug.Assert(!IsInvalid && Next is null, "the last request's doubts ended with it");
            (IsPending, _seqnum) = (true, seqnum);
        }

        /// <returns>The request to make next, or null.</returns>
        public (LoadRequest Request, bool IsSynthetic)? Complete(IReadOnlyList<ModuleOutcome> outcomes)
        {
            Debug.Assert(IsPending, "an outcome belongs to a request");
            Debug.Assert(IsInvalid || Next is null, "a request is repeated only if its outcome is in doubt");
            (IsPending, _isAnswered) = (false, !IsInvalid);
            _lacksHardware = outcomes.Any(outcome => outcome.Error is Errno.ENODEV);
            CanImprove = outcomes.Any(outcome => outcome.Error is not (Errno.None or Errno.ENODEV));
            IsLeftOut = outcomes.Any(outcome => outcome.Kind is OutcomeKind.Forbidden or OutcomeKind.Blacklisted);
            Attempts += outcomes.Count(outcome => outcome.Kind is OutcomeKind.Loaded or OutcomeKind.Failed);
            // the first outcome shows which request loaded a module; a later success replaces a failure
            if (outcomes is not [{ Kind: OutcomeKind.NotFound }])
                Modules = [.. outcomes.Select(Merge)];
            (IsInvalid, var next, Next) = (false, Next, null);
            return next;

            ModuleOutcome Merge(ModuleOutcome later) =>
                Modules.FirstOrDefault(outcome => outcome.Module == later.Module) is { } first &&
                (first.IsAvailable || !later.IsAvailable) ? first : later;
        }

        /// <summary>The outcome does not hold any more: a module may have been removed.</summary>
        public void Invalidate()
        {
            _isAnswered = false;
            IsInvalid = IsPending;
        }
    }

    sealed class Listening(Loader loader, IDisposable listening) : IDisposable
    {
        public void Dispose()
        {
            loader.ReceivesRemovals = false;
            listening.Dispose();
        }
    }
}
