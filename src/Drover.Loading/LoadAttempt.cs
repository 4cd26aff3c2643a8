using System.Diagnostics;
using Drover.Kernel;

namespace Drover.Loading;

/// <summary>Loads one module whose dependencies are live: file, budget, lock, call, and the errno policy's
/// reaction (design rules 1, 5, 8, 10, 12). Owned by the event loop.</summary>
sealed class LoadAttempt(
    EventLoop loop, IKernel kernel, IModuleLocks locks, LoadBudget budget, LoadCache cache,
    StatisticsCounter statistics, PolicyGuard guard, LoaderOptions options, ILoaderObserver? observer,
    Func<string, string?> exporterOf)
{
    /// <summary>First pause between checks of a module that another process is loading.</summary>
    static readonly TimeSpan s_minPoll = TimeSpan.FromMilliseconds(5);

    /// <summary>The reply of a load that ended while a process without the lock was loading the module.</summary>
    static readonly LoadReply s_anotherIsLoading = new(Errno.EBUSY, "another process was loading it, and failed");

    readonly FileLocks _files = new();

    /// <summary>The kernel claims to decompress and has replied EOPNOTSUPP.</summary>
    bool _kernelCannotDecompress;

    /// <summary>finit_module has replied ENOSYS.</summary>
    bool _hasNoFinitModule;

    /// <summary>init_module was refused. finit_module may be allowed: LoadPin and IMA want a file.</summary>
    bool _imagesAreRefused;

    /// <summary>Runs the flight to its outcome.</summary>
    /// <param name="isLastTry">A missing symbol is final.</param>
    /// <returns>Null when a hard dependency is gone and has to be loaded again first.</returns>
    public async Task<ModuleOutcome?> RunAsync(Flight flight, bool isLastTry)
    {
        if (flight.Plan.InstallCommand is { } command)
            return AnswerOfCommand(flight) ?? guard.Bar(flight) ?? await RunInstallCommandAsync(flight, command);
        var path = flight.Plan.Path;
        ModuleFileFacts file;
        for (var tries = 1; !kernel.TryInspect(path, out file, out var reason); tries++)
        {
            var policy = ErrnoPolicy.For(reason.Error);
            if (policy.Reaction is not Reaction.ShrinkBudget || tries == policy.Tries || flight.IsAbandoned)
            {
                return flight.Outcome(
                    OutcomeKind.Failed, reason.Error, reason.Detail ?? ErrnoText.DescribeLoad(reason.Error));
            }
            await loop.Delay(ErrnoPolicy.PauseAfter(tries), flight.Abandoned);
        }

        using var fileLock = await _files.EnterAsync(file.Id);
        var via = ViaFor(file);
        var call = new LoadCall(flight.Module, path, via, flight.Parameters, options.Ignored);
        try
        {
            for (var tries = 1; ; tries++)
            {
                // the kernel has the image and the module; init_module is given another image
                flight.Cost = file.FileBytes + ((call.Via is LoadVia.InitModule ? 3 : 2) * file.ImageBytes);
                var (moduleLock, hasWaited) = await EnterAsync(flight);
                using var held = moduleLock;
                // no await from here to the call: an abandoned flight is out of the table, so nothing can join it
                if (moduleLock is null || flight.IsAbandoned)
                    return flight.Outcome(OutcomeKind.Left);
                Debug.Assert(budget.Has(flight), "a flight that has the lock has its share");
                var state = kernel.InitStateOf(flight.Module);
                if (FindAnswer(flight, moduleLock, file.Version, state, hasWaited) is { } answer)
                    return answer;
                if (guard.Bar(flight) is { } forbidden)
                    return forbidden;
                var reply = state is InitState.Coming ? s_anotherIsLoading : await CallAsync(flight, call, file);
                if (call.Via is LoadVia.InitModule && reply.Error is Errno.EPERM or Errno.EACCES
                    && KernelDecompresses(file) && budget.Has(flight) && !flight.IsAbandoned)
                {
                    _imagesAreRefused = true;
                    call = call with { Via = LoadVia.FinitModuleCompressed };
                    reply = await CallAsync(flight, call, file);
                }
                budget.Leave(flight);
                if (reply.Error is Errno.None)
                {
                    budget.Grow(flight.Cost);
                    return Succeed(flight, moduleLock);
                }
                var next = await ReactAsync(flight, call, reply, tries, isLastTry);
                if (next.Outcome is { Kind: OutcomeKind.Failed } failure)
                    moduleLock.RecordFailure(Remember(flight, failure, file.Version));
                if (next.Call is null)
                    return next.Outcome;
                call = next.Call;
            }
        }
        finally
        {
            budget.Leave(flight);
        }
    }

    /// <summary>Takes a share of the budget and the module's lock together. It holds neither while it waits for the
    /// other: a module in the kernel may request, from its init, the very module that would be kept waiting.</summary>
    /// <returns>A null lock when the flight was abandoned.</returns>
    async Task<(IModuleLock? ModuleLock, bool HasWaited)> EnterAsync(Flight flight)
    {
        for (var hasWaited = false; ; hasWaited = true)
        {
            if (!await budget.EnterAsync(flight) || flight.IsAbandoned)
                return default;
            if (locks.TryEnter(flight.Module) is { } moduleLock)
                return (moduleLock, hasWaited);
            budget.Leave(flight);
            using var other = await locks.EnterAsync(flight.Module, flight.Abandoned);
            Debug.Assert(!budget.Has(flight) && flight.Admission is null, "no share and no place while it waits");
            if (other is null)
                return default;
        }
    }

    /// <summary>The outcome, if another process or an earlier attempt of this one has produced it already.</summary>
    ModuleOutcome? FindAnswer(Flight flight, IModuleLock moduleLock, FileVersion file, InitState state, bool hasWaited)
    {
        if (state is InitState.Live)
        {
            cache.AddLive(flight.Module);
            return hasWaited
                ? flight.Outcome(OutcomeKind.Joined, why: LoaderMessages.LoadedElsewhere)
                : flight.Outcome(OutcomeKind.AlreadyLive);
        }
        // an abandoned flight of this process may have ended while this one waited for the file
        if (cache.FindForFile(flight, file) is { } earlier)
            return earlier;
        if (flight.HasOwnParameters || moduleLock.LastFailure is not { } known
            || known.Version != file || !flight.MadeAt.IsAnsweredBy(known))
        {
            return null;
        }
        var why = LoaderMessages.FailedElsewhere(known.Error);
        cache.AddResult(flight, known, FailureScope.Generation, why);
        return flight.Outcome(OutcomeKind.Joined, known.Error, why) with { Repeats = known };
    }

    /// <summary>Makes the call. As soon as its module is live, the flight returns its share of the budget and its
    /// dependents continue; requests for the module itself are answered when the call returns.</summary>
    async Task<LoadReply> CallAsync(Flight flight, LoadCall call, ModuleFileFacts file)
    {
        Debug.Assert(budget.Has(flight), "a call has a share of the budget");
        Debug.Assert(call.Module == flight.Module && flight.LiveWatch is null, "one call at a time, for its module");
        statistics.CountCall(call.Module, budget.BytesInFlight, budget.NumberInFlight);
        observer?.Calling(call, file);
        var started = loop.Time.GetTimestamp();
        var wasSeenLive = false;
        flight.EnterKernel();
        try
        {
            using var watch = flight.LiveWatch = new LiveWatch(loop, kernel, call.Module, () =>
            {
                wasSeenLive = true;
                NoteLive(call.Module);
                budget.Leave(flight);
                // it may have been live before, in an earlier call, and removed
                if (!flight.IsUsable)
                    flight.BecomeUsable();
            });
            var reply = await kernel.LoadAsync(call);
            if (reply.Error is Errno.None && !wasSeenLive)
                NoteLive(call.Module);
            statistics.CountReply(reply.Error, file.FileBytes);
            observer?.Called(call, file, reply, loop.Time.GetElapsedTime(started));
            return reply;
        }
        finally
        {
            flight.LiveWatch = null;
            flight.LeaveKernel();
        }
    }

    void NoteLive(string module)
    {
        observer?.BecameLive(module);
        if (kernel.HasDrivers(module))
            cache.LastDriverAt = loop.Time.GetTimestamp();
    }

    /// <summary>Applies the errno policy. Returns the next call or the final outcome; returns neither if a hard
    /// dependency was removed.</summary>
    async Task<(ModuleOutcome? Outcome, LoadCall? Call)> ReactAsync(
        Flight flight, LoadCall call, LoadReply reply, int tries, bool isLastTry)
    {
        Debug.Assert(reply.Error is not Errno.None, "there is nothing to do about a success");
        Debug.Assert(!flight.InKernel && !budget.Has(flight), "a flight that pauses keeps no other from loading");
        var policy = ErrnoPolicy.For(reply.Error);
        var again = tries < policy.Tries;
        string? hint = null;
        var isCertain = false; // no other cause has to be looked for
        switch (policy.Reaction)
        {
            case Reaction.CheckState:
                var wasComing = kernel.InitStateOf(call.Module) is InitState.Coming;
                if (await WaitWhileComingAsync(flight) is InitState.Live)
                {
                    cache.AddLive(call.Module);
                    return (flight.Outcome(OutcomeKind.Joined, why: LoaderMessages.LoadedElsewhere), null);
                }
                hint = reply.Error is Errno.ETXTBSY ? LoaderMessages.FileIsHeld(call.Path, wasComing) : null;
                break;

            case Reaction.ShrinkBudget when again:
                budget.Shrink();
                observer?.Noted(LoaderMessages.SmallerBudget(call, reply.Error, budget.LimitBytes));
                // not for long: the init of the load that leaves next may wait, in another process, for this lock
                _ = await loop.WaitAsync(budget.NextLeaveAsync(flight), ErrnoPolicy.MaxPause, flight.Abandoned);
                break;

            case Reaction.DecompressHere when again && call.Via is LoadVia.FinitModuleCompressed:
                _kernelCannotDecompress |= reply.Error is Errno.EOPNOTSUPP;
                observer?.Noted(LoaderMessages.DecompressingHere(call, reply.Error));
                return (null, call with { Via = LoadVia.InitModule });

            case Reaction.ReadHere when again && call.Via is not LoadVia.InitModule:
                _hasNoFinitModule = true;
                observer?.Noted(LoaderMessages.ReadingHere(call, reply.Error));
                return (null, call with { Via = LoadVia.InitModule });

            case Reaction.DecompressHere or Reaction.ReadHere:
                again = false;
                break;

            case Reaction.MissingSymbol:
                var dependencies = flight.Plan.HardDependencies;
                var gone = dependencies.Where(module => kernel.InitStateOf(module) is not InitState.Live).ToArray();
                if (!isLastTry && gone.Length > 0)
                {
                    foreach (var dependency in gone)
                        cache.Remove(dependency);
                    return (null, null);
                }
                hint = LoaderMessages.MissingSymbol(dependencies, gone);
                isCertain = gone.Length > 0;
                again = false;
                break;

            default:
                break;
        }
        if (!again)
        {
            var why = await ExplainAsync(call, reply, tries, hint, isCertain);
            if (reply.Error is not Errno.ENODEV)
                observer?.Failed(call, reply.Error, why);
            return (flight.Outcome(OutcomeKind.Failed, reply.Error, why), null);
        }
        var pause = ErrnoPolicy.PauseAfter(tries);
        observer?.Noted(LoaderMessages.Retrying(call, reply, pause));
        await loop.Delay(pause, flight.Abandoned);
        return (null, call);
    }

    /// <summary>The message of a final failure: with the kernel's own lines, and what to do about the usual causes.
    /// A driver without hardware needs none of that.</summary>
    async Task<string> ExplainAsync(
        LoadCall call, LoadReply reply, int tries, string? hint, bool isCertain)
    {
        var facts = reply.Error is Errno.ENODEV ? null : await kernel.ExamineAsync(call, reply);
        var cause = facts is null || isCertain ? null : LoadFailure.Explain(
            call, reply.Error, facts, exporterOf, module => kernel.InitStateOf(module) is InitState.Live);
        return LoaderMessages.CallFailed(call, reply, tries, cause ?? hint, facts?.Lines ?? []);
    }

    async Task<InitState> WaitWhileComingAsync(Flight flight)
    {
        for (var interval = new PollInterval(s_minPoll); ;)
        {
            var state = kernel.InitStateOf(flight.Module);
            if (state is not InitState.Coming || flight.IsAbandoned)
                return state;
            await loop.Delay(interval.Next(), flight.Abandoned);
        }
    }

    ModuleOutcome Succeed(Flight flight, IModuleLock moduleLock)
    {
        Debug.Assert(!flight.InKernel && !budget.Has(flight), "the call has returned, and the share with it");
        cache.AddLoaded(flight.Module, flight.Parameters);
        if (flight.IsStale)
            cache.Remove(flight.Module);
        if (moduleLock.LastFailure is not null)
            moduleLock.RecordFailure(null);
        return flight.Outcome(OutcomeKind.Loaded, why: flight.Warning);
    }

    /// <summary>The outcome, if the command of a dependency has loaded the module.</summary>
    ModuleOutcome? AnswerOfCommand(Flight flight)
    {
        if (kernel.InitStateOf(flight.Module) is not InitState.Live)
            return null;
        cache.AddLive(flight.Module);
        return flight.Outcome(OutcomeKind.AlreadyLive);
    }

    /// <summary>Runs an install command without lock and budget: its own modprobe usually loads the module.</summary>
    async Task<ModuleOutcome> RunInstallCommandAsync(Flight flight, string command)
    {
        Debug.Assert(
            !budget.Has(flight) && flight.Admission is null, "the command's own modprobe may need the whole budget");
        command = command.Replace("$CMDLINE_OPTS", flight.Parameters);
        int status;
        observer?.CommandStarting(flight.Module);
        flight.EnterKernel();
        try
        {
            status = await kernel.RunInstallCommandAsync(command, flight.Module);
        }
        finally
        {
            flight.LeaveKernel();
        }
        observer?.CommandEnded(flight.Module, command, status);
        // kmod's errno for it (module_do_install_commands)
        var outcome = status == 0
            ? flight.Outcome(OutcomeKind.Loaded, why: flight.Warning)
            : flight.Outcome(OutcomeKind.Failed, Errno.EINVAL, LoaderMessages.InstallCommandFailed(command, status));
        // a success too: it may leave no live module
        Remember(flight, outcome, default);
        return outcome;
    }

    /// <summary>Keeps the result for requests that were made before it was known.</summary>
    KnownResult Remember(Flight flight, ModuleOutcome outcome, FileVersion version)
    {
        var known = new KnownResult(outcome.Error, kernel.UeventSeqnum, loop.Time.GetTimestamp(), version);
        Debug.Assert(
            known.Error is not Errno.None || flight.Plan.InstallCommand is not null, "a loaded module needs no result");
        Debug.Assert(known.Timestamp >= flight.MadeAt.Timestamp, "a result is known after its request was made");
        cache.AddResult(flight, known, ErrnoPolicy.For(outcome.Error).Scope, outcome.Why);
        return known;
    }

    LoadVia ViaFor(in ModuleFileFacts file)
    {
        if (_hasNoFinitModule)
            return LoadVia.InitModule;
        if (file.Compression is ModuleCompression.None)
            return LoadVia.FinitModule;
        if (!KernelDecompresses(file))
            return LoadVia.InitModule;
        // only finit_module has flags for checks; an image altered instead no longer matches its signature
        if (_imagesAreRefused || options.Ignored is not IgnoredChecks.None)
            return LoadVia.FinitModuleCompressed;
        var isForHere = options.Decompressor is { } chosen
            ? chosen is Decompressor.Here
            : file.Compression == kernel.CheaperHere || file.IsUnusual;
        return isForHere ? LoadVia.InitModule : LoadVia.FinitModuleCompressed;
    }

    bool KernelDecompresses(in ModuleFileFacts file) =>
        file.Compression == kernel.Decompresses && !_kernelCannotDecompress && !_hasNoFinitModule;

    /// <summary>One load per file (design rule 1): two names may lead to one inode, which the kernel locks.</summary>
    sealed class FileLocks
    {
        readonly Dictionary<FileId, TaskCompletionSource> _held = [];

        /// <summary>Waits for the file and holds it until the result is disposed.</summary>
        public async Task<IDisposable> EnterAsync(FileId file)
        {
            while (_held.TryGetValue(file, out var holder))
                await holder.Task;
            var fileLock = new FileLock(this, file);
            Debug.Assert(!fileLock.Released.Task.IsCompleted, "a lock is held until it is disposed");
            _held.Add(file, fileLock.Released);
            return fileLock;
        }

        sealed class FileLock(FileLocks locks, FileId file) : IDisposable
        {
            public TaskCompletionSource Released { get; } = new();

            public void Dispose()
            {
                var wasHeld = locks._held.Remove(file, out var holder);
                Debug.Assert(wasHeld, "a file lock is released once");
                Debug.Assert(holder == Released, "only its holder releases it");
                Released.SetResult();
            }
        }
    }
}

/// <summary>Polls whether the module of a call in the kernel is live. <c>do_init_module</c> then still waits for the
/// asynchronous probes of all drivers (<c>async_synchronize_full</c>): while a disk spins up, every load takes as long.
/// Since 5.12 (38dc717e9715) the kernel sends the module's <c>add</c> event in between, on which <see cref="Check"/> is
/// called. Most calls return before the first poll. Owned by the event loop.</summary>
sealed class LiveWatch : IDisposable
{
    /// <summary>Ten times the default stagger: polling every 5 ms cost more and ended loads later in the lab.</summary>
    static readonly TimeSpan s_minPoll = TimeSpan.FromMilliseconds(50);

    readonly IKernel _kernel;
    readonly string _module;
    readonly Action _isLive;
    readonly ITimer _timer;
    bool _isOver;
    PollInterval _interval = new(s_minPoll);

    /// <param name="isLive">Called at most once, and not after <see cref="Dispose"/>.</param>
    public LiveWatch(EventLoop loop, IKernel kernel, string module, Action isLive)
    {
        (_kernel, _module, _isLive) = (kernel, module, isLive);
        _timer = loop.Time.CreateTimer(_ => Check(), null, _interval.Next(), Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _isOver = true;
        _timer.Dispose();
    }

    /// <summary>Checks now: the module may have become live.</summary>
    public void Check()
    {
        if (_isOver)
            return;
        if (_kernel.InitStateOf(_module) is not InitState.Live)
        {
            _timer.Change(_interval.Next(), Timeout.InfiniteTimeSpan);
            return;
        }
        Dispose();
        _isLive();
    }
}

/// <summary>Poll intervals for a module that is being set up: a quarter of the time so far, since most take
/// milliseconds and some take seconds.</summary>
public struct PollInterval(TimeSpan min)
{
    static readonly TimeSpan s_max = TimeSpan.FromMilliseconds(250);

    TimeSpan _soFar;

    public TimeSpan Next()
    {
        var quarter = _soFar / 4;
        var pause = quarter < min ? min : quarter < s_max ? quarter : s_max;
        _soFar += pause;
        return pause;
    }
}
