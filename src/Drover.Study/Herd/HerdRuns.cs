using System.Diagnostics;
using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;

namespace Drover.Study.Herd;

/// <summary>Does one run; <see cref="HerdRun.Run"/>, or a test's replacement.</summary>
delegate HerdResult HerdEngine(HerdOptions options, IModelObserver? observer, CancellationToken cancellationToken);

/// <param name="Timeline">Null unless requested.</param>
sealed record FinishedRun(HerdResult Result, HerdTimeline? Timeline);

/// <summary>Does runs in parallel, with a progress line.</summary>
sealed class HerdRuns(HerdEngine engine, Terminal terminal)
{
    public const int MaxParallel = 2; // a run with thousands of CPUs takes hundreds of megabytes

    static readonly TimeSpan s_progressInterval = TimeSpan.FromMilliseconds(200);

    /// <param name="timelines">Keep the timeline of each run.</param>
    /// <param name="trace">Gets every event, one run after another; null for no trace.</param>
    /// <returns>The runs that completed before the cancellation, in the order of <paramref name="runs"/>.</returns>
    /// <exception cref="ScenarioException">The scenario contradicts itself.</exception>
    public async Task<List<FinishedRun>> RunAsync(
        IReadOnlyList<HerdOptions> runs, bool timelines, TextWriter? trace, CancellationToken cancellationToken)
    {
        var finished = new FinishedRun?[runs.Count];
        var (started, ended) = (0, 0);
        var options = new ParallelOptions
        {
            MaxDegreeOfParallelism = trace is null ? MaxParallel : 1,
            CancellationToken = cancellationToken,
        };
        var all = Parallel.ForAsync(0, runs.Count, options, (run, stop) =>
        {
            Interlocked.Increment(ref started);
            finished[run] = Run(runs[run], timelines, trace, stop);
            Interlocked.Increment(ref ended);
            return ValueTask.CompletedTask;
        });
        var line = new ProgressLine(terminal, TimeProvider.System);
        while (await Task.WhenAny(all, Task.Delay(s_progressInterval, CancellationToken.None)) != all)
        {
            var latest = runs[Math.Clamp(Volatile.Read(ref started) - 1, 0, runs.Count - 1)];
            line.Show(() => $"{Volatile.Read(ref ended)} of {runs.Count} runs done; now {HerdNames.TitleOf(latest)}");
        }
        line.Clear();
        try
        {
            await all;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // the finished runs are the result
        }
        Debug.Assert(cancellationToken.IsCancellationRequested || ended == runs.Count, "all runs completed");
        return [.. finished.OfType<FinishedRun>()];
    }

    FinishedRun Run(HerdOptions options, bool timelines, TextWriter? trace, CancellationToken cancellationToken)
    {
        var timeline = timelines ? new HerdTimeline() : null;
        if (trace is null)
            return new FinishedRun(engine(options, timeline, cancellationToken), timeline);
        trace.WriteLine($"# {HerdNames.TitleOf(options)}");
        var result = engine(options, new TraceWriter(trace, timeline), cancellationToken);
        trace.WriteLine();
        return new FinishedRun(result, timeline);
    }
}
