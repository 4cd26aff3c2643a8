namespace Drover.Model;

/// <summary>
/// A clock that stands still until it is told to go on, and then jumps to the next timer. One owner: the simulated loop. Timers of one instant fire in the
/// order they were set, so that a trace depends on nothing but the seed.
/// </summary>
public sealed class VirtualTime : TimeProvider
{
    readonly PriorityQueue<Timer, (long DueNs, long Order)> _timers = new();
    long _order;

    /// <summary>Nanoseconds since the simulation began.</summary>
    public long NowNs { get; private set; }

    /// <summary>Timestamps are nanoseconds.</summary>
    public override long TimestampFrequency => 1_000_000_000;

    /// <inheritdoc/>
    public override long GetTimestamp() => NowNs;

    /// <summary>The simulation begins at the Unix epoch.</summary>
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(NowNs / 100);

    /// <summary>A timer that fires once; virtual time knows no periodic ones.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        if (period != Timeout.InfiniteTimeSpan)
            throw new NotSupportedException("a virtual timer fires once");
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Jumps to the next timer and fires it; false when there is none.</summary>
    public bool TryAdvance()
    {
        while (_timers.TryDequeue(out var timer, out var at))
        {
            if (timer.Setting != at.Order)
                continue; // disposed or set anew meanwhile
            NowNs = at.DueNs;
            timer.Fire();
            return true;
        }
        return false;
    }

    sealed class Timer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        const long NotSet = -1;

        /// <summary>Which setting of the timer counts.</summary>
        public long Setting { get; private set; } = NotSet;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Setting = NotSet;
            if (dueTime == Timeout.InfiniteTimeSpan)
                return true;
            Setting = time._order++;
            time._timers.Enqueue(this, (time.NowNs + (Math.Max(0, dueTime.Ticks) * 100), Setting));
            return true;
        }

        public void Fire()
        {
            Setting = NotSet;
            callback(state);
        }

        public void Dispose() => Setting = NotSet;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
