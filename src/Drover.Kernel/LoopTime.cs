namespace Drover.Kernel;

/// <summary>The clock of an event loop. Its timers fire on the loop's own thread, so a pause wakes no thread pool and a
/// test can drive the clock. A timer fires once; timers that are due at the same time fire in the order they were set.
/// Owned by the loop.</summary>
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
                _timers.Dequeue(); // disposed or changed since
            }
            return null;
        }
    }

    /// <exception cref="NotSupportedException">A period was given.</exception>
    public sealed override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        if (period != Timeout.InfiniteTimeSpan)
            throw new NotSupportedException("An event loop's timer fires once.");
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Fires the timer that is due at <see cref="NextDue"/>.</summary>
    public void FireNext()
    {
        if (NextDue is not null)
            _timers.Dequeue().Fire();
    }

    /// <summary>Called when a timer was set, for clocks that do not poll <see cref="NextDue"/>.</summary>
    protected virtual void OnTimerSet(long due)
    {
    }

    sealed class Timer(LoopTime time, TimerCallback callback, object? state) : ITimer
    {
        const long NotSet = -1;

        /// <summary>The order number of the timer's valid entry in the queue; others are ignored.</summary>
        public long Setting { get; private set; } = NotSet;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Setting = NotSet;
            if (dueTime == Timeout.InfiniteTimeSpan)
                return true;
            Setting = time._order++;
            var ticksPerTick = (double)time.TimestampFrequency / TimeSpan.TicksPerSecond;
            var due = time.GetTimestamp() + (long)(Math.Max(0, dueTime.Ticks) * ticksPerTick);
            time._timers.Enqueue(this, (due, Setting));
            time.OnTimerSet(due);
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
