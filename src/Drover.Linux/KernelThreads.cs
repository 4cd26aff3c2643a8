using Drover.Loading;

namespace Drover.Linux;

/// <summary>
/// Threads on which calls block that the event loop must not: one thread a call in flight, made when it is needed, kept a while when idle.
/// There is no limit here, because whoever calls has one (the loader bounds its loads), and a call that waits for another process must never keep one from running that this process waits for.
/// A call is never cut off; at the end of the process the threads do not hold it up. <see cref="Run{T}"/> is for the loop.
/// </summary>
public sealed class KernelThreads(EventLoop loop)
{
    /// <summary>Enough for a system call and for the managed decompressors, whose buffers are on the heap; the default of 8 MiB is address space that a small machine has to account for.</summary>
    const int StackBytes = 256 << 10;

    /// <summary>A coldplug's calls follow one another faster than this; what comes later pays for a new thread, some 50 µs.</summary>
    static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(5);

    readonly Queue<Action> _waiting = new(); // also the lock of all three
    int _idle;
    int _count;

    /// <summary>Threads there are now, at work or idle.</summary>
    public int Count
    {
        get
        {
            lock (_waiting)
            {
                return _count;
            }
        }
    }

    /// <summary>Runs a blocking call on a thread of its own; the task completes on the loop, with what the call threw if it threw.</summary>
    public Task<T> Run<T>(Func<T> call)
    {
        var done = new TaskCompletionSource<T>();
        Start(() =>
        {
            try
            {
                var result = call();
                loop.Post(() => done.SetResult(result));
            }
#pragma warning disable CA1031 // whatever it is, it belongs to whoever awaits the call
            catch (Exception e)
#pragma warning restore CA1031
            {
                loop.Post(() => done.SetException(e));
            }
        });
        return done.Task;
    }

    /// <summary>Runs a blocking call that tells its result itself; it must not throw.</summary>
    internal void Start(Action call)
    {
        lock (_waiting)
        {
            _waiting.Enqueue(call);
            if (_waiting.Count <= _idle)
            {
                Monitor.Pulse(_waiting);
                return;
            }

            _count++;
        }

        new Thread(Work, StackBytes) { IsBackground = true, Name = "kernel call" }.Start();
    }

    void Work()
    {
        while (Next() is { } call)
        {
            call();
        }
    }

    /// <summary>The next call, or null when there was none for a while and the thread is to end.</summary>
    Action? Next()
    {
        lock (_waiting)
        {
            Action? call;
            while (!_waiting.TryDequeue(out call))
            {
                _idle++;
                var pulsed = Monitor.Wait(_waiting, IdleTime);
                _idle--;
                if (!pulsed && _waiting.Count == 0)
                {
                    _count--;
                    return null;
                }
            }

            return call;
        }
    }
}
