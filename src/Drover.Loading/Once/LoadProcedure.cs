using Drover.Modules;

namespace Drover.Loading;

/// <summary>
/// One module into the kernel, its dependencies being there: the file, the budget, the gate, the call, and what its errno asks for (design rules 1, 5, 8, 10, 12).
/// One owner, the event loop.
/// </summary>
sealed class LoadProcedure(EventLoop loop, IKernel kernel, IModuleGate gate, LoadBudget budget, Memory memory, Counter counter, IgnoredChecks ignored, ILoaderObserver? observer)
{
    /// <summary>Between looks at a module that someone else is setting up.</summary>
    static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(5);

    /// <summary>What the kernel would say if it were asked to load a module that somebody outside our gate is setting up; only that it would wait first.</summary>
    static readonly LoadReply SomeoneElseIsLoading = new(Errno.EBUSY, "another process was loading it, and failed");

    readonly FileSlots _files = new();
    readonly Dictionary<string, LiveWatch> _inKernel = [];

    /// <summary>Once a kernel that claims to decompress has said EOPNOTSUPP, it is not asked again.</summary>
    bool _kernelCannotDecompress;

    /// <summary>Brings the flight to its end, or to <see cref="Landing.WithoutDependencies"/> where one was removed before the kernel looked for its symbols.</summary>
    /// <param name="flight">The module, and who waits.</param>
    /// <param name="isLastTry">A missing symbol is final.</param>
    public async Task<Landing> RunAsync(Flight flight, bool isLastTry)
    {
        var module = flight.Module;
        if (module.InstallCommand is { } command)
            return await RunInstallCommandAsync(flight, command);
        if (!kernel.TryInspect(module.Path, out var file, out var reason))
            return new Landing(OutcomeKind.Failed, reason.Error, reason.Detail ?? ErrnoText.Describe(reason.Error));
        using var slot = await _files.EnterAsync(file.Id);

        var cost = file.FileBytes + (2 * file.ImageBytes);
        var call = new LoadCall(module.Name, module.Path, ViaFor(file.Compression), flight.Parameters, ignored);
        for (var tries = 1; ; tries++)
        {
            var (pass, share, waited) = await EnterAsync(flight, cost);
            if (pass is null)
                return Landing.Nobody;
            using (pass)
            {
                LoadReply reply;
                try
                {
                    // in the same step as the call: whoever left since we entered has taken the flight out of the table, and nobody could join it
                    if (flight.Abandoned.IsCancellationRequested)
                        return Landing.Nobody;
                    var state = kernel.InitStateOf(module.Name);
                    if (LookInside(flight, pass, file, state, waited) is { } answered)
                        return answered;
                    reply = state is InitState.Coming ? SomeoneElseIsLoading : await CallAsync(flight, call, file, share!);
                }
                finally
                {
                    budget.Leave(share!);
                }
                if (reply.Error is Errno.None)
                    return Succeed(flight, pass);
                var (landing, next) = await ReactAsync(flight, call, reply, tries, isLastTry);
                if (landing is { Kind: OutcomeKind.Failed } && landing != Landing.WithoutDependencies)
                    pass.Leave(Remember(flight, landing, file.Version));
                if (landing is not null)
                    return landing;
                call = next;
            }
        }
    }

    /// <summary>The kernel says that a module has been added: if it is one of ours, whose call is still out, others need not wait for the call.</summary>
    public void ModuleAdded(string module) => _inKernel.GetValueOrDefault(module)?.Look();

    /// <summary>
    /// Enters budget and gate together, and holds neither while it waits for the other: a module in the kernel may, from its init, ask for the very module
    /// that we would be keeping others from.
    /// </summary>
    async Task<(IModuleGatePass? Pass, LoadBudget.Share? Share, bool Waited)> EnterAsync(Flight flight, long cost)
    {
        for (var waited = false; ; waited = true)
        {
            if (await budget.EnterAsync(cost, flight.Order, flight.Abandoned, flight.Hurried) is not { } share)
                return default;
            if (flight.Abandoned.IsCancellationRequested)
            {
                budget.Leave(share);
                return default;
            }
            if (gate.TryEnter(flight.Module.Name) is { } pass)
                return (pass, share, waited);
            budget.Leave(share);
            using var other = await gate.EnterAsync(flight.Module.Name, flight.Abandoned);
            if (other is null)
                return default;
        }
    }

    /// <summary>What another process did while we waited, or before we came, may be the answer.</summary>
    Landing? LookInside(Flight flight, IModuleGatePass pass, in ModuleFileFacts file, InitState state, bool waited)
    {
        var module = flight.Module.Name;
        if (state is InitState.Live)
        {
            memory.SawLive(module);
            return waited ? new Landing(OutcomeKind.Joined, Errno.None, LoaderMessages.LoadedElsewhere) : new Landing(OutcomeKind.AlreadyLive);
        }
        // an attempt of our own may have ended while this flight waited for the file: nobody waited for that one any more, or this would have joined it
        if (memory.LastOf(module) is { } last && last.Parameters == flight.Parameters && last.Known.Version == file.Version && flight.MadeAt.IsAnsweredBy(last.Known))
            return new Landing(OutcomeKind.Joined, last.Known.Error, last.Why, last.Known);
        if (flight.HasOwnParameters || pass.LastFailure is not { } known || known.Version != file.Version || !flight.MadeAt.IsAnsweredBy(known))
            return null;
        var why = LoaderMessages.FailedElsewhere(known.Error);
        memory.Remember(module, new Remembered(known, FailureScope.Generation, flight.Parameters, why));
        return new Landing(OutcomeKind.Joined, known.Error, why, known);
    }

    /// <summary>
    /// The call. Once its module is live, it needs nothing more of the budget, and whoever waits for the module to be there goes on; whoever asked for it is
    /// answered when the call returns.
    /// </summary>
    async Task<LoadReply> CallAsync(Flight flight, LoadCall call, ModuleFileFacts file, LoadBudget.Share share)
    {
        flight.EnterKernel();
        counter.Calling(call.Module, budget.BytesInFlight, budget.NumberInFlight);
        observer?.Calling(call, file);
        var started = loop.Time.GetTimestamp();
        var wasSeenLive = false;
        using var watch = new LiveWatch(loop, kernel, call.Module, () =>
        {
            wasSeenLive = true;
            NoteDrivers(call.Module);
            budget.Leave(share);
            flight.BecomeUsable();
        });
        _inKernel.Add(call.Module, watch);
        var reply = await kernel.LoadAsync(call);
        _inKernel.Remove(call.Module);
        if (reply.Error is Errno.None && !wasSeenLive)
            NoteDrivers(call.Module);
        counter.Called(reply.Error, file.FileBytes);
        observer?.Called(call, file, reply, loop.Time.GetElapsedTime(started));
        flight.LeaveKernel();
        return reply;
    }

    void NoteDrivers(string module)
    {
        if (kernel.HasDrivers(module))
            memory.DriverCame(loop.Time.GetTimestamp());
    }

    /// <summary>The errno policy at work: the landing, or the call to make next.</summary>
    async Task<(Landing? Landing, LoadCall Next)> ReactAsync(Flight flight, LoadCall call, LoadReply reply, int tries, bool isLastTry)
    {
        var policy = ErrnoPolicy.For(reply.Error);
        var again = tries < policy.Tries;
        string? hint = null;
        switch (policy.Reaction)
        {
            case Reaction.LookAgain:
                var wasComing = kernel.InitStateOf(call.Module) is InitState.Coming;
                if (await WaitWhileComingAsync(flight) is InitState.Live)
                {
                    memory.SawLive(call.Module);
                    return (new Landing(OutcomeKind.Joined, Errno.None, LoaderMessages.LoadedElsewhere), call);
                }
                hint = reply.Error is Errno.ETXTBSY ? LoaderMessages.FileIsHeld(call.Path, wasComing) : null;
                break;

            case Reaction.LessAtOnce when again:
                budget.Shrink();
                observer?.Noted(LoaderMessages.SmallerBudget(call, reply.Error, budget.LimitBytes));
                // the load that would leave next may be waiting for this one
                if (!flight.Hurried.IsCancellationRequested)
                    await budget.NextLeave();
                break;

            case Reaction.DecompressHere when again && call.Via is LoadVia.FinitModuleCompressed:
                _kernelCannotDecompress |= reply.Error is Errno.EOPNOTSUPP;
                observer?.Noted(LoaderMessages.DecompressingHere(call, reply.Error));
                return (null, call with { Via = LoadVia.InitModule });

            case Reaction.DecompressHere:
                again = false;
                break;

            case Reaction.MissingSymbol:
                var dependencies = flight.Module.HardDependencies;
                var gone = dependencies.Where(dependency => kernel.InitStateOf(dependency) is not InitState.Live).ToArray();
                hint = LoaderMessages.MissingSymbol(dependencies, gone);
                again = false;
                if (isLastTry || gone.Length == 0)
                    break;
                foreach (var dependency in gone)
                    memory.Removed(dependency);
                return (Landing.WithoutDependencies, call);

            default:
                break;
        }
        if (!again)
            return (new Landing(OutcomeKind.Failed, reply.Error, LoaderMessages.CallFailed(call, reply, tries, hint)), call);
        var pause = ErrnoPolicy.PauseAfter(tries);
        observer?.Noted(LoaderMessages.Retrying(call, reply, pause));
        await loop.Delay(pause, flight.Abandoned);
        return (null, call);
    }

    async Task<InitState> WaitWhileComingAsync(Flight flight)
    {
        for (var looks = new Looks(ShortestLook); ;)
        {
            var state = kernel.InitStateOf(flight.Module.Name);
            if (state is not InitState.Coming || flight.Abandoned.IsCancellationRequested)
                return state;
            await loop.Delay(looks.NextPause(), flight.Abandoned);
        }
    }

    Landing Succeed(Flight flight, IModuleGatePass pass)
    {
        memory.Loaded(flight.Module.Name, flight.Parameters);
        if (flight.IsGone)
            memory.Removed(flight.Module.Name);
        if (pass.LastFailure is not null)
            pass.Leave(null);
        return new Landing(OutcomeKind.Loaded);
    }

    /// <summary>The command most often loads the module itself, through another process: so neither gate nor budget may be held.</summary>
    async Task<Landing> RunInstallCommandAsync(Flight flight, string command)
    {
        flight.EnterKernel();
        command = command.Replace("$CMDLINE_OPTS", flight.Parameters);
        var status = await kernel.RunInstallCommandAsync(command, flight.Module.Name);
        flight.LeaveKernel();
        observer?.CommandEnded(flight.Module.Name, command, status);
        // kmod's errno for it (module_do_install_commands)
        var landing = status == 0
            ? new Landing(OutcomeKind.Loaded)
            : new Landing(OutcomeKind.Failed, Errno.EINVAL, LoaderMessages.InstallCommandFailed(command, status));
        // success is remembered too: it need not have left a live module that would tell
        Remember(flight, landing, default);
        return landing;
    }

    /// <summary>Keeps the result for whoever asked before it was known.</summary>
    KnownResult Remember(Flight flight, Landing landing, FileVersion version)
    {
        var known = new KnownResult(landing.Error, kernel.UeventSeqnum, loop.Time.GetTimestamp(), version);
        memory.Remember(flight.Module.Name, new Remembered(known, ErrnoPolicy.For(landing.Error).Scope, flight.Parameters, landing.Why));
        return known;
    }

    LoadVia ViaFor(ModuleCompression compression) =>
        compression is ModuleCompression.None ? LoadVia.FinitModule
        : compression == kernel.Decompresses && !_kernelCannotDecompress ? LoadVia.FinitModuleCompressed
        : LoadVia.InitModule;
}
