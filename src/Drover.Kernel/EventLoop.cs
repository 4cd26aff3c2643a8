using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Drover.Kernel;

/// <summary>The one thread that owns the loader's state: a task scheduler on which every <c>await</c> resumes, over a
/// clock that may be virtual. Members are for the loop's own thread unless they say otherwise.</summary>
public abstract class EventLoop : TaskScheduler
{
    /// <summary>The clock of every wait; its timers fire on the loop.</summary>
    public abstract TimeProvider Time { get; }

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Queues an action for the loop. Safe for any thread.</summary>
    public abstract void Post(Action action);

    /// <summary>Completes after <paramref name="delay"/> or on cancellation, which does not throw.</summary>
    public Task Delay(TimeSpan delay, CancellationToken cancellationToken = default) =>
        WaitForFirstAsync(null, delay, cancellationToken);

    /// <summary>Waits for the first of a task's end, a timeout and a cancellation; throws for none of them.</summary>
    /// <param name="task">May fail; the caller awaits it to see the fault.</param>
    /// <param name="timeout">Zero or more; null: no limit.</param>
    /// <param name="cancellationToken">May be cancelled on any thread.</param>
    /// <returns>True when the task has ended.</returns>
    public async Task<bool> WaitAsync(Task task, TimeSpan? timeout, CancellationToken cancellationToken = default)
    {
        if (!task.IsCompleted)
            await WaitForFirstAsync(task, timeout, cancellationToken);
        return task.IsCompleted;
    }

    /// <summary>Starts an asynchronous function on the loop. Safe for any thread.</summary>
    public Task<T> Start<T>(Func<Task<T>> function) =>
        Task.Factory.StartNew(function, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    /// <inheritdoc cref="Start{T}"/>
    public Task Start(Func<Task> function) =>
        Task.Factory.StartNew(function, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    /// <summary>Lets a task run without await; its fault is thrown on the loop and ends <see cref="Run{T}"/>.</summary>
    public void Detach(Task task) => _ = task.ContinueWith(
        faulted => Post(() => ExceptionDispatchInfo.Throw(faulted.Exception!.InnerException!)),
        CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, this);

    /// <summary>Runs the loop on the calling thread until <paramref name="main"/> ends; returns its result.</summary>
    public abstract T Run<T>(Func<Task<T>> main);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    async Task WaitForFirstAsync(Task? task, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var first = new TaskCompletionSource();
        // the token may be cancelled on any thread, hence Post
        using var cancellation = cancellationToken.Register(() => Post(() => first.TrySetResult()));
        using var timer = timeout is { } dueTime
            ? Time.CreateTimer(_ => first.TrySetResult(), null, dueTime, Timeout.InfiniteTimeSpan)
            : null;
        _ = task?.ContinueWith(_ => first.TrySetResult(), CancellationToken.None, TaskContinuationOptions.None, this);
        await first.Task;
        Debug.Assert(Current == this, "every wait ends on the loop");
        Debug.Assert(
            timeout is not null || cancellationToken.IsCancellationRequested || task is { IsCompleted: true },
            "a wait ends for one of its three reasons");
    }
}

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
        Debug.Assert(NextDue is not { } due || due <= GetTimestamp(), "no timer fires early");
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
            Debug.Assert(time.NextDue <= due, "the next timer is due no later than this one");
            time.OnTimerSet(due);
            return true;
        }

        public void Fire()
        {
            Debug.Assert(Setting != NotSet, "a timer fires once for each time it is set");
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
