using Drover.Model;
using Drover.Output;

namespace Drover.Verbs.Herd;

/// <summary>The engine, as <see cref="HerdRun.Run"/> is.</summary>
delegate HerdResult HerdEngine(HerdOptions options, IHerdObserver? observer, CancellationToken stop);

/// <summary>A run that has ended, and who loaded when, where somebody wants to see it. Immutable once the run has ended.</summary>
sealed record FinishedRun(HerdResult Result, HerdTimeline? Timeline);

/// <summary>Does the runs of a plan, some side by side, with a progress line. One owner.</summary>
sealed class HerdRuns(HerdEngine engine, Terminal terminal)
{
    /// <summary>A run of thousands of CPUs takes memory of hundreds of megabytes: more of them side by side are not worth it.</summary>
    public const int SideBySide = 2;

    static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(200);

    readonly ProgressLine _line = new(terminal, TimeProvider.System);

    /// <summary>Runs them all, unless stopped.</summary>
    /// <param name="timelines">Keep who loaded when.</param>
    /// <param name="trace">Where every event goes, a run after another; null for nowhere.</param>
    /// <returns>Those that came to their end, in the order of <paramref name="runs"/>.</returns>
    /// <exception cref="ScenarioException">The scenario contradicts itself.</exception>
    public List<FinishedRun> Run(IReadOnlyList<HerdOptions> runs, bool timelines, TextWriter? trace, CancellationToken stop)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var finished = new FinishedRun?[runs.Count];
        var started = 0;
        var ended = 0;
        void Work()
        {
            try
            {
                for (int run; !stopping.IsCancellationRequested && (run = Interlocked.Increment(ref started) - 1) < runs.Count;)
                {
                    finished[run] = One(runs[run], timelines, trace, stopping.Token);
                    Interlocked.Increment(ref ended);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // what is done is shown
            }
            catch
            {
                stopping.Cancel();
                throw;
            }
        }

        var workers = new Task[trace is null ? Math.Min(SideBySide, runs.Count) : 1];
        for (var i = 0; i < workers.Length; i++)
            workers[i] = Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var all = Task.WhenAll(workers);
        while (Task.WhenAny(all, Task.Delay(ProgressInterval, CancellationToken.None)).GetAwaiter().GetResult() != all)
            _line.Show(() => ProgressOf(runs, Volatile.Read(ref started), Volatile.Read(ref ended)));
        _line.Clear();
        all.GetAwaiter().GetResult();
        return [.. finished.OfType<FinishedRun>()];
    }

    FinishedRun One(HerdOptions options, bool timelines, TextWriter? trace, CancellationToken stop)
    {
        var timeline = timelines ? new HerdTimeline() : null;
        if (trace is null)
            return new FinishedRun(engine(options, timeline, stop), timeline);
        trace.WriteLine($"# {HerdNames.TitleOf(options)}");
        var result = engine(options, new TraceWriter(trace, timeline), stop);
        trace.WriteLine();
        return new FinishedRun(result, timeline);
    }

    static string ProgressOf(IReadOnlyList<HerdOptions> runs, int started, int ended) =>
        $"{ended} of {runs.Count} runs done; now {HerdNames.TitleOf(runs[Math.Clamp(started - 1, 0, runs.Count - 1)])}";
}
