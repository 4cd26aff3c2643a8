namespace Drover.Loading;

/// <summary>
/// Bounds the loads in flight in bytes and in number (design rule 8). What was asked for first goes first, and so do its dependencies: a long chain gets on while
/// what was asked for later waits, and a large module cannot be starved by small ones behind it.
/// A module larger than the whole budget goes alone. And loads keep a headway: the next one starts when the last one has ended, or has been in the kernel for a
/// while. Most loads compute for a few milliseconds, in a kernel that makes them queue for its text and for all CPUs; beside each other they take longer. One
/// that is still there after that most likely sleeps in its driver's probe, and need not be waited for. One owner, the event loop.
/// </summary>
sealed class LoadBudget
{
    /// <summary>ENOMEM halves the budget, but never below what one ordinary module needs (Debian 6.1: all but about 20 of 4023 modules cost less).</summary>
    const long SmallestBytes = 4 << 20;

    readonly LinkedList<Waiter> _waiting = [];
    readonly List<TaskCompletionSource> _watchers = [];
    readonly EventLoop _loop;
    readonly int _number;
    readonly TimeSpan _headway;
    int _young;
    bool _isAdmitting;

    public LoadBudget(EventLoop loop, long bytes, int number, TimeSpan headway)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        LimitBytes = bytes;
        (_loop, _number, _headway) = (loop, number, headway);
    }

    public long LimitBytes { get; private set; }

    public long BytesInFlight { get; private set; }

    public int NumberInFlight { get; private set; }

    /// <summary>Enters when there is room; null when <paramref name="leave"/> was cancelled first.</summary>
    /// <param name="bytes">What the load costs.</param>
    /// <param name="order">The number of the request behind it; smaller goes first.</param>
    /// <param name="leave">Nobody wants it any more.</param>
    /// <param name="hurry">A load that has its share may be waiting for this one: in, room or not.</param>
    public async Task<Share?> EnterAsync(long bytes, long order, CancellationToken leave, CancellationToken hurry)
    {
        if (leave.IsCancellationRequested)
            return null;
        if (hurry.IsCancellationRequested || (_waiting.Count == 0 && HasRoomFor(bytes)))
            return Enter(bytes);
        var node = Queue(new Waiter(bytes, order));
        using var leaving = leave.Register(() =>
        {
            if (node.List is null)
                return;
            _waiting.Remove(node);
            node.Value.Entered.SetResult(null);
            Admit(); // whoever stood behind may fit
        });
        using var hurrying = hurry.Register(() =>
        {
            if (node.List is null)
                return;
            _waiting.Remove(node);
            node.Value.Entered.SetResult(Enter(bytes));
        });
        return await node.Value.Entered.Task;
    }

    /// <summary>Gives back a share; a second time does nothing.</summary>
    public void Leave(Share share)
    {
        if (share.HasLeft)
            return;
        share.HasLeft = true;
        BytesInFlight -= share.Bytes;
        NumberInFlight--;
        Age(share);
        AdmitSoon();
        foreach (var watcher in _watchers)
            watcher.SetResult();
        _watchers.Clear();
    }

    /// <summary>Halves the budget, down to what one module needs.</summary>
    public void Shrink() => LimitBytes = Math.Max(Math.Min(SmallestBytes, LimitBytes), LimitBytes / 2);

    /// <summary>Completes when some load next ends; at once if none is in flight.</summary>
    public Task NextLeave()
    {
        if (NumberInFlight == 0)
            return Task.CompletedTask;
        var watcher = new TaskCompletionSource();
        _watchers.Add(watcher);
        return watcher.Task;
    }

    bool HasRoomFor(long bytes) => NumberInFlight == 0 || (_young == 0 && NumberInFlight < _number && BytesInFlight + bytes <= LimitBytes);

    Share Enter(long bytes)
    {
        var share = new Share(bytes);
        BytesInFlight += bytes;
        NumberInFlight++;
        if (_headway > TimeSpan.Zero)
        {
            _young++;
            share.IsYoung = true;
            share.Aging = _loop.Time.CreateTimer(_ =>
            {
                Age(share);
                Admit();
            }, null, _headway, Timeout.InfiniteTimeSpan);
        }
        return share;
    }

    void Age(Share share)
    {
        share.Aging?.Dispose();
        if (!share.IsYoung)
            return;
        share.IsYoung = false;
        _young--;
    }

    LinkedListNode<Waiter> Queue(Waiter waiter)
    {
        var before = _waiting.Last;
        while (before is not null && before.Value.Order > waiter.Order)
            before = before.Previous;
        return before is null ? _waiting.AddFirst(waiter) : _waiting.AddAfter(before, waiter);
    }

    /// <summary>When the loop has nothing else to do: then whoever waited for the load that has just ended is in the queue, in its place.</summary>
    void AdmitSoon()
    {
        if (_isAdmitting || _waiting.Count == 0)
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
        while (_waiting.First is { } first && HasRoomFor(first.Value.Bytes))
        {
            _waiting.RemoveFirst();
            first.Value.Entered.SetResult(Enter(first.Value.Bytes));
        }
    }

    sealed record Waiter(long Bytes, long Order)
    {
        public TaskCompletionSource<Share?> Entered { get; } = new();
    }

    /// <summary>What one load has of the budget.</summary>
    public sealed class Share(long bytes)
    {
        public long Bytes { get; } = bytes;

        public bool HasLeft { get; set; }

        /// <summary>It keeps the next load from starting.</summary>
        public bool IsYoung { get; set; }

        public ITimer? Aging { get; set; }
    }
}
