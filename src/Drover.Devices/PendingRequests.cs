using System.Diagnostics;
using Drover.Kernel;
using Drover.Loading;

namespace Drover.Devices;

/// <summary>Waits for conditions on the event loop; evaluates them once in each turn with a change.</summary>
sealed class Conditions(EventLoop loop)
{
    readonly List<(Func<bool> Holds, TaskCompletionSource Held)> _waiters = [];
    bool _isCheckPosted;

    /// <summary>True once <paramref name="holds"/> does; false when <paramref name="timeout"/> (null: without limit) or
    /// <paramref name="cancellationToken"/> ended the wait.</summary>
    public async Task<bool> WaitAsync(Func<bool> holds, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        if (holds())
            return true;
        var waiter = (Holds: holds, Held: new TaskCompletionSource());
        _waiters.Add(waiter);
        var held = await loop.WaitAsync(waiter.Held.Task, timeout, cancellationToken);
        if (!held)
            _waiters.Remove(waiter);
        Debug.Assert(!_waiters.Contains(waiter), "a wait that has ended is not evaluated");
        return held;
    }

    /// <summary>To be called after every change of what a condition reads.</summary>
    public void Changed()
    {
        if (_isCheckPosted || _waiters.Count == 0)
            return;
        _isCheckPosted = true;
        loop.Post(Check);
    }

    void Check()
    {
        Debug.Assert(_isCheckPosted, "one check at a time is posted");
        _isCheckPosted = false;
        foreach (var waiter in _waiters.Where(waiter => waiter.Holds()).ToArray())
        {
            _waiters.Remove(waiter);
            waiter.Held.SetResult();
        }
    }
}

/// <param name="since">When it was made, on the loop's clock.</param>
sealed class PendingRequest(LoadRequest request, long number, long since)
{
    IReadOnlyList<string>? _modules;

    public LoadRequest Request => request;

    public long Number => number;

    public long Since => since;

    /// <summary>It has its outcome.</summary>
    public bool IsDone { get; set; }

    /// <summary>The end of its wait for the root file system's loads.</summary>
    public TaskCompletionSource Start => field ??= new();

    /// <summary>Its place among those that wait.</summary>
    public LoadOrder Order => new(request.Rank, request.CriticalPath, number);

    /// <summary>The names of its modules, looked up once.</summary>
    public IReadOnlyList<string> Modules(Func<string, IReadOnlyList<string>> lookUp) =>
        _modules ??= lookUp(request.Name);
}

/// <summary>The requests of devices and clients without an outcome, in order. Runs on the event loop.</summary>
sealed class PendingRequests(EventLoop loop, Loader loader, Conditions conditions)
{
    readonly LinkedList<PendingRequest> _pending = [];
    readonly TaskCompletionSource _lateStart = new();
    readonly List<PendingRequest> _held = []; // for the root file system

    public Loader Loader => loader;

    public int Count => _pending.Count;

    /// <summary>The oldest first.</summary>
    public IEnumerable<PendingRequest> All => _pending;

    /// <summary>The number of the newest request, pending or not.</summary>
    public long LastNumber { get; private set; }

    /// <summary>Called for each outcome.</summary>
    public Action<PendingRequest, RequestOutcome>? Completed { get; init; }

    /// <summary>Requests of devices with <see cref="LoadRank.Late"/> wait for <see cref="StartLate"/>; they are pending
    /// meanwhile.</summary>
    public bool HoldsLate { get; set; }

    /// <summary>Requests of devices below <see cref="LoadRank.Root"/> wait for <see cref="StartOthers"/>; they are
    /// pending meanwhile.</summary>
    public bool HoldsForRoot { get; set; }

    /// <summary>Requests of <see cref="LoadRank.Root"/> without an outcome.</summary>
    public int RootCount { get; private set; }

    public void StartLate()
    {
        HoldsLate = false;
        _lateStart.TrySetResult();
    }

    public void StartOthers()
    {
        HoldsForRoot = false;
        // the first one enters the kernel before the queue has the others
        _held.Sort(static (a, b) => a.Order.IsBefore(b.Order) ? -1 : b.Order.IsBefore(a.Order) ? 1 : 0);
        foreach (var request in _held)
            request.Start.SetResult();
        _held.Clear();
    }

    /// <summary>Makes a request. It stays pending until both callbacks have run, so a request that a callback makes
    /// starts before this one ends.</summary>
    public async Task<RequestOutcome> TrackRequestAsync(
        LoadRequest request, Action<RequestOutcome>? completed, CancellationToken cancellationToken,
        CancellationToken stopping = default)
    {
        // linked here: the caller's task ends in the same step as the request, and the service may stop right after
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        var node = _pending.AddLast(new PendingRequest(request, ++LastNumber, loop.Time.GetTimestamp()));
        Debug.Assert(
            node.Previous is not { } previous || previous.Value.Number < node.Value.Number, "the oldest comes first");
        var isForRoot = request.Rank is LoadRank.Root;
        RootCount += isForRoot ? 1 : 0;
        try
        {
            var isOfDevice = request.Seqnum is not null;
            if (HoldsForRoot && isOfDevice && !isForRoot)
            {
                _held.Add(node.Value);
                await loop.WaitAsync(node.Value.Start.Task, timeout: null, either.Token);
            }
            if (HoldsLate && isOfDevice && request.Rank is LoadRank.Late)
                await loop.WaitAsync(_lateStart.Task, timeout: null, either.Token);
            var outcome = await loader.RequestAsync(request, either.Token);
            Completed?.Invoke(node.Value, outcome);
            completed?.Invoke(outcome);
            return outcome;
        }
        finally
        {
            Debug.Assert(!node.Value.IsDone, "a request ends once");
            node.Value.IsDone = true;
            RootCount -= isForRoot ? 1 : 0;
            Debug.Assert(RootCount >= 0, "a request for the root file system ends once");
            _pending.Remove(node);
            conditions.Changed();
        }
    }

    /// <summary>The requests up to this number have their outcomes.</summary>
    public bool AreDoneUpTo(long number) => _pending.First is not { } oldest || oldest.Value.Number > number;
}
