using System.Diagnostics;
using Drover.Control;
using Drover.Kernel;
using Drover.Loading;

namespace Drover.Devices;

/// <summary>What happened to each module and who asked for it, and the load calls in the kernel. It has at most one
/// record for each module of the indexes. Runs on the event loop.</summary>
sealed class ServiceRecords : ILoaderObserver
{
    readonly EventLoop _loop;
    readonly ILoaderObserver? _observer;
    readonly Conditions _conditions;
    readonly Dictionary<string, (long Bytes, long Since, string? Requester)> _running = [];
    readonly Dictionary<string, Record> _modules = [];

    /// <param name="earlier">The records of an earlier daemon of this boot.</param>
    public ServiceRecords(
        EventLoop loop, ILoaderObserver? observer, Conditions conditions, IReadOnlyList<ModuleRecord> earlier)
    {
        (_loop, _observer, _conditions) = (loop, observer, conditions);
        foreach (var module in earlier)
            _modules[module.Module] = new Record(module);
    }

    /// <summary>Called for each change of <see cref="Modules"/>.</summary>
    public required Action Changed { get; init; }

    /// <summary>Called when a load has made a module live.</summary>
    public required Action<string> Live { get; init; }

    /// <summary>Since the start of this daemon.</summary>
    public long Calls { get; private set; }

    /// <summary>Load calls in the kernel.</summary>
    public int RunningCount => _running.Count;

    public void Add(LoadRequest request, ModuleOutcome outcome)
    {
        if (outcome.Kind is OutcomeKind.NotFound)
            return; // there is no limit to the unknown names that clients can request
        var module = RecordOf(outcome.Module);
        if (module.RequestedName is null)
        {
            (module.FirstRequester, module.RequestedName) = (request.Requester, request.Name);
            module.FirstProcess = request.Process;
        }
        (module.LastRequester, module.LastRequestedName) = (request.Requester, request.Name);
        module.LastProcess = request.Process;
        if (outcome is { Kind: OutcomeKind.Forbidden or OutcomeKind.Blacklisted, Why: { } why })
        {
            module.Refused = new ModuleRefusal(_loop.Time.GetElapsedTime(0), request.Requester, request.Name, why)
            {
                Process = request.Process,
            };
        }
        module.Requests++;
        module.Joined += outcome.Kind is OutcomeKind.Joined ? 1 : 0;
        module.Last = outcome;
        Changed();
    }

    /// <summary>The oldest first.</summary>
    public IReadOnlyList<RunningLoad> Running() =>
    [
        .. _running.OrderBy(load => load.Value.Since).Select(load => new RunningLoad(
            load.Key, load.Value.Bytes, _loop.Time.GetElapsedTime(load.Value.Since), load.Value.Requester)),
    ];

    public IReadOnlyList<ModuleRecord> Modules() =>
        [.. _modules.Where(entry => entry.Value.Last is not null).Select(entry => entry.Value.ToReport(entry.Key))];

    public void Requested(LoadRequest source, string module, string? neededBy, IReadOnlyList<string> needed)
    {
        var record = RecordOf(module);
        // a timeline shows the first load only
        record.IsFirstOver = record.First is not null;
        record.First ??= new FirstLoad(_loop.Time.GetElapsedTime(0), needed);
        record.LoadRequester = source.Requester;
        _observer?.Requested(source, module, neededBy, needed);
    }

    public void Calling(LoadCall call, ModuleFileFacts file)
    {
        Debug.Assert(!_running.ContainsKey(call.Module), "one call per module at a time");
        var module = RecordOf(call.Module);
        _running[call.Module] = (file.FileBytes, _loop.Time.GetTimestamp(), module.LoadRequester);
        if (module is { IsFirstOver: false, First: { CalledAt: null } first })
            module.First = first with { CalledAt = _loop.Time.GetElapsedTime(0) };
        _observer?.Calling(call, file);
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
            module.First = first with { EndedAt = _loop.Time.GetElapsedTime(0), Error = reply.Error };
        // modules loaded only as dependencies are recorded only here
        var kind = reply.Error is Errno.None ? OutcomeKind.Loaded : OutcomeKind.Failed;
        module.Last ??= new ModuleOutcome(call.Module, kind, reply.Error);
        _observer?.Called(call, file, reply, took);
        Changed();
        _conditions.Changed();
    }

    public void Failed(LoadCall call, Errno error, string why) => _observer?.Failed(call, error, why);

    public void BecameLive(string module)
    {
        Live(module);
        _observer?.BecameLive(module);
    }

    public void CommandStarting(string module) => _observer?.CommandStarting(module);

    public void CommandEnded(string module, string command, int status) =>
        _observer?.CommandEnded(module, command, status);

    public void PolicyApplied(LoadRequest source, string module, PolicyAction action, string why) =>
        _observer?.PolicyApplied(source, module, action, why);

    public void Noted(string message) => _observer?.Noted(message);

    Record RecordOf(string module)
    {
        if (!_modules.TryGetValue(module, out var record))
            _modules[module] = record = new Record();
        return record;
    }

    sealed class Record
    {
        public Record()
        {
        }

        public Record(ModuleRecord earlier)
        {
            (FirstRequester, FirstProcess) = (earlier.FirstRequester, earlier.FirstProcess);
            (LastRequester, LastRequestedName) = (earlier.LastRequester, earlier.LastRequestedName);
            (LastProcess, Refused, Last) = (earlier.LastProcess, earlier.Refused, earlier.Last);
            (Requests, Calls, Joined) = (earlier.Requests, earlier.Calls, earlier.Joined);
            (LoadTook, FileBytes, First) = (earlier.LoadTook, earlier.FileBytes, earlier.First);
            // without a request, the name is the module's own
            RequestedName = earlier.Requests > 0 ? earlier.RequestedName : null;
            IsFirstOver = First is not null;
        }

        /// <summary>Of the first request; null for a module that was loaded as a dependency only.</summary>
        public string? RequestedName { get; set; }

        public string? FirstRequester { get; set; }

        public RequestingProcess? FirstProcess { get; set; }

        public string? LastRequester { get; set; }

        public string? LastRequestedName { get; set; }

        public RequestingProcess? LastProcess { get; set; }

        /// <summary>Of the last load.</summary>
        public string? LoadRequester { get; set; }

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
            new(name, Requests, Calls, Last!, FirstRequester, RequestedName ?? name, LoadTook)
            {
                FirstProcess = FirstProcess,
                Joined = Joined,
                FileBytes = FileBytes,
                First = First,
                LastRequester = LastRequester,
                LastRequestedName = LastRequestedName,
                LastProcess = LastProcess,
                Refused = Refused,
            };
    }
}
