using System.Runtime.InteropServices;
using Drover.Model.Kernel;

namespace Drover.Model.Explore;

/// <summary>Runs many small machines, each with a loader, a schedule and faults drawn from a seed, and checks
/// the invariants after every step. Seeds share nothing; a seed gives the same run on any machine, with any
/// number of threads.</summary>
public static class Explorer
{
    /// <summary>Seeds that a thread takes at once, so that the lock costs little and cancellation is prompt.</summary>
    const int SeedsAtOnce = 64;

    const int MaxTries = 400; // runs spent on making one violation smaller

    /// <summary>Explores; ends early, without an exception, on cancellation or after enough violations.</summary>
    /// <param name="progress">Called now and then, by one thread at a time.</param>
    /// <param name="cancellationToken">Seeds that have begun are run to their end.</param>
    public static ExploreReport Run(
        ExploreOptions options, Action<ExploreProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        if (options.Seeds < 1)
            throw new ArgumentException("at least one seed", nameof(options));
        var exploration = new Exploration(options, progress, cancellationToken);
        var threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        Workers.Run(threads, threads, () => _ => exploration.Work());
        return exploration.Report();
    }

    internal static SchedulePlan PlanOf(ExploreOptions options, int seed)
    {
        var plan = PlanDraw.Of(seed);
        return plan with { Options = plan.Options with { Parts = options.Parts } };
    }

    /// <summary>The violation of a seed, made small by leaving out one thing after another.</summary>
    internal static ExploreViolation Explain(ExploreOptions options, int seed)
    {
        var plan = PlanOf(options, seed);
        var breach = new ScheduleRun(plan, new Coverage()).Run()!.Value;
        for (var tries = 0; tries < MaxTries;)
        {
            var found = false;
            foreach (var smaller in plan.Smaller())
            {
                if (++tries > MaxTries)
                    break;
                var same = new ScheduleRun(smaller, new Coverage()).Run();
                if (same?.Invariant != breach.Invariant)
                    continue;
                (plan, breach, found) = (smaller, same.Value, true);
                break;
            }
            if (!found)
                break;
        }
        var trace = new List<ModelEvent>();
        new ScheduleRun(plan, new Coverage(), trace).Run();
        return new ExploreViolation(seed, breach.Invariant, breach.What, plan.Describe(), trace);
    }

    /// <summary>The state that the threads of one exploration share, under a lock.</summary>
    sealed class Exploration(
        ExploreOptions options, Action<ExploreProgress>? progress, CancellationToken cancellationToken)
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
            Violations = [.. _violating.Take(options.MaxViolations).Select(seed => Explain(options, seed))],
            Coverage = _coverage.ToDictionary(),
        };

        /// <summary>Takes the next seeds, in order: all seeds before a violation are run.</summary>
        bool TryTake(out long first, out long count)
        {
            lock (_lock)
            {
                first = _next;
                var isOver = cancellationToken.IsCancellationRequested || _violating.Count >= options.MaxViolations;
                count = isOver ? 0 : Math.Min(SeedsAtOnce, options.Seeds - _next);
                _next += count;
                Debug.Assert(_next <= options.Seeds, "no seed is taken twice");
                return count > 0;
            }
        }

        void Put(long count, long steps, List<int> violating)
        {
            lock (_lock)
            {
                (_done, _steps) = (_done + count, _steps + steps);
                Debug.Assert(_done <= _next, "seeds are taken before they are run");
                _violating.UnionWith(violating);
                progress?.Invoke(new ExploreProgress(_done, options.Seeds, _steps, _violating.Count));
            }
        }
    }
}

/// <summary>How often each case occurred. For one thread; merged at the end.</summary>
sealed class Coverage
{
    readonly Dictionary<string, long> _counts = [];

    public void Count(string what, long times = 1) =>
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, what, out _) += times;

    public void Add(Coverage other)
    {
        foreach (var (what, times) in other._counts)
            Count(what, times);
    }

    public IReadOnlyDictionary<string, long> ToDictionary() =>
        new SortedDictionary<string, long>(_counts, StringComparer.Ordinal);
}
