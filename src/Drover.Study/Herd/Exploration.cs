using Drover.Model.Explore;

namespace Drover.Study.Herd;

/// <summary><c>drover herd --explore</c>: random machines, schedules and faults, with every event checked.</summary>
static class Exploration
{
    public static readonly Option Explore = new(
        "explore", "check every event of N random small machines, schedules and faults; --seed is the first", "N",
        Kind: ValueKind.Count);

    const int MaxTraceLines = 60; // the last lines of a trace, which led to the violation

    /// <returns>The exit status: failure if an invariant was violated or the exploration was interrupted.</returns>
    public static int Run(Arguments arguments, Terminal terminal)
    {
        var options = new ExploreOptions
        {
            FirstSeed = arguments.Count(HerdArguments.Seed) ?? 1,
            Seeds = arguments.Count(Explore)!.Value,
        };
        using var interrupt = new Interrupt();
        var line = new ProgressLine(terminal, TimeProvider.System);
        var start = TimeProvider.System.GetTimestamp();
        var report = Explorer.Run(options, progress => line.Show(() => ProgressOf(progress)), interrupt.Token);
        line.Clear();
        var seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;

        var output = terminal.Out;
        foreach (var violation in report.Violations)
            Print(violation, output);
        var found = report.Violations.Count == 0 ? "no violation" : $"{report.Violations.Count} violations";
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Seeds:N0} schedules from seed {options.FirstSeed}, {report.Steps:N0} steps in {seconds:0.0} s: ")
            + found);
        output.WriteLine("coverage:");
        foreach (var (name, times) in report.Coverage.OrderBy(covered => covered.Key, StringComparer.Ordinal))
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name}: {times:N0}"));
        if (report.Violations.Count == 0 && report.Seeds < options.Seeds)
            terminal.Warn($"herd: interrupted: {report.Seeds} of {options.Seeds} schedules are done");
        return report.Violations.Count == 0 && report.Seeds == options.Seeds ? ExitCode.Ok : ExitCode.Failure;
    }

    static string ProgressOf(ExploreProgress progress) => string.Create(
        CultureInfo.InvariantCulture,
        $"{progress.Done:N0} of {progress.Seeds:N0} schedules, {progress.Violations} violations ");

    static void Print(ExploreViolation violation, TextWriter writer)
    {
        writer.WriteLine($"seed {violation.Seed} violates {violation.Invariant}: {violation.What}");
        foreach (var part in violation.Schedule)
            writer.WriteLine($"  {part}");
        var left = violation.Trace.Count - MaxTraceLines;
        writer.WriteLine(left > 0 ? $"  trace, without its first {left} events:" : "  trace:");
        foreach (var happened in violation.Trace.Skip(left))
            writer.WriteLine($"  {TraceWriter.LineOf(happened)}");
        writer.WriteLine($"  replay: {violation.Replay}");
        writer.WriteLine();
    }
}
