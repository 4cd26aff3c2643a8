using System.Collections.Concurrent;
using System.Diagnostics;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;

namespace Drover.Lab.Compare;

/// <summary>One run of a comparison: a point and the number of its repetition, from 1.</summary>
sealed record Trial(Point Point, int Run)
{
    public string FileName =>
        $"{Point.System.FileName}-{Point.Gate.OptionName()}-c{Point.Cpus}-{Point.Loader.OptionName()}-r{Run}.json";

    /// <summary>Round after round over all points (A B C, A B C, …): a machine that becomes slower affects all loaders
    /// alike. udev comes first in a round: its modules are the others' measure and list's input.</summary>
    public static IReadOnlyList<Trial> Plan(
        IReadOnlyList<GuestSystem> systems, IReadOnlyList<Gate> gates, IReadOnlyList<int> cpus,
        IReadOnlyList<GuestLoader> loaders, int runs)
    {
        var points =
            from system in systems
            from gate in system.IsGates ? gates : [system.KernelGate]
            from count in cpus
            from loader in loaders.OrderBy(loader => loader != GuestLoader.Udev)
            select new Point(system, gate, count, loader);
        var ordered = points.Distinct().ToList();
        return Enumerable.Range(1, runs).SelectMany(run => ordered.Select(point => new Trial(point, run))).ToList();
    }

    /// <summary>Whether a saved report is of this trial, with the same machine and the same drover binary.</summary>
    public bool Matches(RunReport report, RunSettings settings, string? binarySha256) =>
        report.Kernel == Point.System.ToString() && report.Memory == settings.Memory && report.Cpus == Point.Cpus
        && report.Clock == settings.Clock.OptionName() && report.Threads == settings.Threads.OptionName()
        && report.Seed == Run
        && report.Gate == Point.Gate.OptionName() && report.Loader == Point.Loader.OptionName()
        && report.BinarySha256 == binarySha256;
}

sealed class Comparison(
    Laboratory laboratory, string folder, RunSettings settings, Action<string> log)
{
    readonly Dictionary<GuestSystem, string> _binaries = []; // hashes
    readonly ConcurrentQueue<Trial> _waiting = new();
    readonly ConcurrentDictionary<Trial, RunReport> _reports = new();
    readonly ConcurrentBag<(Point Point, double Seconds)> _durations = [];
    readonly ConcurrentBag<string> _failures = [];

    public IReadOnlyDictionary<Trial, RunReport> Reports => _reports;
    public IReadOnlyCollection<string> Failures => _failures;

    public async Task RunAsync(IReadOnlyList<Trial> trials, bool resume, int parallel)
    {
        // a missing program is an error before the first run
        var points = trials.Select(trial => trial.Point).Where(point => point.UsesDrover);
        foreach (var system in points.Select(point => point.System).Distinct())
            _binaries[system] = Laboratory.HashOf(settings.DroverFor(system));
        foreach (var trial in trials)
        {
            if (resume && Saved(trial) is { } report)
                _reports[trial] = report;
            else
                _waiting.Enqueue(trial);
        }
        Debug.Assert(_reports.Count + _waiting.Count == trials.Count, "every trial is saved or waits");
        if (resume)
            log($"{_reports.Count} of {trials.Count} reports exist");

        // sequentially, before the durations for the estimate are taken
        foreach (var system in _waiting.Select(trial => trial.Point.System).Distinct())
            await laboratory.PrepareAsync(system);
        await Task.WhenAll(Enumerable.Range(0, parallel).Select(_ => WorkAsync(trials.Count, parallel)));
    }

    async Task WorkAsync(int total, int parallel)
    {
        while (_waiting.TryDequeue(out var trial))
        {
            var start = Stopwatch.GetTimestamp();
            string outcome;
            try
            {
                var report = await laboratory.RunAsync(trial.Point, trial.Run);
                ReportFile.Write(Path.Combine(folder, trial.FileName), report);
                _reports[trial] = report;
                _durations.Add((trial.Point, Stopwatch.GetElapsedTime(start).TotalSeconds));
                var status = report.LoaderStatus == 0 ? "" : $", the loader's status was {report.LoaderStatus}";
                outcome = $"{report.ColdplugSeconds:F2} s, calls {RunReportText.Results(report.Calls)}{status}";
            }
            catch (LabException problem) when (problem.ExitCode == LabException.FailedCode)
            {
                _failures.Add($"{trial.Point}, run {trial.Run}: {problem.Message}");
                outcome = $"failed: {problem.Message}";
            }
            var done = _reports.Count + _failures.Count;
            Debug.Assert(done <= total, "every trial ends once");
            log($"{done} of {total}  {trial.Point}, run {trial.Run}: {outcome}{Remaining(parallel)}");
        }
    }

    /// <summary>An estimate from the mean duration of each point's runs, or of all runs.</summary>
    string Remaining(int parallel)
    {
        var (left, known) = (_waiting.ToArray(), _durations.ToArray());
        if (left.Length == 0 || known.Length == 0)
            return "";
        var mean = known.Average(item => item.Seconds);
        var byPoint = known.GroupBy(item => item.Point)
            .ToDictionary(group => group.Key, group => group.Average(item => item.Seconds));
        var seconds = left.Sum(trial => byPoint.GetValueOrDefault(trial.Point, mean)) / parallel;
        return $" (about {Math.Max(1, Math.Round(seconds / 60)):F0} min left)";
    }

    RunReport? Saved(Trial trial) =>
        ReportFile.ReadIfPresent<RunReport>(Path.Combine(folder, trial.FileName)) is { } report
        && trial.Matches(report, settings, trial.Point.UsesDrover ? _binaries[trial.Point.System] : null)
            ? report
            : null;
}
