using System.Diagnostics;
using Drover.Kernel;

namespace Drover.Linux.Runtime;

/// <summary>The event loop of the real machine: the thread that calls <see cref="Run{T}"/> does all the work in the
/// order it was queued. <see cref="Post"/> and the scheduling of tasks are safe from any thread. Work queued while the
/// loop does not run waits for the next <see cref="Run{T}"/>.</summary>
public sealed class LiveLoop : EventLoop
{
    const int ItemsPerTimerCheck = 64; // work items between two checks of the timers
    const int NoThread = 0; // managed thread ids begin at 1

    // Tasks and posted actions share one queue, so that the order of one thread holds across both. The queue is
    // its own lock.
    readonly Queue<object> _work = new();
    readonly MonotonicTime _time = new();
    int _thread;

    /// <summary>CLOCK_MONOTONIC, the same in every process of a machine; its timers fire on the loop.</summary>
    public override TimeProvider Time => _time;

    /// <summary>Runs an action on the loop; safe for any thread. Its exception ends <see cref="Run{T}"/>.</summary>
    public override void Post(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        Enqueue(action);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The loop is running already.</exception>
    public override T Run<T>(Func<Task<T>> main)
    {
        ArgumentNullException.ThrowIfNull(main);
        if (Interlocked.CompareExchange(ref _thread, Environment.CurrentManagedThreadId, NoThread) != NoThread)
            throw new InvalidOperationException("The event loop is already running.");
        // The caller's synchronisation context would take the awaits away from this scheduler.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            // Everything runs inside one task of this scheduler: a posted action needs no task of its own, and its
            // awaits resume here.
            Task<T>? result = null;
            var pump = new Pump(this, () => result = main());
            TryExecuteTask(pump);
            pump.GetAwaiter().GetResult();
            return result!.GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
            Volatile.Write(ref _thread, NoThread);
        }
    }

    /// <inheritdoc/>
    protected override void QueueTask(Task task)
    {
        if (task is not Pump) // Run executes the pump itself
            Enqueue(task);
    }

    /// <inheritdoc/>
    // only debuggers call this
    protected override IEnumerable<Task> GetScheduledTasks() => throw new NotSupportedException();

    void RunUntil(Task end)
    {
        Debug.Assert(_thread == Environment.CurrentManagedThreadId, "the loop runs on the thread that called Run");
        // Completion on any thread queues a work item, which wakes the loop.
        end.GetAwaiter().UnsafeOnCompleted(static () => { });
        for (var items = 0; !end.IsCompleted; items++)
        {
            // A loop that is never idle must fire its timers too, but reading the clock may be a system call.
            if (items % ItemsPerTimerCheck == 0)
                FireDueTimers();
            if (Dequeue() is { } work)
                Execute(work);
            else if (!FireDueTimers())
                WaitForWork();
        }
    }

    void Execute(object work)
    {
        Debug.Assert(_thread == Environment.CurrentManagedThreadId, "the loop's state has one thread");
        if (work is Action action)
            action();
        else
            TryExecuteTask((Task)work);
    }

    bool FireDueTimers()
    {
        var fired = false;
        while (_time.NextDue is { } due && due <= _time.GetTimestamp())
        {
            _time.FireNext();
            fired = true;
        }
        return fired;
    }

    /// <summary>Waits for a work item or the next timer.</summary>
    void WaitForWork()
    {
        Debug.Assert(_thread == Environment.CurrentManagedThreadId, "only the loop's own thread waits for work");
        // rounded up, or the loop would spin through the last millisecond
        var milliseconds = _time.NextDue is { } due
            ? (int)Math.Clamp(Math.Ceiling(_time.GetElapsedTime(_time.GetTimestamp(), due).TotalMilliseconds), 0,
                int.MaxValue)
            : Timeout.Infinite;
        lock (_work)
        {
            if (_work.Count == 0)
                Monitor.Wait(_work, milliseconds);
        }
    }

    object? Dequeue()
    {
        lock (_work)
            return _work.TryDequeue(out var work) ? work : null;
    }

    void Enqueue(object work)
    {
        lock (_work)
        {
            _work.Enqueue(work);
            Monitor.Pulse(_work);
        }
    }

    /// <summary>The base class's timestamps are CLOCK_MONOTONIC.</summary>
    sealed class MonotonicTime : LoopTime;

    sealed class Pump : Task
    {
        public Pump(LiveLoop loop, Func<Task> main)
            : base(() => loop.RunUntil(main()), CancellationToken.None, TaskCreationOptions.DenyChildAttach) =>
                Start(loop);
    }
}
