using System.Runtime.ExceptionServices;
using Drover.Loading;

namespace Drover.Devices;

/// <summary>
/// Asks a loader for what devices want: those that are there and those that events tell of, each distinct modalias once at a time. No device is missed: events
/// are listened for before the first look. One owner, the event loop.
/// </summary>
sealed class DeviceRequests(EventLoop loop, IDevices devices, Loader loader, Func<LoadRequest, CancellationToken, Task<RequestOutcome>> ask)
{
    /// <summary>Devices looked at before the loop is given a turn, so that loads start, and what depends on them, while the look goes on.</summary>
    const int DevicesPerTurn = 8;

    /// <summary>Distinct modaliases that are remembered. A real machine has thousands; a device that makes up new ones with each plug is not to fill the memory.</summary>
    const int MostWanted = 1 << 17;

    readonly HashSet<string> _seen = [];
    readonly Dictionary<string, Wanted> _wanted = [];
    ulong _lookedFrom;
    TaskCompletionSource? _answered;
    Exception? _fault;

    /// <summary>Devices seen, each once as long as it is there.</summary>
    public int Devices { get; private set; }

    /// <summary>MODALIAS lines of all devices seen.</summary>
    public int Modaliases { get; private set; }

    /// <summary>Times all devices were looked at.</summary>
    public int Looks { get; private set; }

    /// <summary>Events heard.</summary>
    public long Events { get; private set; }

    /// <summary>SEQNUM of the last event heard, or from where on we listen.</summary>
    public ulong Heard { get; private set; }

    /// <summary>Events were lost since the last look began.</summary>
    public bool HasLost { get; private set; }

    /// <summary>Times the kernel dropped events because we were too slow.</summary>
    public int TimesLost { get; private set; }

    /// <summary>Devices and whatever else sends events, as far as they are there.</summary>
    public int Present => _seen.Count;

    /// <summary>Distinct modaliases seen.</summary>
    public int Distinct => _wanted.Count;

    /// <summary>Requests that have no answer yet.</summary>
    public int Waiting { get; private set; }

    /// <summary>The loader itself has failed: nothing more is to be expected of it.</summary>
    public bool HasFailed => _fault is not null;

    /// <summary>Called after each event, each loss, and a fault of the loader; or null.</summary>
    public Action? Heeded { get; init; }

    /// <summary>Every distinct modalias, in the order in which it was first seen.</summary>
    public IReadOnlyList<AliasReport> Report() =>
        [.. _wanted.Values.Select(wanted => new AliasReport(wanted.Modalias, wanted.Devices, wanted.FirstDevice, wanted.Modules, wanted.Attempts))];

    /// <summary>Listens until disposed, and has the loader trust in that; null where nothing can be heard.</summary>
    /// <param name="stop">Requests are left by it.</param>
    public IDisposable? Listen(CancellationToken stop)
    {
        Heard = devices.Seqnum;
        var listening = devices.Listen(device => Hear(device, stop), Lose);
        loader.HearsOfRemovals = listening is not null;
        return listening is null ? null : new Listening(loader, listening);
    }

    /// <summary>
    /// Looks at all devices, and asks for those that were not seen before; after a loss for all of them, since who came and went meanwhile is not known. They are asked for
    /// as of the look's beginning: what one of them has found out of a driver holds for all. Of who comes later there is an event, too.
    /// </summary>
    public async Task LookAsync(CancellationToken stop)
    {
        Looks++;
        _lookedFrom = devices.Seqnum;
        if (HasLost)
            Forget();
        var sinceTurn = 0;
        foreach (var device in devices.Enumerate())
        {
            // one that we know has had its answer; only an event makes it ask anew
            if (!_seen.Contains(device.DevPath))
                See(device, stop);
            if (++sinceTurn % DevicesPerTurn == 0)
                await loop.Delay(TimeSpan.Zero, stop);
            if (stop.IsCancellationRequested)
                return;
        }
    }

    /// <summary>What every device asks for, once each.</summary>
    public IEnumerable<string> Asked => _wanted.Keys;

    /// <summary>Asks once more for what these names stand for: they mean something else than before. Those who are on their way are asked for when they are answered.</summary>
    public void AskAgain(IEnumerable<string> asked)
    {
        foreach (var wanted in asked.Select(_wanted.GetValueOrDefault).OfType<Wanted>().Where(wanted => wanted.Devices > 0).ToArray())
        {
            wanted.Doubt();
            wanted.Ask();
        }
    }

    /// <summary>Waits until every request so far, and those made meanwhile, are answered. A fault of the loader itself comes out here.</summary>
    public async Task AnswersAsync()
    {
        while (Waiting > 0 && !HasFailed)
            await (_answered ??= new TaskCompletionSource()).Task;
        ThrowIfFailed();
    }

    /// <summary>Throws the fault of the loader, if it had one.</summary>
    public void ThrowIfFailed()
    {
        if (_fault is not null)
            ExceptionDispatchInfo.Throw(_fault);
    }

    void Lose()
    {
        HasLost = true;
        TimesLost++;
        Heeded?.Invoke();
    }

    void Forget()
    {
        HasLost = false;
        _seen.Clear();
        (Devices, Modaliases) = (0, 0);
        loader.EventsLost();
        foreach (var wanted in _wanted.Values)
        {
            wanted.Devices = 0;
            wanted.Doubt();
        }
    }

    void Hear(DeviceEvent device, CancellationToken stop)
    {
        const string Modules = "/module/";
        Events++;
        Heard = Math.Max(Heard, device.Seqnum);
        var module = device.DevPath.StartsWith(Modules, StringComparison.Ordinal) ? device.DevPath[Modules.Length..] : null;
        if (device.Action is DeviceAction.Remove)
        {
            if (_seen.Remove(device.DevPath) && IsDevice(device))
                Devices--;
            if (module is not null)
                ModuleRemoved(module);
        }
        else
        {
            if (module is not null && device.Action is DeviceAction.Add)
                loader.ModuleAdded(module);
            See(device, stop);
        }
        Heeded?.Invoke();
    }

    void ModuleRemoved(string module)
    {
        loader.ModuleRemoved(module);
        foreach (var wanted in _wanted.Values)
            wanted.ModuleRemoved(module);
    }

    /// <summary>Modules, drivers and buses send events, too.</summary>
    static bool IsDevice(DeviceEvent device) => device.DevPath.StartsWith("/devices/", StringComparison.Ordinal);

    void See(DeviceEvent device, CancellationToken stop)
    {
        var isNew = _seen.Add(device.DevPath);
        if (isNew && IsDevice(device))
            Devices++;
        foreach (var wish in DeviceWishes.Of(device))
            Want(wish, device, isNew, stop);
    }

    void Want(DeviceWish wish, DeviceEvent device, bool isNew, CancellationToken stop)
    {
        if (isNew)
            Modaliases++;
        if (_wanted.Count >= MostWanted && Waiting == 0)
            _wanted.Clear();
        if (!_wanted.TryGetValue(wish.Asked, out var wanted))
            _wanted[wish.Asked] = wanted = new Wanted(wish.Asked, device.DevPath, () => Want(wish, device, isNew: false, stop));
        if (isNew)
            wanted.Devices++;
        if (wanted.IsOnItsWay)
        {
            // what the answer will say of a module may have been so before it went
            if (wanted.IsDoubted)
                wanted.Again = () => Want(wish, device, isNew: false, stop);
            return;
        }
        // nothing has happened to a repeated event's device since the look, and only what failed for another reason than its hardware may go better now
        var asOf = device.IsSynthetic && !wanted.MayGoBetter ? _lookedFrom : device.Seqnum;
        if (wanted.HoldsFor(asOf))
            return;
        wanted.IsOnItsWay = true;
        wanted.AsOf = asOf;
        Waiting++;
        // an equal modalias of a later event asks once more after a failure; whether that costs a call is the loader's to say (rule 4)
        _ = AskAsync(wanted, wish.ToRequest(device with { Seqnum = asOf }), stop);
    }

    async Task AskAsync(Wanted wanted, LoadRequest request, CancellationToken stop)
    {
        try
        {
            var outcome = await ask(request, stop);
            wanted.Answer(outcome.Modules)?.Invoke();
        }
#pragma warning disable CA1031 // whatever it is, it belongs to whoever awaits the answers
        catch (Exception fault)
#pragma warning restore CA1031
        {
            _fault = fault;
            Heeded?.Invoke();
        }
        if (--Waiting > 0 && !HasFailed)
            return;
        _answered?.SetResult();
        _answered = null;
    }

    /// <summary>A modalias that some device has.</summary>
    sealed class Wanted(string modalias, string firstDevice, Action ask)
    {
        bool _isAnswered, _lacksHardware;

        public string Modalias { get; } = modalias;

        public string FirstDevice { get; } = firstDevice;

        /// <summary>Asks as its first device did.</summary>
        public Action Ask { get; } = ask;

        public int Devices { get; set; }

        public bool IsOnItsWay { get; set; }

        /// <summary>SEQNUM as of which was asked last.</summary>
        public ulong AsOf { get; set; }

        /// <summary>The last answer has a failure that another try may mend: not that there is no hardware (ENODEV).</summary>
        public bool MayGoBetter { get; private set; }

        /// <summary>Something went since the request that is on its way was made.</summary>
        public bool IsDoubted { get; private set; }

        /// <summary>Asks once more when that is answered, or null.</summary>
        public Action? Again { get; set; }

        public IReadOnlyList<ModuleOutcome> Modules { get; private set; } = [];

        public int Attempts { get; private set; }

        /// <summary>The last answer is that to a request as of this SEQNUM, too: it left nothing to wish for, or some driver finds no hardware and no other device has come since.</summary>
        public bool HoldsFor(ulong seqnum) => _isAnswered && !MayGoBetter && (!_lacksHardware || seqnum <= AsOf);

        /// <returns>What is to be done then, or null.</returns>
        public Action? Answer(IReadOnlyList<ModuleOutcome> modules)
        {
            IsOnItsWay = false;
            _isAnswered = !IsDoubted;
            _lacksHardware = modules.Any(module => module.Error is Errno.ENODEV);
            MayGoBetter = modules.Any(module => module.Error is not (Errno.None or Errno.ENODEV));
            (IsDoubted, var again, Again) = (false, Again, null);
            Attempts += modules.Count(module => module.Kind is OutcomeKind.Loaded or OutcomeKind.Failed);
            if (modules is [{ Kind: OutcomeKind.NotFound }])
                return again;
            // the first answer tells who loaded it; a later one counts where it made good what had failed
            Modules = Modules.Count == 0 ? modules : [.. Modules.Zip(modules, (first, later) => later.IsAvailable && !first.IsAvailable ? later : first)];
            return again;
        }

        /// <summary>Its modules may have gone.</summary>
        public void Doubt()
        {
            _isAnswered = false;
            IsDoubted = IsOnItsWay;
        }

        public void ModuleRemoved(string module)
        {
            if (IsOnItsWay || Modules.Any(there => there.Module == module))
                Doubt();
        }
    }

    sealed class Listening(Loader loader, IDisposable listening) : IDisposable
    {
        public void Dispose()
        {
            loader.HearsOfRemovals = false;
            listening.Dispose();
        }
    }
}
