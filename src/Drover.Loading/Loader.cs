using System.Diagnostics;
using Drover.Kernel;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Tree;

namespace Drover.Loading;

/// <summary>Loads every module once, however many requests there are for it: equal requests meet in a
/// <see cref="Flight"/>, a module that is live or known to fail costs no call, and every request gets an outcome. All
/// of it runs on one event loop; every member is for that loop's thread.</summary>
/// <remarks>The way of a request: <see cref="RequestAsync"/> looks the name up → <see cref="JoinOrStartAsync"/> joins
/// or starts a flight → <see cref="FlyAsync"/> loads its dependencies → <see cref="LoadAttempt"/> takes file, budget
/// and lock and makes the call. A fault, of the loader or of a port that throws, ends the flight: all its waiters
/// throw it (<see cref="Flight.Fail"/>).</remarks>
public sealed class Loader
{
    readonly EventLoop _loop;
    readonly ILoaderObserver? _observer;
    readonly LoadCache _cache;
    readonly LoadBudget _budget;
    readonly PolicyGuard _policy;
    readonly LoadAttempt _attempt;
    readonly StatisticsCounter _statistics = new();
    readonly Dictionary<FlightKey, Flight> _flights = [];
    Planner _planner;

    public Loader(
        EventLoop loop, IKernel kernel, IModuleLocks locks, ModuleCatalog catalog, LoaderOptions options,
        ILoaderObserver? observer = null)
        : this(loop, kernel, locks, new Planner(catalog), options, observer)
    {
    }

    /// <param name="planner">May have planned before: its nodes are the ones that this loader runs.</param>
    public Loader(
        EventLoop loop, IKernel kernel, IModuleLocks locks, Planner planner, LoaderOptions options,
        ILoaderObserver? observer = null)
    {
        (_loop, _observer, _planner) = (loop, observer, planner);
        _cache = new LoadCache(kernel);
        var bytes = options.BudgetBytes ?? Math.Clamp(kernel.AvailableBytes / 4, 1, LoaderOptions.MaxDefaultBytes);
        var jobs = options.Jobs ?? Math.Clamp(kernel.CpuCount, 1, LoaderOptions.MaxDefaultLoads);
        _budget = new LoadBudget(loop, bytes, jobs, options.Stagger);
        _policy = new PolicyGuard(observer) { Policy = planner.Catalog.Policy };
        _attempt = new LoadAttempt(
            loop, kernel, locks, _budget, _cache, _statistics, _policy, options, observer, ExporterOf);
    }

    /// <summary>The owner calls <see cref="ModuleRemoved"/> for every module that is removed from now on. A module once
    /// seen live is then not checked again in sysfs (design rule 3).</summary>
    public bool ReceivesRemovals
    {
        get => _cache.ReceivesRemovals;
        set => _cache.ReceivesRemovals = value;
    }

    /// <summary>The loop's timestamp when a module with drivers was last seen to become live by this loader, or null.
    /// Their asynchronous probes have begun then; the call returns when those have ended.</summary>
    public long? LastDriverAt => _cache.LastDriverAt;

    public LoaderStatistics Statistics => _statistics.Snapshot();

    public IReadOnlyCollection<string> InFlight => [.. _flights.Keys.Select(key => key.Module)];

    public bool IsInFlight(string module) =>
        _flights.ContainsKey(new FlightKey(module)) || _flights.ContainsKey(new FlightKey(module, true));

    /// <summary>Loads all modules that a name or modalias stands for. Modules of one modalias are loaded one after
    /// another in kmod's order, as udev does, so that drivers that compete for a device register in the order of their
    /// priority. Different requests run in parallel.</summary>
    /// <param name="cancellationToken">The requester no longer waits. A load in the kernel goes on; one that is not
    /// there yet is dropped unless other requests wait for it.</param>
    /// <returns>An outcome for each module. Failures of the kernel or of files are outcomes, not exceptions.</returns>
    public async Task<RequestOutcome> RequestAsync(LoadRequest request, CancellationToken cancellationToken = default)
    {
        var order = new LoadOrder(request.Rank, request.CriticalPath, _statistics.CountRequest());
        var madeAt = new RequestTime(request.Seqnum, _loop.Time.GetTimestamp());
        IReadOnlyList<FoundModule> found;
        try
        {
            found = request.Found is { } known ? [known]
                : request.File is not null ? [new FoundModule(ModuleName.FromPath(request.File), null)]
                : FoundModule.All(Catalog, request.Name);
        }
        catch (Exception problem) when (ModuleTree.IsDamage(problem))
        {
            return Answer(Unreadable(request.Name, problem));
        }
        if (found.Count == 0)
            return Answer(NotFound(request.Name));

        var loads = new List<(ModuleRequest Request, ModuleOutcome Outcome, Flight? Flight)>(found.Count);
        foreach (var module in found.DistinctBy(module => module.Name))
        {
            var one = new ModuleRequest(request, module, madeAt, order)
            {
                Parameters = request.Parameters,
                Timeout = request.Timeout,
                HasPriority = request.Timeout is not null,
                Scope = request.Scope,
                File = request.File,
                Asked = request.File is null ? request.Name : null,
                CancellationToken = cancellationToken,
            };
            var (outcome, flight) = module.WhyLeftOut(Catalog, found, request.ApplyBlacklist) is { } why
                ? (new ModuleOutcome(module.Name, OutcomeKind.Blacklisted, Why: why), null)
                : await JoinOrStartAsync(one);
            loads.Add((one, outcome, flight));
        }
        var outcomes = new ModuleOutcome[loads.Count];
        for (var i = 0; i < outcomes.Length; i++)
            outcomes[i] = await FinishAsync(loads[i].Request, loads[i].Outcome, loads[i].Flight);
        Debug.Assert(
            loads.Zip(outcomes).All(pair => pair.First.Request.Module.Name == pair.Second.Module),
            "the outcomes are those of the modules, in their order");
        return Answer(outcomes);

        RequestOutcome Answer(params ModuleOutcome[] modules)
        {
            Debug.Assert(modules.Length > 0, "every request gets an outcome");
            foreach (var outcome in modules)
            {
                _statistics.CountOutcome(outcome.Kind);
                if (outcome.Kind is OutcomeKind.Forbidden)
                    _observer?.PolicyApplied(request, outcome.Module, PolicyAction.Forbade, outcome.Why!);
            }
            return new RequestOutcome(request, modules);
        }
    }

    /// <summary>Uses another catalog for requests from now on: the indexes or the configuration have changed. Flights
    /// end by the old one, but by the new policy. Failures that a file or an index caused are forgotten.</summary>
    public void UseCatalog(ModuleCatalog catalog)
    {
        _planner = new Planner(catalog);
        _policy.Policy = catalog.Policy;
        _cache.ForgetFileFailures();
    }

    /// <summary>Handles an <c>add@/module/NAME</c> event. Since 5.12 the module is live then, and its dependents can
    /// continue though its call has not returned.</summary>
    public void ModuleAdded(string module)
    {
        foreach (var flight in FlightsOf(module))
        {
            Debug.Assert(flight.LiveWatch is null || flight.InKernel, "a live watch lasts as long as its call");
            flight.LiveWatch?.Check();
        }
    }

    /// <summary>Handles a <c>remove@/module/NAME</c> event: the next request loads the module again.</summary>
    public void ModuleRemoved(string module)
    {
        _cache.Remove(module);
        foreach (var flight in FlightsOf(module).Where(flight => flight.InKernel))
            flight.IsStale = true;
    }

    /// <summary>Handles lost events: modules may have been removed, so sysfs is read again for each.</summary>
    public void EventsLost()
    {
        _cache.ForgetLive();
        foreach (var flight in _flights.Values.Where(flight => flight.InKernel))
            flight.IsStale = true;
    }

    ModuleCatalog Catalog => _planner.Catalog;

    /// <summary>The module that exports a symbol, by modules.symbols; null for none.</summary>
    string? ExporterOf(string symbol)
    {
        try
        {
            return Catalog.Tree.MatchSymbols($"symbol:{symbol}") is [var module, ..] ? module : null;
        }
        catch (Exception problem) when (ModuleTree.IsDamage(problem))
        {
            return null; // the index is damaged: it has nothing to say
        }
    }

    /// <summary>Gets a module loaded: answers from the cache, joins its flight or starts one. Done when the module can
    /// be used, or will not be; the flight, if there is one, may still have to end.</summary>
    async Task<(ModuleOutcome Outcome, Flight? Flight)> JoinOrStartAsync(ModuleRequest request)
    {
        var (module, alias) = (request.Module.Name, request.Module.Alias);
        while (true)
        {
            var parameters = JoinParameters(Catalog.OptionsOf(module, alias), request.Parameters);
            // an install command may request its own module, which must not wait for the command
            var ignoresCommand = request.Scope is not LoadScope.Full && Catalog.InstallCommandOf(module) is not null;
            var key = new FlightKey(module, ignoresCommand);
            ModuleOutcome? ended;
            var isJoiner = _flights.TryGetValue(key, out var flight);
            Debug.Assert(flight is not { IsOver: true }, "the table has no flight that has ended or is abandoned");
            if (isJoiner)
            {
                if (WhyNot(request, flight!.Plan) is { } forbidden)
                    return (forbidden, null);
                if (flight.IsStale && await flight.WaitUntilEndedAsync(request) is not null)
                    continue;
                if ((request.HasPriority && !flight.HasPriority) || request.Order.IsBefore(flight.Order))
                    MoveForward(flight, request);
                ended = await flight.WaitUntilUsableAsync(request);
            }
            else if (TryAnswer(request, parameters, out var plan) is { } answer)
            {
                return (answer, null);
            }
            else if (WhyNot(request, plan!) is { } forbidden)
            {
                return (forbidden, null);
            }
            else
            {
                flight = new Flight(_loop, key, plan!, request, parameters) { OnAbandoned = Abandon };
                _flights.Add(key, flight);
                if (flight.Plan.Path.Length > 0)
                    _observer?.Requested(request.Source, module, request.NeededBy?.Module, [.. flight.Plan.WaitsFor]);
                // the waiter first: a flight without one would be abandoned
                var waiting = flight.WaitUntilUsableAsync(request);
                _loop.Detach(FlyAsync(flight)); // its waiters get the outcome and any fault
                ended = await waiting;
            }
            if (ended is null)
                return (Left(request), null);
            Debug.Assert(ended.Module == module, "a flight answers for its own module");
            // what the policy says of one request does not answer another
            if (request.Postdates(ended) || (isJoiner && ended.Kind is OutcomeKind.Forbidden))
                continue;
            return (isJoiner ? ended.ForJoiner(flight.Parameters != parameters) : ended, flight);
        }
    }

    /// <summary>The outcome where the policy forbids the load.</summary>
    ModuleOutcome? WhyNot(in ModuleRequest request, PlannedModule plan)
    {
        try
        {
            return _policy.Bar(_planner, request, plan, _cache.IsLive);
        }
        catch (Exception problem) when (ModuleTree.IsDamage(problem))
        {
            return Unreadable(request.Module.Name, problem);
        }
    }

    /// <summary>The outcome without a call: built in, unknown, live, or known to fail; else null.</summary>
    ModuleOutcome? TryAnswer(in ModuleRequest request, string parameters, out PlannedModule? plan)
    {
        var module = request.Module.Name;
        plan = null;
        try
        {
            if (request.File is null && Catalog.Tree.IsBuiltIn(module))
                return new ModuleOutcome(module, OutcomeKind.BuiltIn);
            if (!_planner.TryPlan(request.Module, request.Scope, request.File, out plan, out var cycle))
            {
                return cycle is null
                    ? NotFound(module)
                    : new ModuleOutcome(module, OutcomeKind.Failed, Errno.ELOOP, LoaderMessages.Cycle(cycle));
            }
        }
        catch (Exception problem) when (ModuleTree.IsDamage(problem))
        {
            return Unreadable(module, problem);
        }
        if (_cache.IsLive(module))
        {
            var differ = request.Parameters.Length > 0 && _cache.ParametersOf(module) != parameters;
            return new ModuleOutcome(module, OutcomeKind.AlreadyLive, ParametersDiffer: differ);
        }
        return _cache.Find(module, plan.Path, parameters, request.MadeAt);
    }

    /// <summary>Runs a flight to its end and completes its waiters; never throws. While it waits for dependencies it
    /// holds neither file nor lock nor budget, which they may need.</summary>
    async Task FlyAsync(Flight flight)
    {
        Debug.Assert(_flights.GetValueOrDefault(flight.Key) == flight, "a flight is in the table before it starts");
        try
        {
            ModuleOutcome? outcome = null;
            for (var tries = 1; outcome is null; tries++)
            {
                outcome = await LoadDependenciesAsync(flight);
                if (outcome is not null)
                    break;
                if (flight.IsAbandoned)
                    outcome = flight.Outcome(OutcomeKind.Left);
                else if (flight.Plan is { Path: "", InstallCommand: null })
                    outcome = flight.Outcome(OutcomeKind.NotFound, why: LoaderMessages.NotFound(flight.Module));
                else
                    outcome = await _attempt.RunAsync(flight, isLastTry: tries == ErrnoPolicy.For(Errno.ENOENT).Tries);
            }
            if (outcome.Kind is OutcomeKind.Loaded)
            {
                foreach (var soft in flight.Plan.After)
                    flight.Requests.Add(JoinOrStartAsync(flight.RequestFor(soft)));
            }
            RemoveFromTable(flight);
            Debug.Assert(!_budget.Has(flight), "a flight returns its share before it ends");
            flight.End(outcome);
        }
        catch (ModuleDataException corrupt)
        {
            RemoveFromTable(flight);
            flight.End(Unreadable(flight.Module, corrupt));
        }
#pragma warning disable CA1031 // no fault may leave a waiter behind
        catch (Exception fault)
#pragma warning restore CA1031
        {
            RemoveFromTable(flight);
            flight.Fail(fault);
        }
    }

    /// <summary>Loads hard dependencies and softdeps "pre" in parallel and waits for them. Returns the flight's outcome
    /// if a hard dependency has failed, else null.</summary>
    async Task<ModuleOutcome?> LoadDependenciesAsync(Flight flight)
    {
        ModuleRequest RequestFor(FoundModule module) => flight.RequestFor(module) with
        {
            HasPriority = flight.HasPriority,
            CancellationToken = flight.Abandoned,
        };
        Debug.Assert(!flight.InKernel, "dependencies come before the call");
        Debug.Assert(!_budget.Has(flight) && flight.Admission is null, "a dependency may need the whole budget");
        var (plan, requests) = (flight.Plan, flight.Requests);
        var soft = plan.Before.Select(module => JoinOrStartAsync(RequestFor(module))).ToArray();
        var hard = plan.HardDependencies.Select(name => JoinOrStartAsync(RequestFor(new FoundModule(name, null))))
            .ToArray();
        requests.AddRange(soft);
        requests.AddRange(hard);
        ModuleOutcome? failure = null;
        foreach (var load in hard)
        {
            var (dependency, _) = await load;
            if (!dependency.IsAvailable)
                failure ??= FailureOf(flight, dependency);
        }
        foreach (var load in soft)
            await load;
        return failure;
    }

    static ModuleOutcome FailureOf(Flight flight, ModuleOutcome dependency) => dependency.Kind switch
    {
        OutcomeKind.Left => flight.Outcome(OutcomeKind.Left),
        OutcomeKind.Forbidden => flight.Outcome(
            OutcomeKind.Forbidden, Errno.EPERM, LoaderMessages.ForbiddenDependency(dependency)),
        OutcomeKind.NotFound =>
            flight.Outcome(OutcomeKind.Failed, Errno.ENOENT, LoaderMessages.MissingDependency(dependency.Module)),
        _ => flight.Outcome(OutcomeKind.Failed, dependency.Error, LoaderMessages.FailedDependency(dependency)) with
        {
            Repeats = dependency.Repeats,
        },
    };

    /// <summary>Waits for the end of a load, its dependencies and their softdeps "post". A request that times out or is
    /// cancelled meanwhile keeps its outcome: the module can be used.</summary>
    async Task<ModuleOutcome> FinishAsync(ModuleRequest request, ModuleOutcome usable, Flight? flight)
    {
        if (flight is null || !usable.IsAvailable || await flight.WaitUntilEndedAsync(request) is not { } ended)
            return usable;
        var outcome = usable.Kind is OutcomeKind.Joined ? ended.ForJoiner(usable.ParametersDiffer) : ended;
        var left = new Queue<Flight>([flight]);
        // each flight once: a softdep "post" may need the module that brings it
        var seen = new HashSet<Flight>(left);
        while (left.TryDequeue(out var next))
        {
            if (await next.WaitUntilEndedAsync(request) is null)
                break;
            foreach (var load in next.Requests)
            {
                // within the timeout: the request may come from the init that this load waits for
                if (!await _loop.WaitAsync(load, request.TimeLeft(_loop.Time), request.CancellationToken))
                    return outcome;
                if ((await load).Flight is { } needed && seen.Add(needed))
                    left.Enqueue(needed);
            }
        }
        return outcome;
    }

    /// <summary>Gives a flight, and all flights that it waits for, the place or the priority of a request that joins
    /// it.</summary>
    void MoveForward(Flight flight, in ModuleRequest request)
    {
        Debug.Assert(!flight.IsOver, "only a flight in the table is joined");
        var left = new Stack<Flight>([flight]);
        while (left.TryPop(out var next))
        {
            var isEarlier = request.Order.IsBefore(next.Order);
            var skipsQueue = request.HasPriority && !next.HasPriority;
            if (!isEarlier && !skipsQueue)
                continue;
            if (isEarlier)
            {
                next.Order = request.Order;
                _budget.Move(next);
            }
            if (skipsQueue)
            {
                next.HasPriority = true;
                _budget.Prioritize(next);
            }
            foreach (var module in next.Plan.WaitsFor)
            {
                if (_flights.TryGetValue(new FlightKey(module), out var needed))
                    left.Push(needed);
            }
        }
        Debug.Assert(!request.Order.IsBefore(flight.Order), "a flight is not behind a request that waits for it");
        Debug.Assert(!flight.HasPriority || flight.Admission is null, "a flight with priority is not queued");
    }

    void Abandon(Flight flight)
    {
        Debug.Assert(!flight.InKernel, "a load in the kernel is never dropped");
        RemoveFromTable(flight);
        _budget.Drop(flight);
        Debug.Assert(flight.Admission is null, "an abandoned flight is not queued");
    }

    /// <summary>Compares by identity: an abandoned flight's key may belong to a new flight.</summary>
    void RemoveFromTable(Flight flight)
    {
        Debug.Assert(!flight.InKernel, "a flight in the kernel can be joined");
        if (_flights.GetValueOrDefault(flight.Key) == flight)
            _flights.Remove(flight.Key);
        Debug.Assert(!_flights.ContainsValue(flight), "a flight is in the table under its own key only");
    }

    IEnumerable<Flight> FlightsOf(string module)
    {
        foreach (var key in (FlightKey[])[new(module), new(module, IgnoresCommand: true)])
        {
            if (_flights.TryGetValue(key, out var flight))
                yield return flight;
        }
    }

    /// <summary>The outcome of a request that was cancelled or timed out.</summary>
    ModuleOutcome Left(in ModuleRequest request)
    {
        var module = request.Module.Name;
        if (request.CancellationToken.IsCancellationRequested)
            return new ModuleOutcome(module, OutcomeKind.Left);
        Debug.Assert(request.Timeout is not null, "a request without timeout waits until it is cancelled");
        var why = LoaderMessages.TimedOut(request.Timeout.GetValueOrDefault());
        _observer?.Noted($"{module}: {why}");
        return new ModuleOutcome(module, OutcomeKind.Left, Errno.ETIMEDOUT, why);
    }

    static ModuleOutcome NotFound(string name) => new(name, OutcomeKind.NotFound, Why: LoaderMessages.NotFound(name));

    /// <summary>The outcome where an index is damaged, or cannot be read.</summary>
    static ModuleOutcome Unreadable(string module, Exception problem) => new(
        module, OutcomeKind.Failed, FileErrno.Of(problem) ?? Errno.EBADMSG,
        problem is ModuleDataException ? LoaderMessages.CorruptIndex(problem.Message) : problem.Message);

    static string JoinParameters(string configured, string own) =>
        configured.Length == 0 ? own : own.Length == 0 ? configured : $"{configured} {own}";
}
