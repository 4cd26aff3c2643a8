namespace Drover.Loading;

/// <summary>
/// The clock of an event loop, whose timers fire on the loop's own thread: so no pool of threads is woken for a pause, and a test can drive it. Timers fire
/// once. Those that are due at the same time fire in the order they were set. One owner, the loop.
/// </summary>
public abstract class LoopTime : TimeProvider
{
    readonly PriorityQueue<Timer, (long Due, long Order)> _timers = new();
    long _order;

    /// <summary>Timestamp at which the next timer is due, or null when none is set.</summary>
    public long? NextDue
    {
        get
        {
            while (_timers.TryPeek(out var timer, out var at))
            {
                if (timer.Setting == at.Order)
                    return at.Due;
                _timers.Dequeue(); // disposed, or set anew, meanwhile
            }
            return null;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">A period: a loop's timer fires once.</exception>
    public sealed override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        if (period != Timeout.InfiniteTimeSpan)
            throw new NotSupportedException("a loop's timer fires once");
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Fires the timer that <see cref="NextDue"/> told of.</summary>
    public void FireNext()
    {
        if (NextDue is not null)
            _timers.Dequeue().Fire();
    }

    /// <summary>A timer was set: for clocks that do not look at <see cref="NextDue"/> by themselves.</summary>
    protected virtual void WasSet(long due)
    {
    }

    sealed class Timer(LoopTime time, TimerCallback callback, object? state) : ITimer
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
            var ticks = (long)(Math.Max(0, dueTime.Ticks) * ((double)time.TimestampFrequency / TimeSpan.TicksPerSecond));
            var due = time.GetTimestamp() + ticks;
            time._timers.Enqueue(this, (due, Setting));
            time.WasSet(due);
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
