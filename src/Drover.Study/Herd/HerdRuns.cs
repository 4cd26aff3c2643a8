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

    /// <param name="timelines">Keep the timeline of each run.</param>
    /// <param name="trace">Gets every event, one run after another; null for no trace.</param>
    /// <returns>The runs that completed before the cancellation, in the order of <paramref name="runs"/>.</returns>
    /// <exception cref="ScenarioException">The scenario contradicts itself.</exception>
    public List<FinishedRun> Run(
        IReadOnlyList<HerdOptions> runs, bool timelines, TextWriter? trace, CancellationToken cancellationToken)
    {
        var finished = new FinishedRun?[runs.Count];
        var ended = 0;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var line = new ProgressLine(terminal, TimeProvider.System);
        try
        {
            Workers.Run(trace is null ? MaxParallel : 1, runs.Count, () => run =>
            {
                stop.Token.ThrowIfCancellationRequested();
                lock (finished)
                    line.Show(() => $"{ended} of {runs.Count} runs done; now {HerdNames.TitleOf(runs[run])}");
                finished[run] = Run(runs[run], timelines, trace, stop.Token);
                lock (finished)
                    ended++;
            }, stop);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // the finished runs are the result
        }
        finally
        {
            line.Clear();
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
