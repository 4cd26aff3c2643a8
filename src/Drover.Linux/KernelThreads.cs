using Drover.Loading;

namespace Drover.Linux;

/// <summary>
/// Threads on which calls block that the event loop must not: one thread a call in flight, made when it is needed, kept a while when idle.
/// There is no limit here, because whoever calls has one (the loader bounds its loads), and a call that waits for another process must never keep one from running that this process waits for.
/// A call is never cut off; at the end of the process the threads do not hold it up. <see cref="Run{T}"/> is for the loop.
/// </summary>
public sealed class KernelThreads(EventLoop loop)
{
    /// <summary>A coldplug's calls follow one another faster than this; what comes later pays for a new thread, some 50 µs.</summary>
    static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(5);

    readonly List<Worker> _idle = []; // the last one rested least; also the lock of both
    int _count;

    /// <summary>Threads there are now, at work or idle.</summary>
    public int Count
    {
        get
        {
            lock (_idle)
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
        Worker? rested;
        lock (_idle)
        {
            // who worked last: its CPU still knows what it needs
            rested = _idle.LastOrDefault();
            if (rested is null)
            {
                _count++;
            }
            else
            {
                _idle.RemoveAt(_idle.Count - 1);
            }
        }

        if (rested is null)
        {
            NativeThread.StartDetached("kernel call", new Worker(this, call).Work);
        }
        else
        {
            rested.Wake(call);
        }
    }

#pragma warning disable CA1001 // its own thread frees the event when it ends
    sealed class Worker(KernelThreads all, Action first)
#pragma warning restore CA1001
    {
        readonly AutoResetEvent _wake = new(initialState: false);
        Action? _call = first;

        internal void Wake(Action call)
        {
            _call = call;
            _wake.Set();
        }

        internal void Work()
        {
            do
            {
                _call!();
                _call = null;
            }
            while (WaitForCall());
            _wake.Dispose();
        }

        /// <summary>False when there was no call for a while, and the thread is to end.</summary>
        bool WaitForCall()
        {
            lock (all._idle)
            {
                all._idle.Add(this);
            }

            if (_wake.WaitOne(IdleTime))
            {
                return true;
            }

            lock (all._idle)
            {
                if (all._idle.Remove(this))
                {
                    all._count--;
                    return false;
                }
            }

            _wake.WaitOne(); // somebody has just chosen this one
            return true;
        }
    }
}
