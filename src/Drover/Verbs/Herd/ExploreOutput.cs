using System.Globalization;
using Drover.Cli;
using Drover.Model;
using Drover.Output;

namespace Drover.Verbs.Herd;

/// <summary><c>drover herd --explore</c>: random machines, schedules and faults, every event of them checked.</summary>
static class ExploreOutput
{
    public static readonly Option Explore = new("explore", "run N random small machines with random schedules and faults, and check every event; --seed is the first", "N", Kind: ValueKind.Count);

    /// <summary>The end of a trace that is shown: what led to the violation.</summary>
    const int MostTraceLines = 60;

    /// <returns>The exit status: failure where something was violated, or it was interrupted.</returns>
    public static int Run(Arguments arguments, Terminal terminal)
    {
        var options = new ExploreOptions { FirstSeed = arguments.Count(HerdPlan.Seed) ?? 1, Seeds = arguments.Count(Explore)!.Value };
        using var interrupt = new Interrupt();
        var line = new ProgressLine(terminal, TimeProvider.System);
        var began = TimeProvider.System.GetTimestamp();
        var report = Explorer.Run(options, progress => line.Show(() => ProgressOf(progress)), interrupt.Stop);
        line.Clear();
        var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;

        foreach (var violation in report.Violations)
            Print(violation, terminal.Out);
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Seeds:N0} schedules from seed {options.FirstSeed}, {report.Steps:N0} steps in {seconds:0.0} s: {(report.Violations.Count == 0 ? "no violation" : $"{report.Violations.Count} violations")}"));
        terminal.Out.WriteLine("what came up:");
        foreach (var (what, times) in report.Coverage.OrderBy(covered => covered.Key, StringComparer.Ordinal))
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what}: {times:N0}"));
        if (report.Violations.Count == 0 && report.Seeds < options.Seeds)
            terminal.Complain($"herd: interrupted: {report.Seeds} of {options.Seeds} schedules are done");
        return report.Violations.Count == 0 && report.Seeds == options.Seeds ? ExitCode.Ok : ExitCode.Failure;
    }

    static string ProgressOf(ExploreProgress progress) =>
        string.Create(CultureInfo.InvariantCulture, $"{progress.Done:N0} of {progress.Seeds:N0} schedules, {progress.Violations} violations ");

    static void Print(ExploreViolation violation, TextWriter writer)
    {
        writer.WriteLine($"seed {violation.Seed} violates {violation.Invariant}: {violation.What}");
        foreach (var part in violation.Schedule)
            writer.WriteLine($"  {part}");
        var left = violation.Trace.Count - MostTraceLines;
        writer.WriteLine(left > 0 ? $"  the trace up to there, without its first {left} events:" : "  the trace up to there:");
        foreach (var happened in violation.Trace.Skip(left))
            writer.WriteLine($"  {TraceWriter.LineOf(happened)}");
        writer.WriteLine($"  again: {violation.Replay}");
        writer.WriteLine();
    }
}
