namespace Drover.Model;

/// <summary>
/// Runs many small machines, each drawn from a seed with its herd, its schedule and its faults, and checks after every event what must always hold. Seeds share
/// nothing; one seed is one run, on any machine and with any number of threads. Stateless.
/// </summary>
public static class Explorer
{
    /// <summary>Seeds that a thread takes at once: enough that taking them costs nothing, few enough that it soon sees a stop.</summary>
    const int SeedsAtOnce = 64;

    /// <summary>Runs that making one violation smaller may take.</summary>
    const int MostTries = 400;

    /// <summary>Explores; stops early, without an exception, when <paramref name="stop"/> is cancelled or violations enough are found.</summary>
    /// <param name="options">Which seeds.</param>
    /// <param name="progress">Is told now and then, by one thread at a time.</param>
    /// <param name="stop">Seeds that are being run are run to their end.</param>
    public static ExploreReport Run(ExploreOptions options, Action<ExploreProgress>? progress = null, CancellationToken stop = default)
    {
        if (options.Seeds < 1)
            throw new ArgumentException("at least one seed", nameof(options));
        var exploration = new Exploration(options, progress, stop);
        var threads = new Thread[options.Threads > 0 ? options.Threads : Environment.ProcessorCount];
        for (var i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(exploration.Work) { IsBackground = true, Name = "explore" };
            threads[i].Start();
        }
        foreach (var thread in threads)
            thread.Join();
        return exploration.Report();
    }

    /// <summary>The plan of a seed.</summary>
    internal static SchedulePlan PlanOf(ExploreOptions options, int seed)
    {
        var plan = PlanDraw.Of(seed);
        return plan with { Options = plan.Options with { Mutation = options.Mutation, KernelPort = options.KernelPort } };
    }

    /// <summary>The violation that a seed shows, made as small as it gets by leaving out one thing after another.</summary>
    internal static ExploreViolation Explain(ExploreOptions options, int seed)
    {
        var plan = PlanOf(options, seed);
        var breach = new ScheduleRun(plan, new Coverage()).Run()!.Value;
        for (var tries = 0; tries < MostTries;)
        {
            var found = false;
            foreach (var smaller in plan.Smaller())
            {
                if (++tries > MostTries)
                    break;
                if (new ScheduleRun(smaller, new Coverage()).Run() is not { } same || same.Invariant != breach.Invariant)
                    continue;
                (plan, breach, found) = (smaller, same, true);
                break;
            }
            if (!found)
                break;
        }
        var trace = new List<HerdEvent>();
        new ScheduleRun(plan, new Coverage(), trace).Run();
        return new ExploreViolation(seed, breach.Invariant, breach.What, plan.Describe(), trace);
    }

    /// <summary>What the threads of one exploration share; under its own lock.</summary>
    sealed class Exploration(ExploreOptions options, Action<ExploreProgress>? progress, CancellationToken stop)
    {
        readonly Lock _lock = new();
        readonly Coverage _coverage = new();
        readonly SortedSet<int> _violating = [];
        long _next, _done, _steps;

        public void Work()
        {
            var coverage = new Coverage();
            while (TryTake(out var first, out var count))
            {
                var steps = 0L;
                var violating = new List<int>();
                for (var i = 0; i < count; i++)
                {
                    var seed = unchecked((int)(options.FirstSeed + first + i));
                    var run = new ScheduleRun(PlanOf(options, seed), coverage);
                    if (run.Run() is not null)
                        violating.Add(seed);
                    steps += run.Steps;
                }
                Put(count, steps, violating);
            }
            lock (_lock)
                _coverage.Add(coverage);
        }

        public ExploreReport Report() => new()
        {
            Seeds = _done,
            Steps = _steps,
            Violations = [.. _violating.Take(options.MostViolations).Select(seed => Explain(options, seed))],
            Coverage = _coverage.ToDictionary(),
        };

        /// <summary>In the order of seeds: whatever is found, all before it has been run.</summary>
        bool TryTake(out long first, out long count)
        {
            lock (_lock)
            {
                first = _next;
                count = stop.IsCancellationRequested || _violating.Count >= options.MostViolations ? 0 : Math.Min(SeedsAtOnce, options.Seeds - _next);
                _next += count;
                return count > 0;
            }
        }

        void Put(long count, long steps, List<int> violating)
        {
            lock (_lock)
            {
                (_done, _steps) = (_done + count, _steps + steps);
                _violating.UnionWith(violating);
                progress?.Invoke(new ExploreProgress(_done, options.Seeds, _steps, _violating.Count));
            }
        }
    }
}
