using System.Diagnostics;

namespace Drover.Loading;

/// <summary>
/// Bounds the loads in flight in bytes and in number (design rule 8). First come, first served: a large module cannot be starved by small ones behind it.
/// A module larger than the whole budget goes alone. One owner, the event loop.
/// </summary>
sealed class LoadBudget
{
    /// <summary>ENOMEM halves the budget, but never below what one ordinary module needs (Debian 6.1: all but about 20 of 4023 modules cost less).</summary>
    const long SmallestBytes = 4 << 20;

    readonly LinkedList<Waiter> _waiting = [];
    readonly List<TaskCompletionSource> _watchers = [];
    readonly int _number;

    public LoadBudget(long bytes, int number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        LimitBytes = bytes;
        _number = number;
    }

    public long LimitBytes { get; private set; }

    public long BytesInFlight { get; private set; }

    public int NumberInFlight { get; private set; }

    /// <summary>Enters at once if there is room and nobody waits.</summary>
    public bool TryEnter(long bytes)
    {
        if (_waiting.Count > 0 || !HasRoomFor(bytes))
            return false;
        Enter(bytes);
        return true;
    }

    /// <summary>Enters when there is room; false when <paramref name="leave"/> was cancelled first.</summary>
    public async Task<bool> EnterAsync(long bytes, CancellationToken leave)
    {
        if (leave.IsCancellationRequested)
            return false;
        if (TryEnter(bytes))
            return true;
        var node = _waiting.AddLast(new Waiter(bytes));
        using var leaving = leave.Register(() =>
        {
            if (node.List is null)
                return;
            _waiting.Remove(node);
            node.Value.Entered.SetResult(false);
            Admit(); // whoever stood behind may fit
        });
        return await node.Value.Entered.Task;
    }

    /// <summary>Gives back what was entered.</summary>
    public void Leave(long bytes)
    {
        BytesInFlight -= bytes;
        NumberInFlight--;
        Debug.Assert(BytesInFlight >= 0 && NumberInFlight >= 0, "a load left the budget twice");
        Admit();
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

    bool HasRoomFor(long bytes) => NumberInFlight == 0 || (NumberInFlight < _number && BytesInFlight + bytes <= LimitBytes);

    void Enter(long bytes)
    {
        BytesInFlight += bytes;
        NumberInFlight++;
    }

    void Admit()
    {
        while (_waiting.First is { } first && HasRoomFor(first.Value.Bytes))
        {
            _waiting.RemoveFirst();
            Enter(first.Value.Bytes);
            first.Value.Entered.SetResult(true);
        }
    }

    sealed record Waiter(long Bytes)
    {
        public TaskCompletionSource<bool> Entered { get; } = new();
    }
}
