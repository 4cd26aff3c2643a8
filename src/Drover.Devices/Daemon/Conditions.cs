using Drover.Loading;

namespace Drover.Devices;

/// <summary>Waits for something to hold, looked at again at each <see cref="Check"/>. One owner, the event loop.</summary>
sealed class Conditions(EventLoop loop)
{
    readonly List<(Func<bool> Holds, TaskCompletionSource<bool> Held)> _waiting = [];

    /// <summary>True once <paramref name="holds"/> does; false when <paramref name="patience"/> (null: no end) or <paramref name="leave"/> ended first.</summary>
    public async Task<bool> WaitAsync(Func<bool> holds, TimeSpan? patience, CancellationToken leave)
    {
        if (holds())
            return true;
        if (leave.IsCancellationRequested)
            return false;
        var waiter = (Holds: holds, Held: new TaskCompletionSource<bool>());
        _waiting.Add(waiter);
        // a token may be cancelled on any thread: the way in is Post
        using var leaving = leave.Register(() => loop.Post(() => End(waiter)));
        using var timer = patience is { } span ? loop.Time.CreateTimer(_ => End(waiter), null, span, Timeout.InfiniteTimeSpan) : null;
        return await waiter.Held.Task;
    }

    /// <summary>Something has changed.</summary>
    public void Check()
    {
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            var (holds, held) = _waiting[i];
            if (!holds())
                continue;
            _waiting.RemoveAt(i);
            held.SetResult(true);
        }
    }

    void End((Func<bool> Holds, TaskCompletionSource<bool> Held) waiter)
    {
        if (_waiting.Remove(waiter))
            waiter.Held.SetResult(false);
    }
}
