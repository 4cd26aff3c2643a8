using Drover.Loading;

namespace Drover.Linux;

/// <summary>
/// Threads on which calls block that the event loop must not: one thread a call in flight, made when it is needed, kept a while when idle.
/// There is no limit here, because whoever calls has one (the loader bounds its loads), and a call that waits for another process must never keep one from running that this process waits for.
/// A call is never cut off; at the end of the process the threads do not hold it up. Used on the event loop, which owns all state: no locks, and so no spinning for them, either.
/// </summary>
public sealed class KernelThreads(EventLoop loop)
{
    /// <summary>A coldplug's calls follow one another faster than this; what comes later pays for a new thread, some 50 µs.</summary>
    static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(5);

    readonly List<Worker> _idle = []; // the last one rested least: its CPU still knows what it needs

    /// <summary>Threads there are now, at work or idle.</summary>
    public int Count { get; private set; }

    /// <summary>Runs a blocking call on a thread of its own; the task completes on the loop, with what the call threw if it threw.</summary>
    /// <exception cref="IOException">The system gives no more threads.</exception>
    public Task<T> Run<T>(Func<T> call)
    {
        var done = new TaskCompletionSource<T>();
        Start(() =>
        {
            try
            {
                var result = call();
                return () => done.SetResult(result);
            }
#pragma warning disable CA1031 // whatever it is, it belongs to whoever awaits the call
            catch (Exception e)
#pragma warning restore CA1031
            {
                return () => done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <param name="call">Makes the call, and returns what is to be done on the loop then.</param>
    void Start(Func<Action> call)
    {
        if (_idle.Count > 0)
        {
            var rested = _idle[^1];
            _idle.RemoveAt(_idle.Count - 1);
            rested.Wake(call);
        }
        else
        {
            NativeThread.StartDetached("kernel call", new Worker(this, call).Work);
            Count++;
        }
    }

    void Rest(Worker worker, Action then)
    {
        _idle.Add(worker); // first: what comes next may be another call
        then();
    }

    void EndIfIdle(Worker worker)
    {
        if (!_idle.Remove(worker))
        {
            return; // somebody has just chosen this one
        }

        Count--;
        worker.Wake(null);
    }

#pragma warning disable CA1001 // its own thread frees the event when it ends
    sealed class Worker(KernelThreads all, Func<Action> first)
#pragma warning restore CA1001
    {
        readonly WakeUp _wake = new();
        Func<Action>? _call = first;

        /// <param name="call">The next call, or null to end. For the loop, and only while this worker rests.</param>
        internal void Wake(Func<Action>? call)
        {
            _call = call;
            _wake.Set();
        }

        internal void Work()
        {
            while (_call is { } call)
            {
                var then = call();
                all.Post(() => all.Rest(this, then));
                if (!_wake.Wait(IdleTime))
                {
                    all.Post(() => all.EndIfIdle(this));
                    _wake.Wait();
                }
            }

            _wake.Dispose();
        }
    }

    void Post(Action action) => loop.Post(action);
}
