using System.Diagnostics;
using Drover.Kernel;

namespace Drover.Linux.Runtime;

/// <summary>Threads for calls that block: one thread per call in flight, created on demand and kept for a while when
/// idle. There is no limit here, because the callers have one (the loader bounds its loads), and a call that waits for
/// another process must never delay the call that this process waits for. A call is never interrupted; the threads do
/// not keep the process alive. Safe for any thread.</summary>
public sealed class KernelThreads(EventLoop loop)
{
    /// <summary>More than between two calls of a coldplug; creating a thread takes some 50 µs.</summary>
    static readonly TimeSpan s_idleTime = TimeSpan.FromSeconds(5);

    // Queued for threads that are idle; the lock of the two counts.
    readonly Queue<Func<Action>> _calls = new();
    int _idle, _count;

    /// <summary>Threads that exist now, busy or idle.</summary>
    internal int Count
    {
        get
        {
            lock (_calls)
                return _count;
        }
    }

    /// <summary>Starts a thread by name; null if the system has none left. For tests.</summary>
    internal Func<string, Action, Thread?> StartThread { get; init; } = BackgroundThread.TryStart;

    /// <summary>Runs a blocking call on another thread; the task completes, or throws, on the loop.</summary>
    /// <param name="noThread">The result if the system has no thread left for it (pthread_create: EAGAIN).</param>
    public Task<T> Run<T>(Func<T> call, T noThread) =>
        TryRun(call, out var result) ? result : Task.FromResult(noThread);

    /// <summary>As <see cref="Run{T}"/>, and tries again where the system has no thread left
    /// (<see cref="Shortage"/>).</summary>
    public async Task<T> RunWithRetryAsync<T>(Func<T> call, T noThread)
    {
        for (var tries = 1; ; tries++)
        {
            if (TryRun(call, out var result))
                return await result;
            if (tries == Shortage.Tries)
                return noThread;
            await loop.Delay(Shortage.PauseAfter(tries));
        }
    }

    /// <summary>As <see cref="Run{T}"/>; false if the system has no thread left.</summary>
    internal bool TryRun<T>(Func<T> call, out Task<T> result)
    {
        var done = new TaskCompletionSource<T>();
        result = done.Task;
        return TryStart(() =>
        {
            try
            {
                var value = call();
                return () => done.SetResult(value);
            }
#pragma warning disable CA1031 // the exception belongs to the awaiter of the call
            catch (Exception e)
#pragma warning restore CA1031
            {
                return () => done.SetException(e);
            }
        });
    }

    /// <param name="call">Makes the call and returns the action to run on the loop.</param>
    bool TryStart(Func<Action> call)
    {
        lock (_calls)
        {
            AssertCounts();
            if (_idle > _calls.Count)
            {
                _calls.Enqueue(call);
                Monitor.Pulse(_calls);
                return true;
            }
            _count++;
            AssertCounts();
        }
        if (StartThread("kernel call", () => Work(call)) is not null)
            return true;
        lock (_calls)
        {
            _count--;
            AssertCounts();
        }
        return false;
    }

    void Work(Func<Action> first)
    {
        for (var call = first; call is not null; call = WaitForCall())
        {
            var completed = call();
            // Idle before the loop continues: the next call may follow at once.
            lock (_calls)
            {
                _idle++;
                AssertCounts();
            }
            loop.Post(completed);
        }
    }

    /// <summary>The next call for this thread, or null when it has been idle for long enough and is to end.</summary>
    Func<Action>? WaitForCall()
    {
        lock (_calls)
        {
            var timedOut = false;
            while (_calls.Count == 0 && !timedOut)
                timedOut = !Monitor.Wait(_calls, s_idleTime);
            var hasCall = _calls.TryDequeue(out var call);
            _idle--;
            if (!hasCall)
                _count--;
            AssertCounts();
            return call;
        }
    }

    [Conditional("DEBUG")]
    void AssertCounts()
    {
        Debug.Assert(_idle >= 0 && _idle <= _count, "an idle thread is one of those that exist");
        Debug.Assert(_calls.Count <= _idle, "a call is queued only for an idle thread");
    }
}
