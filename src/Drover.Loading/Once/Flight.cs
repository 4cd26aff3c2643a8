namespace Drover.Loading;

/// <summary>How a flight ended: what its first asker is told; who joined is told the same as <see cref="OutcomeKind.Joined"/>.</summary>
/// <param name="Old">The earlier failure that ended it, where no call of its own did: it answers whoever asked before that was known, and nobody else.</param>
sealed record Landing(OutcomeKind Kind, Errno Error = Errno.None, string? Why = null, KnownResult? Old = null)
{
    /// <summary>Nobody waited any more before the kernel was called.</summary>
    public static readonly Landing Nobody = new(OutcomeKind.Left);

    /// <summary>No end yet: a hard dependency has gone and must come back first. No waiter ever sees it.</summary>
    public static readonly Landing WithoutDependencies = new(OutcomeKind.Failed, Errno.ENOENT);

    public bool IsSuccess => Kind is OutcomeKind.Loaded or OutcomeKind.AlreadyLive || (Kind is OutcomeKind.Joined && Error is Errno.None);
}

/// <summary>What an asker of one module gets: the outcome, and the flight that brings it, if one does.</summary>
/// <param name="Outcome">As far as it is known when the module is usable.</param>
/// <param name="Flight">May still have to land.</param>
/// <param name="IsFirst">The flight began with this asker.</param>
/// <param name="Old">As <see cref="Landing.Old"/>.</param>
readonly record struct Answer(ModuleOutcome Outcome, Flight? Flight = null, bool IsFirst = false, KnownResult? Old = null);

/// <summary>Where flights meet.</summary>
/// <param name="Module">Normalised name.</param>
/// <param name="PastCommand">It loads a module past its install command, perhaps from within that very command.</param>
readonly record struct FlightKey(string Module, bool PastCommand = false);

/// <summary>
/// One module on its way into the kernel, and everybody who waits for it. It lives from the first request that finds the module neither live nor in flight
/// until the kernel's last word on it; it is taken out of the loader's table before its waiters are told, so that nobody joins what is over.
/// When the last waiter leaves before the kernel was called, it is dropped (design rule 9). One owner, the event loop.
/// </summary>
#pragma warning disable CA1001 // a cancellation source without a timer holds nothing to dispose of
sealed class Flight(EventLoop loop, FlightKey key, PlannedModule module, Moment madeAt, long order, string parameters, bool hasOwnParameters)
#pragma warning restore CA1001
{
    readonly HashSet<Waiter> _waiters = [];
    readonly CancellationTokenSource _abandoned = new();
    readonly CancellationTokenSource _hurried = new();
    Landing? _known;
    Exception? _fault;
    bool _hasLanded;

    public FlightKey Key { get; } = key;

    public PlannedModule Module { get; } = module;

    /// <summary>When the first request was made: a failure known after that answers it.</summary>
    public Moment MadeAt { get; } = madeAt;

    /// <summary>The number of the request that first needed it: the order in which flights are let into the kernel.</summary>
    public long Order { get; } = order;

    /// <summary>With which it is loaded: the configured options and the first asker's own.</summary>
    public string Parameters { get; } = parameters;

    /// <summary>The first asker brought parameters of its own.</summary>
    public bool HasOwnParameters { get; } = hasOwnParameters;

    /// <summary>
    /// What this flight has asked for: its dependencies, and, once landed, what softdeps want after it. A request is done when all that is; a flight itself
    /// never waits for what comes after.
    /// </summary>
    public List<Task<Answer>> Onward { get; } = [];

    /// <summary>A call is in the kernel and must be awaited, whoever leaves.</summary>
    public bool InKernel { get; private set; }

    /// <summary>The module was removed, or may have been, while the call was still out: who asks from now on must not be answered by this flight.</summary>
    public bool IsGone { get; set; }

    /// <summary>Cancelled when nobody waits any more and the kernel has not been called.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    /// <summary>Cancelled when somebody waits whom the kernel may be waiting for: from then on the flight waits for no room in the budget.</summary>
    public CancellationToken Hurried => _hurried.Token;

    /// <summary>Called, once, when the flight is abandoned.</summary>
    public Action<Flight>? OnAbandoned { get; init; }

    /// <summary>
    /// Waits until the module can be used by others, its init being done, or will never be; null when <paramref name="leave"/> was cancelled or
    /// <paramref name="patience"/> ended first.
    /// </summary>
    public Task<Landing?> WaitUntilUsableAsync(TimeSpan? patience, CancellationToken leave) => WaitAsync(untilLanded: false, patience, leave);

    /// <summary>Waits for the kernel's last word, after which the devices of the module's drivers are there, too; null as above.</summary>
    public Task<Landing?> WaitUntilLandedAsync(TimeSpan? patience, CancellationToken leave) => WaitAsync(untilLanded: true, patience, leave);

    /// <summary>The module is live, though its call has not returned.</summary>
    public void BecomeUsable()
    {
        _known = new Landing(OutcomeKind.Loaded);
        foreach (var waiter in _waiters.Where(waiter => !waiter.UntilLanded).ToList())
        {
            _waiters.Remove(waiter);
            waiter.Landed.SetResult(_known);
        }
    }

    async Task<Landing?> WaitAsync(bool untilLanded, TimeSpan? patience, CancellationToken leave)
    {
        if (_fault is not null)
            throw _fault;
        if (_known is not null && (_hasLanded || !untilLanded))
            return _known;
        var waiter = new Waiter(untilLanded);
        _waiters.Add(waiter);
        // a token may be cancelled on any thread: the way in is Post
        using var leaving = leave.CanBeCanceled ? leave.Register(() => loop.Post(() => Leave(waiter))) : default;
        using var timer = patience is { } span
            ? loop.Time.CreateTimer(_ => Leave(waiter), null, span, Timeout.InfiniteTimeSpan)
            : null;
        return await waiter.Landed.Task;
    }

    /// <summary>Tells everybody.</summary>
    public void Land(Landing landing)
    {
        (_known, _hasLanded) = (landing, true);
        foreach (var waiter in _waiters)
            waiter.Landed.SetResult(landing);
        _waiters.Clear();
    }

    /// <summary>A fault of the loader itself: passed on to everybody rather than leaving them waiting.</summary>
    public void Crash(Exception fault)
    {
        _fault = fault;
        foreach (var waiter in _waiters)
            waiter.Landed.SetException(fault);
        _waiters.Clear();
    }

    /// <summary>Somebody waits whom the kernel may be waiting for (design rule 11).</summary>
    public void Hurry() => _hurried.Cancel();

    /// <summary>From here to <see cref="LeaveKernel"/> the flight cannot be abandoned.</summary>
    public void EnterKernel() => InKernel = true;

    public void LeaveKernel()
    {
        InKernel = false;
        AbandonIfUnwanted();
    }

    void Leave(Waiter waiter)
    {
        if (!_waiters.Remove(waiter))
            return;
        waiter.Landed.SetResult(null);
        AbandonIfUnwanted();
    }

    void AbandonIfUnwanted()
    {
        if (_waiters.Count > 0 || InKernel || _abandoned.IsCancellationRequested)
            return;
        OnAbandoned?.Invoke(this);
        _abandoned.Cancel();
    }

    sealed class Waiter(bool untilLanded)
    {
        public bool UntilLanded { get; } = untilLanded;

        public TaskCompletionSource<Landing?> Landed { get; } = new();
    }
}
