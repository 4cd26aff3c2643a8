using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Drover.Kernel;

/// <summary>Runs jobs on threads of its own.</summary>
public static class Workers
{
    /// <summary>Runs each job once, started in order, also on this thread; rethrows the first exception. Where the
    /// system has no thread left, fewer threads do the same jobs.</summary>
    /// <param name="makeJob">Returns, for each thread, the delegate that runs a job by its number.</param>
    /// <param name="stop">Cancelled after the first exception; null for none.</param>
    public static void Run(int threads, int jobs, Func<Action<int>> makeJob, CancellationTokenSource? stop = null)
    {
        ArgumentNullException.ThrowIfNull(makeJob);
        var next = -1;
        Exception? failure = null;
        var others = new List<Thread>();
        while (others.Count < Math.Min(threads, jobs) - 1
            && TryStart(new Thread(Work) { IsBackground = true }) is { } other)
        {
            others.Add(other);
        }
        Work();
        foreach (var thread in others)
            thread.Join();
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        Debug.Assert(next >= jobs - 1, "all jobs are done");

        void Work()
        {
            try
            {
                var job = makeJob();
                var number = Interlocked.Increment(ref next);
                for (; number < jobs && Volatile.Read(ref failure) is null; number = Interlocked.Increment(ref next))
                    job(number);
            }
#pragma warning disable CA1031 // rethrown by the calling thread
            catch (Exception problem)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref failure, problem, null);
                stop?.Cancel();
            }
        }
    }

    /// <summary>Starts a thread; null if the system has none left (pthread_create: EAGAIN).</summary>
    public static Thread? TryStart(Thread thread)
    {
        ArgumentNullException.ThrowIfNull(thread);
        try
        {
            thread.Start();
            return thread;
        }
        catch (Exception noThread) when (noThread is OutOfMemoryException or ThreadStartException)
        {
            return null;
        }
    }
}
