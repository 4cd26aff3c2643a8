using Drover.Loading;

namespace Drover.Linux;

/// <summary>
/// The event loop of the real machine: the thread that calls <see cref="Run{T}"/> does all the work, in the order it was queued, by the system's clock.
/// <see cref="Post"/> and the scheduling of tasks are safe from any thread; work queued while nothing runs waits for the next <see cref="Run{T}"/>.
/// </summary>
public sealed class LiveLoop : EventLoop, IDisposable
{
    /// <summary>Pieces of work between two looks at the clock.</summary>
    const int TurnsPerLook = 64;

    const int NoThread = 0; // managed thread ids begin at 1

    // Tasks and posted actions in one line, so that what one thread queues is run in its order, whichever kind it is.
    readonly WorkQueue _work = new();

    readonly WakeUp _wake = new();

    // 1 while the loop sleeps or is about to; whoever turns it back wakes the loop, so that a busy loop costs its posters no system call.
    int _sleeping;
    int _thread;

    readonly MonotonicTime _time = new();

    /// <summary>The system's monotonic clock, the same in every process of a machine; its timers fire on the loop.</summary>
    public override TimeProvider Time => _time;

    /// <summary>Runs an action on the loop; safe for any thread. What it throws ends <see cref="Run{T}"/>, which throws it on.</summary>
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
        {
            throw new InvalidOperationException("The event loop is already running.");
        }

        // A synchronisation context of the caller's would take the awaits away from the scheduler.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            // Everything runs inside one task of this scheduler: so a posted action costs no task of its own, and yet its awaits resume here.
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

    /// <summary>Frees the wake-up event. Nothing may be posted afterwards.</summary>
    public void Dispose() => _wake.Dispose();

    /// <inheritdoc/>
    protected override void QueueTask(Task task)
    {
        if (task is Pump)
        {
            return; // Run executes it itself
        }

        Enqueue(task);
    }

    /// <inheritdoc/>
    protected override IEnumerable<Task> GetScheduledTasks() => throw new NotSupportedException(); // for debuggers, which do without

    void RunUntil(Task end)
    {
        // whoever ends it, on whatever thread, thereby queues a piece of work, which wakes the loop
        end.GetAwaiter().UnsafeOnCompleted(static () => { });
        for (var turns = 0; !end.IsCompleted; turns++)
        {
            // a loop that is never idle must see its timers, too; but a look at the clock may be a system call
            if (turns % TurnsPerLook == 0)
            {
                FireDueTimers();
            }

            var work = _work.Dequeue();
            if (work is null)
            {
                if (!FireDueTimers())
                {
                    Sleep(end);
                }
            }
            else if (work is Action action)
            {
                action();
            }
            else
            {
                TryExecuteTask((Task)work);
            }
        }
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

    void Sleep(Task end)
    {
        // Announced first, looked again second: work that came before the announcement is seen, work that comes after it wakes us.
        Interlocked.Exchange(ref _sleeping, 1);
        if (_work.IsEmpty && !end.IsCompleted)
        {
            if (_time.NextDue is { } due)
            {
                // rounded up, or the loop would spin through the last millisecond
                var left = Math.Ceiling(_time.GetElapsedTime(_time.GetTimestamp(), due).TotalMilliseconds);
                _ = _wake.Wait(TimeSpan.FromMilliseconds(Math.Clamp(left, 0, int.MaxValue)));
            }
            else
            {
                _wake.Wait();
            }
        }

        Volatile.Write(ref _sleeping, 0);
    }

    void Enqueue(object work)
    {
        _work.Enqueue(work);
        Wake();
    }

    void Wake()
    {
        // a full fence between the queue and the flag, as in Sleep
        if (Interlocked.CompareExchange(ref _sleeping, 0, 1) == 1)
        {
            _wake.Set();
        }
    }

    /// <summary>The base class's timestamps are CLOCK_MONOTONIC.</summary>
    sealed class MonotonicTime : LoopTime;

    sealed class Pump : Task
    {
        public Pump(LiveLoop loop, Func<Task> main)
            : base(() => loop.RunUntil(main()), CancellationToken.None, TaskCreationOptions.DenyChildAttach) => Start(loop);
    }
}
