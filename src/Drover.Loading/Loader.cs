using Drover.Modules;

namespace Drover.Loading;

/// <summary>
/// Loads every module once, however many ask for it at the same time: equal requests meet in a flight, what is live or known to fail costs no call, and
/// everybody who asked gets an outcome. All of it runs on one event loop; every member is for that loop's thread.
/// </summary>
public sealed class Loader
{
    readonly EventLoop _loop;
    readonly IKernel _kernel;
    ModuleCatalog _catalog;
    readonly ILoaderObserver? _observer;
    readonly LoadProcedure _procedure;
    readonly Memory _memory = new();
    readonly Counter _counter = new();
    readonly KnownAnswers _known;
    readonly Dictionary<FlightKey, Flight> _flights = [];
    long _requests;

    /// <summary>A loader that has loaded nothing yet.</summary>
    /// <param name="loop">Owns all state.</param>
    /// <param name="kernel">Where modules go.</param>
    /// <param name="gate">Keeps other processes from loading the same module meanwhile.</param>
    /// <param name="catalog">What names mean and what depends on what.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="observer">Is told what happens, or null.</param>
    public Loader(EventLoop loop, IKernel kernel, IModuleGate gate, ModuleCatalog catalog, LoaderOptions options, ILoaderObserver? observer = null)
    {
        (_loop, _kernel, _catalog, _observer) = (loop, kernel, catalog, observer);
        _known = new KnownAnswers(catalog, kernel, _memory);
        var bytes = options.BudgetBytes ?? Math.Clamp(kernel.AvailableBytes / 4, 1, LoaderOptions.DefaultMostBytes);
        var budget = new LoadBudget(loop, bytes, options.Jobs ?? Math.Clamp(kernel.CpuCount, 1, LoaderOptions.DefaultMostLoads), options.Headway);
        _procedure = new LoadProcedure(loop, kernel, gate, budget, _memory, _counter, options.Ignored, observer);
    }

    /// <summary>
    /// Somebody tells <see cref="ModuleRemoved"/> of every module that goes, from now on; then a module once seen live costs no further look at sysfs (design
    /// rule 3). Set by whoever listens to the kernel's events, when that is so.
    /// </summary>
    public bool HearsOfRemovals
    {
        get => _known.HearsOfRemovals;
        set => _known.HearsOfRemovals = value;
    }

    /// <summary>
    /// The loop's time when a module of ours that has drivers was last seen to have become live, or null. They are registered then, and the probes that run asynchronously
    /// have begun; the call returns when they have ended.
    /// </summary>
    public long? LastDriverAt => _memory.LastDriverAt;

    /// <summary>What happened so far.</summary>
    public LoaderCounts Counts => _counter.Snapshot();

    /// <summary>Modules on their way now.</summary>
    public IReadOnlyCollection<string> InFlight => [.. _flights.Keys.Select(key => key.Module)];

    /// <summary>
    /// Asks for all that a name or modalias stands for. Modules of one modalias are asked for one after another in kmod's order, as udev does: drivers that
    /// compete for a device must come in the order of their priority. Different requests run side by side.
    /// </summary>
    /// <param name="request">What, by whom, since when.</param>
    /// <param name="leave">The asker no longer waits; a load in the kernel goes on, one that is not there yet is dropped unless others wait for it.</param>
    /// <returns>An outcome for each module; never an exception for what a kernel or a file can do wrong.</returns>
    public async Task<RequestOutcome> RequestAsync(LoadRequest request, CancellationToken leave = default)
    {
        _counter.Request();
        var madeAt = new Moment(request.Seqnum, _loop.Time.GetTimestamp());
        var order = ++_requests;
        IReadOnlyList<FoundModule> found;
        try
        {
            found = request.Found is { } known ? [known]
                : request.File is null ? FoundModule.All(_catalog, request.Asked)
                : [new FoundModule(ModuleName.FromPath(request.File), null)];
        }
        catch (ModuleDataException corrupt)
        {
            return Answer(new ModuleOutcome(request.Asked, OutcomeKind.Failed, Errno.EBADMSG, LoaderMessages.CorruptIndex(corrupt.Message)));
        }
        if (found.Count == 0)
            return Answer(new ModuleOutcome(request.Asked, OutcomeKind.NotFound, Why: LoaderMessages.NotFound(request.Asked)));

        var asked = new List<(Ask Ask, Answer Answer)>(found.Count);
        var names = new HashSet<string>();
        foreach (var module in found)
        {
            if (!names.Add(module.Name))
                continue;
            var ask = new Ask(madeAt, order, request.Parameters, module.Alias, request.Patience)
            {
                IsUrgent = request.Patience is not null,
                Scope = request.Scope,
                File = request.File,
                Leave = leave,
            };
            asked.Add((ask, Blacklist.Holds(_catalog, request, module)
                ? new Answer(new ModuleOutcome(module.Name, OutcomeKind.Blacklisted, Why: LoaderMessages.Blacklisted(module.Name)))
                : await ConvergeAsync(module.Name, ask)));
        }
        var outcomes = new ModuleOutcome[asked.Count];
        for (var i = 0; i < outcomes.Length; i++)
            outcomes[i] = await ArriveAsync(asked[i].Answer, asked[i].Ask);
        return Answer(outcomes);

        RequestOutcome Answer(params ModuleOutcome[] modules)
        {
            foreach (var outcome in modules)
                _counter.Outcome(outcome.Kind);
            return new RequestOutcome(request, modules);
        }
    }

    /// <summary>Requests from now on go by another catalog: the indexes or the configuration have changed. What is in flight ends by the old one; failures that a file or an index was to blame for are forgotten.</summary>
    public void Use(ModuleCatalog catalog)
    {
        _catalog = catalog;
        _known.Use(catalog);
    }

    /// <summary>A module came (an <c>add@/module/NAME</c> event): since 5.12 it is live then, and what depends on it may go on though its call is still out.</summary>
    public void ModuleAdded(string module) => _procedure.ModuleAdded(module);

    /// <summary>A module went (a <c>remove@/module/NAME</c> event): the next request for it loads it again.</summary>
    public void ModuleRemoved(string module)
    {
        _memory.Removed(module);
        if (_flights.GetValueOrDefault(new FlightKey(module)) is { InKernel: true } flight)
            flight.IsGone = true;
    }

    /// <summary>Events were lost, and a module's removal may have been among them: nothing is taken for live any more without a look.</summary>
    public void EventsLost()
    {
        _memory.ForgetWhatIsLive();
        foreach (var flight in _flights.Values.Where(flight => flight.InKernel))
            flight.IsGone = true;
    }

    /// <summary>From a module's being usable to the kernel's last word on it, with what softdeps want after it and after all that it needed.</summary>
    async Task<ModuleOutcome> ArriveAsync(Answer answer, Ask ask)
    {
        if (answer.Flight is null || !answer.Outcome.IsAvailable)
            return answer.Outcome;
        var landing = await answer.Flight.WaitUntilLandedAsync(ask.PatienceLeft(_loop.Time), ask.Leave);
        // who leaves now has what it asked for, and does not wait for what comes after
        if (landing is null)
            return answer.Outcome;
        // flight by flight, each once: a module may be wanted after one that it is itself needed by
        var left = new Queue<Flight>([answer.Flight]);
        var seen = new HashSet<Flight>(left);
        while (left.TryDequeue(out var flight))
        {
            if (await flight.WaitUntilLandedAsync(ask.PatienceLeft(_loop.Time), ask.Leave) is null)
                break;
            foreach (var asked in flight.Onward)
            {
                // it may be the very module whose init asks here, which waits for us: patience holds for this, too
                if (!await ComesInTimeAsync(asked, ask))
                    return Outcome(answer.Outcome.Module, landing, ask, answer.IsFirst, answer.Outcome.ParametersDiffer);
                if ((await asked).Flight is { } next && seen.Add(next))
                    left.Enqueue(next);
            }
        }
        return Outcome(answer.Outcome.Module, landing, ask, answer.IsFirst, answer.Outcome.ParametersDiffer);
    }

    /// <summary>Waits for what a flight asked for; false when the asker's patience ends, or it leaves, before.</summary>
    async Task<bool> ComesInTimeAsync(Task asked, Ask ask)
    {
        if (asked.IsCompleted || (ask.Patience is null && !ask.Leave.CanBeCanceled))
            return true;
        var first = new TaskCompletionSource<bool>();
        using var leaving = ask.Leave.Register(() => _loop.Post(() => first.TrySetResult(false)));
        using var timer = ask.PatienceLeft(_loop.Time) is { } left ? _loop.Time.CreateTimer(_ => first.TrySetResult(false), null, left, Timeout.InfiniteTimeSpan) : null;
        _ = asked.ContinueWith(_ => first.TrySetResult(true), CancellationToken.None, TaskContinuationOptions.None, _loop);
        return await first.Task;
    }

    /// <summary>Asks for a module until the answer is one to this very asking. Done when the module is usable, or will not be.</summary>
    async Task<Answer> ConvergeAsync(string module, Ask ask)
    {
        Answer answer;
        do
            answer = await MeetAsync(module, ask);
        while (ask.IsPast(answer));
        return answer;
    }

    /// <summary>The heart: whoever asks meets whoever asked before.</summary>
    async Task<Answer> MeetAsync(string module, Ask ask)
    {
        var parameters = JoinParameters(_catalog.OptionsOf(module, ask.Alias), ask.OwnParameters);
        // what runs as somebody's install command asks with the command ignored: it must not wait for the command
        var key = new FlightKey(module, ask.Scope is not LoadScope.Full && _catalog.InstallCommandOf(module) is not null);
        if (_flights.TryGetValue(key, out var flight))
        {
            if (flight.IsGone && await flight.WaitUntilLandedAsync(ask.PatienceLeft(_loop.Time), ask.Leave) is not null)
                return await MeetAsync(module, ask);
            if (ask.IsUrgent)
                Hurry(flight);
            var joined = await flight.WaitUntilUsableAsync(ask.PatienceLeft(_loop.Time), ask.Leave);
            return Answered(joined, isFirst: false, flight.Parameters != parameters);
        }
        if (_known.Find(module, ask, parameters, out var planned) is { } answer)
            return answer;

        flight = new Flight(_loop, key, planned!, ask.MadeAt, ask.Order, parameters, ask.OwnParameters.Length > 0) { OnAbandoned = Remove };
        if (ask.IsUrgent)
            flight.Hurry();
        _flights.Add(key, flight);
        if (planned!.Path.Length > 0)
            _observer?.Wanted(module, [.. planned.Before.Select(soft => soft.Name), .. planned.HardDependencies]);
        // waits first, flies then: a flight may land before it has to wait for anything
        var landing = flight.WaitUntilUsableAsync(ask.PatienceLeft(_loop.Time), ask.Leave);
        _ = FlyAsync(flight);
        return Answered(await landing, isFirst: true, parametersDiffer: false);

        // who leaves does not wait for what comes after, either
        Answer Answered(Landing? landing, bool isFirst, bool parametersDiffer) =>
            new(Outcome(module, landing, ask, isFirst, parametersDiffer), landing is null ? null : flight, isFirst, landing?.Old);
    }

    /// <summary>A flight, and all those it waits for; what it has yet to ask for it will ask for in a hurry.</summary>
    void Hurry(Flight flight)
    {
        var left = new Stack<Flight>([flight]);
        while (left.TryPop(out var next))
        {
            if (next.Hurried.IsCancellationRequested)
                continue;
            next.Hurry();
            foreach (var module in next.Module.HardDependencies.Concat(next.Module.Before.Select(soft => soft.Name)))
            {
                if (_flights.TryGetValue(new FlightKey(module), out var needed))
                    left.Push(needed);
            }
        }
    }

    async Task FlyAsync(Flight flight)
    {
        try
        {
            var landing = await FlyToLandingAsync(flight);
            Remove(flight);
            flight.Land(landing);
        }
        catch (ModuleDataException corrupt)
        {
            Remove(flight);
            flight.Land(new Landing(OutcomeKind.Failed, Errno.EBADMSG, LoaderMessages.CorruptIndex(corrupt.Message)));
        }
        catch (Exception fault)
        {
            // whatever went wrong in us, nobody may be left waiting for it
            Remove(flight);
            flight.Crash(fault);
            throw;
        }
    }

    async Task<Landing> FlyToLandingAsync(Flight flight)
    {
        Landing landing;
        var tries = 0;
        do
        {
            // neither the file, nor the gate, nor a share of the budget is held while we wait for dependencies: they may need the same
            if (await BringDependenciesAsync(flight) is { } failed)
                return failed;
            if (flight.Abandoned.IsCancellationRequested)
                return Landing.Nobody;
            if (flight.Module is { Path: "", InstallCommand: null })
                return new Landing(OutcomeKind.NotFound, Errno.None, LoaderMessages.NotFound(flight.Module.Name));
            landing = await _procedure.RunAsync(flight, isLastTry: ++tries == ErrnoPolicy.For(Errno.ENOENT).Tries);
        }
        while (landing == Landing.WithoutDependencies);
        if (landing.Kind is OutcomeKind.Loaded)
        {
            foreach (var soft in flight.Module.After)
                flight.Onward.Add(ConvergeAsync(soft.Name, new Ask(flight.MadeAt, flight.Order, Alias: soft.Alias)));
        }
        return landing;
    }

    /// <summary>All that must or should be there before, side by side and without a barrier; null when nothing is in the way.</summary>
    async Task<Landing?> BringDependenciesAsync(Flight flight)
    {
        var ask = new Ask(flight.MadeAt, flight.Order) { IsUrgent = flight.Hurried.IsCancellationRequested, Leave = flight.Abandoned };
        var wanted = flight.Module.Before.Select(soft => ConvergeAsync(soft.Name, ask with { Alias = soft.Alias })).ToArray();
        var needed = flight.Module.HardDependencies.Select(module => ConvergeAsync(module, ask)).ToArray();
        flight.Onward.AddRange(wanted);
        flight.Onward.AddRange(needed);
        Landing? failed = null;
        foreach (var dependency in needed)
        {
            if (await dependency is { Outcome.IsAvailable: false } missing)
                failed ??= Missing(missing.Outcome, missing.Old);
        }
        foreach (var dependency in wanted)
            await dependency;
        return failed;

        static Landing Missing(ModuleOutcome dependency, KnownResult? old) => dependency.Kind switch
        {
            OutcomeKind.Left => Landing.Nobody,
            OutcomeKind.NotFound => new Landing(OutcomeKind.Failed, Errno.ENOENT, LoaderMessages.MissingDependency(dependency.Module)),
            _ => new Landing(OutcomeKind.Failed, dependency.Error, LoaderMessages.FailedDependency(dependency), old),
        };
    }

    void Remove(Flight flight)
    {
        // by identity: the name may belong to a new flight already
        if (_flights.TryGetValue(flight.Key, out var current) && current == flight)
            _flights.Remove(flight.Key);
    }

    ModuleOutcome Outcome(string module, Landing? landing, Ask ask, bool isFirst, bool parametersDiffer)
    {
        if (landing is not null)
        {
            var kind = isFirst || !(landing.IsSuccess || landing.Kind is OutcomeKind.Failed) ? landing.Kind : OutcomeKind.Joined;
            return new ModuleOutcome(module, kind, landing.Error, landing.Why, parametersDiffer);
        }
        var patienceEnded = !ask.Leave.IsCancellationRequested;
        var why = patienceEnded ? LoaderMessages.PatienceEnded(ask.Patience!.Value) : null;
        if (patienceEnded)
            _observer?.Noted($"{module}: {why}");
        return new ModuleOutcome(module, OutcomeKind.Left, patienceEnded ? Errno.ETIMEDOUT : Errno.None, why);
    }

    static string JoinParameters(string configured, string own) =>
        configured.Length == 0 ? own : own.Length == 0 ? configured : $"{configured} {own}";
}
