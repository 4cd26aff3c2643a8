using Drover.Loading;

namespace Drover.Devices;

/// <summary>What a service knows of its requests and loads, for whoever wants to see. One owner, the event loop.</summary>
sealed class ServiceRecords(EventLoop loop, ILoaderObserver? observer, Action changed) : ILoaderObserver
{
    readonly LinkedList<Pending> _pending = [];
    readonly Dictionary<string, (long Bytes, long Since)> _running = [];
    readonly Dictionary<string, Module> _modules = [];

    /// <summary>Calls to the kernel that have ended.</summary>
    public long Calls { get; private set; }

    /// <summary>The number of the last request.</summary>
    public long LastOrder { get; private set; }

    /// <summary>Some request has no answer yet.</summary>
    public bool HasWaiting => _pending.Count > 0;

    /// <summary>One of the first so many requests that concerns somebody has no answer yet.</summary>
    public bool IsWaiting(long last, Func<LoadRequest, bool> concerns)
    {
        foreach (var pending in _pending)
        {
            if (pending.Order > last)
                return false;
            if (concerns(pending.Request))
                return true;
        }
        return false;
    }

    public LinkedListNode<Pending> Begin(LoadRequest request) => _pending.AddLast(new Pending(request, loop.Time.GetTimestamp(), ++LastOrder));

    public void End(LinkedListNode<Pending> request) => _pending.Remove(request);

    /// <summary>Takes down the outcomes of a request.</summary>
    public IEnumerable<ServedOutcome> Served(LinkedListNode<Pending> request, RequestOutcome outcome)
    {
        var (at, took) = (loop.Time.GetElapsedTime(0), loop.Time.GetElapsedTime(request.Value.Since));
        foreach (var one in outcome.Modules)
        {
            // anybody can ask for any number of names that nobody knows
            if (one.Kind is not OutcomeKind.NotFound)
            {
                var module = Of(one.Module);
                module.Asked ??= outcome.Request;
                module.Requests++;
                if (one.Kind is OutcomeKind.Joined)
                    module.Joined++;
                module.Last = one;
            }
            yield return new ServedOutcome(outcome.Request, one, at, took);
        }
    }

    public IReadOnlyList<RunningLoad> Running() =>
        [.. _running.Select(load => new RunningLoad(load.Key, load.Value.Bytes, loop.Time.GetElapsedTime(load.Value.Since))).OrderByDescending(load => load.Age)];

    public IReadOnlyList<WaitingRequest> Waiting() =>
        [.. _pending.Select(pending => new WaitingRequest(pending.Request.Asked, pending.Request.Asker, loop.Time.GetElapsedTime(pending.Since)))];

    public IReadOnlyList<ModuleRecord> Modules() =>
    [
        .. _modules.Where(module => module.Value.Last is not null)
            .Select(module => new ModuleRecord(module.Key, module.Value.Requests, module.Value.Calls, module.Value.Last!, module.Value.Asked?.Asker, module.Value.Asked?.Asked ?? module.Key, module.Value.LoadTook)
            {
                Joined = module.Value.Joined,
                FileBytes = module.Value.FileBytes,
                First = module.Value.First,
            }),
    ];

    public void Wanted(string module, IReadOnlyList<string> needed)
    {
        var record = Of(module);
        // what a second try brings has no place on a timeline of the first
        record.IsFirstOver = record.First is not null;
        record.First ??= new FirstLoad(loop.Time.GetElapsedTime(0), needed);
        observer?.Wanted(module, needed);
    }

    public void Calling(LoadCall call, ModuleFileFacts file)
    {
        _running[call.Module] = (file.FileBytes, loop.Time.GetTimestamp());
        if (Of(call.Module) is { IsFirstOver: false, First: { CalledAt: null } first } module)
            module.First = first with { CalledAt = loop.Time.GetElapsedTime(0) };
        observer?.Calling(call, file);
    }

    public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
    {
        _running.Remove(call.Module);
        Calls++;
        var module = Of(call.Module);
        module.Calls++;
        module.LoadTook = took;
        module.FileBytes = file.FileBytes;
        if (module is { IsFirstOver: false, First: { } first })
            module.First = first with { EndedAt = loop.Time.GetElapsedTime(0), Error = reply.Error };
        // a dependency that nobody asks for by itself is heard of here alone
        module.Last ??= new ModuleOutcome(call.Module, reply.Error is Errno.None ? OutcomeKind.Loaded : OutcomeKind.Failed, reply.Error);
        observer?.Called(call, file, reply, took);
        changed();
    }

    public void CommandEnded(string module, string command, int status) => observer?.CommandEnded(module, command, status);

    public void Noted(string message) => observer?.Noted(message);

    Module Of(string name)
    {
        if (!_modules.TryGetValue(name, out var module))
            _modules[name] = module = new Module();
        return module;
    }

    public sealed record Pending(LoadRequest Request, long Since, long Order);

    sealed class Module
    {
        public LoadRequest? Asked { get; set; }

        public long Requests { get; set; }

        public long Calls { get; set; }

        public ModuleOutcome? Last { get; set; }

        public TimeSpan? LoadTook { get; set; }

        public long? FileBytes { get; set; }

        public long Joined { get; set; }

        public FirstLoad? First { get; set; }

        public bool IsFirstOver { get; set; }
    }
}
