using System.Runtime.ExceptionServices;

namespace Drover.Modules.Depmod;

/// <summary>Work shared among threads of its own. Stateless.</summary>
internal static class Workers
{
    /// <summary>Runs all jobs, each once, begun in their order; the calling thread is one of the threads. What the first failing job threw is thrown.</summary>
    /// <param name="threads">Most threads.</param>
    /// <param name="jobs">How many jobs there are.</param>
    /// <param name="makeJob">Gives a thread what does its jobs, by their number.</param>
    public static void Run(int threads, int jobs, Func<Action<int>> makeJob)
    {
        var next = -1;
        Exception? failure = null;
        var others = new Thread[Math.Max(0, Math.Min(threads, jobs) - 1)];
        for (var i = 0; i < others.Length; i++)
        {
            others[i] = new Thread(Work);
            others[i].Start();
        }
        Work();
        foreach (var thread in others)
            thread.Join();
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);

        void Work()
        {
            try
            {
                var job = makeJob();
                for (int number; (number = Interlocked.Increment(ref next)) < jobs && Volatile.Read(ref failure) is null;)
                    job(number);
            }
#pragma warning disable CA1031 // thrown again by whoever waits
            catch (Exception problem)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref failure, problem, null);
            }
        }
    }
}
