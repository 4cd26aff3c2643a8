using System.Diagnostics;
using Drover.Kernel;

namespace Drover.Loading;

/// <summary>Limits the bytes and the number of concurrent loads (design rule 8). Admits by rank, then by the longest
/// critical path of the last boot, then the oldest request, each with its dependencies: a long chain progresses, and
/// small loads cannot starve a large one. A module larger than the budget is loaded alone. Loads are staggered
/// (<see cref="LoaderOptions.Stagger"/>), because the kernel serialises them on its text and on all CPUs. Owned by the
/// event loop.</summary>
sealed class LoadBudget
{
    /// <summary>The least after ENOMEM: in Debian 6.1, all but about 20 of 4023 modules cost less.</summary>
    const long MinBytes = 4 << 20;

    readonly List<Flight> _queue = []; // by Order
    readonly List<Flight> _admitted = [];
    readonly Dictionary<Flight, TaskCompletionSource> _pausing = []; // until the next flight leaves
    readonly EventLoop _loop;
    readonly long _fullBytes;
    readonly int _number;
    readonly TimeSpan _stagger;
    bool _isAdmitting;

    public LoadBudget(EventLoop loop, long bytes, int number, TimeSpan stagger)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        LimitBytes = _fullBytes = bytes;
        (_loop, _number, _stagger) = (loop, number, stagger);
    }

    public long LimitBytes { get; private set; }

    public long BytesInFlight => _admitted.Sum(flight => flight.Cost);

    public int NumberInFlight => _admitted.Count;

    /// <summary>The flight has a share.</summary>
    public bool Has(Flight flight) => _admitted.Contains(flight);

    /// <summary>Admits a flight when there is room, or it has priority. False: it was abandoned first.</summary>
    public Task<bool> EnterAsync(Flight flight)
    {
        Debug.Assert(flight.Cost >= 0, "a flight knows its cost before it enters");
        Debug.Assert(!_admitted.Contains(flight) && flight.Admission is null, "a flight enters once, then leaves");
        if (flight.IsAbandoned)
            return Task.FromResult(false);
        if (flight.HasPriority || (IsFirst(flight) && HasRoomFor(flight)))
        {
            Add(flight);
            return Task.FromResult(true);
        }
        flight.Admission = new TaskCompletionSource<bool>();
        Queue(flight);
        AssertConsistent();
        return flight.Admission.Task;
    }

    /// <summary>Returns a flight's share; does nothing if it has none.</summary>
    public void Leave(Flight flight)
    {
        if (!_admitted.Remove(flight))
            return;
        EndStagger(flight);
        AdmitSoon();
        foreach (var pause in _pausing.Values)
            pause.SetResult();
        _pausing.Clear();
        AssertConsistent();
    }

    /// <summary>Moves a queued flight to the place of its <see cref="Flight.Order"/>, now an earlier one.</summary>
    public void Move(Flight flight)
    {
        if (!_queue.Remove(flight))
            return;
        Queue(flight);
        AdmitSoon();
        AssertConsistent();
    }

    /// <summary>Admits a queued flight without regard to room, and ends its pause: a load with a share may wait for
    /// it.</summary>
    public void Prioritize(Flight flight)
    {
        Debug.Assert(flight.HasPriority, "the flight's flag is set first");
        EndPause(flight);
        if (Dequeue(flight) is not { } admission)
            return;
        Add(flight);
        admission.SetResult(true);
    }

    /// <summary>Removes an abandoned flight from the queue, and ends its pause.</summary>
    public void Drop(Flight flight)
    {
        EndPause(flight);
        if (Dequeue(flight) is not { } admission)
            return;
        admission.SetResult(false);
        Admit(); // the flights behind it may fit
    }

    /// <summary>Halves the budget, down to <see cref="MinBytes"/>.</summary>
    public void Shrink()
    {
        var before = LimitBytes;
        LimitBytes = Math.Max(Math.Min(MinBytes, LimitBytes), LimitBytes / 2);
        Debug.Assert(LimitBytes > 0, "one module can always be loaded");
        Debug.Assert(LimitBytes <= before, "the budget does not grow for lack of memory");
    }

    /// <summary>Gives back what <see cref="Shrink"/> took, by the cost of a load that has succeeded: the shortage may
    /// be over, or was one driver's.</summary>
    public void Grow(long cost) => LimitBytes = Math.Min(_fullBytes, LimitBytes + cost);

    /// <summary>Completes when the next flight leaves, or this one gets priority or is abandoned; at once if none is
    /// admitted.</summary>
    public Task NextLeaveAsync(Flight flight)
    {
        // with priority, the load that leaves next may be waiting for this one
        if (_admitted.Count == 0 || flight.HasPriority || flight.IsAbandoned)
            return Task.CompletedTask;
        if (!_pausing.TryGetValue(flight, out var pause))
            _pausing.Add(flight, pause = new TaskCompletionSource());
        AssertConsistent();
        return pause.Task;
    }

    void EndPause(Flight flight)
    {
        if (_pausing.Remove(flight, out var pause))
            pause.SetResult();
    }

    bool HasRoomFor(Flight flight) =>
        _admitted.Count == 0
        || (_admitted.Count < _number && BytesInFlight + flight.Cost <= LimitBytes
            && _admitted.TrueForAll(other => other.Stagger is null));

    void Add(Flight flight)
    {
        Debug.Assert(flight.Stagger is null, "the stagger ended with the last share");
        _admitted.Add(flight);
        AssertConsistent();
        if (_stagger == TimeSpan.Zero)
            return;
        flight.Stagger = _loop.Time.CreateTimer(_ =>
        {
            EndStagger(flight);
            Admit();
        }, null, _stagger, Timeout.InfiniteTimeSpan);
    }

    bool IsFirst(Flight flight) => _queue is not [var first, ..] || flight.Order.IsBefore(first.Order);

    void Queue(Flight flight) =>
        _queue.Insert(_queue.FindLastIndex(other => !flight.Order.IsBefore(other.Order)) + 1, flight);

    static void EndStagger(Flight flight)
    {
        flight.Stagger?.Dispose();
        flight.Stagger = null;
    }

    TaskCompletionSource<bool>? Dequeue(Flight flight)
    {
        var admission = flight.Admission;
        var wasQueued = _queue.Remove(flight);
        Debug.Assert(wasQueued == admission is not null, "exactly the queued flights wait for admission");
        flight.Admission = null;
        return admission;
    }

    /// <summary>Admits when the loop is idle: flights that waited for the ended load are queued by then.</summary>
    void AdmitSoon()
    {
        if (_isAdmitting || _queue.Count == 0)
            return;
        _isAdmitting = true;
        _loop.Time.CreateTimer(_ =>
        {
            _isAdmitting = false;
            Admit();
        }, null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    void Admit()
    {
        while (_queue is [var first, ..] && HasRoomFor(first))
        {
            var admission = Dequeue(first)!;
            Add(first);
            admission.SetResult(true);
        }
        Debug.Assert(_queue.Count == 0 || !HasRoomFor(_queue[0]), "all that fit are admitted");
        AssertConsistent();
    }

    [Conditional("DEBUG")]
    void AssertConsistent()
    {
        Debug.Assert(
            _queue.TrueForAll(flight => flight is { Admission: not null, HasPriority: false } && !Has(flight)),
            "a queued flight waits for admission, has no share, and no priority");
        Debug.Assert(
            _queue.Zip(_queue.Skip(1)).All(pair => !pair.Second.Order.IsBefore(pair.First.Order)), "in their order");
        Debug.Assert(_admitted.TrueForAll(flight => flight.Admission is null), "an admitted flight waits no more");
        Debug.Assert(
            _admitted.Count(flight => !flight.HasPriority) <= _number, "only priority exceeds the number of loads");
        Debug.Assert(
            _admitted.Count > 0 || _pausing.Count == 0, "what waits for the next flight to leave is woken by one");
        Debug.Assert(
            _admitted.Count > 0 || _queue.Count == 0 || _isAdmitting, "a load that leaves or a timer admits the next");
    }
}
