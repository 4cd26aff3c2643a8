using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Drover.Lab.Report;

namespace Drover.Lab.Compare;

/// <summary>Runs the trials of a comparison in their order, saves each report as it comes, and says how far it is.</summary>
sealed class Comparison(Laboratory laboratory, string folder, RunSettings settings, string? binarySha256, Action<string> say)
{
    readonly ConcurrentQueue<Trial> _waiting = new();
    readonly ConcurrentDictionary<Trial, RunReport> _reports = new();
    readonly ConcurrentBag<(Point Point, double Seconds)> _durations = [];
    readonly ConcurrentBag<string> _failures = [];

    public IReadOnlyDictionary<Trial, RunReport> Reports => _reports;

    public IReadOnlyCollection<string> Failures => _failures;

    public async Task RunAsync(IReadOnlyList<Trial> trials, bool resume, int parallel, CancellationToken stop)
    {
        foreach (var trial in trials)
            if (resume && Saved(trial) is { } report)
                _reports[trial] = report;
            else
                _waiting.Enqueue(trial);
        if (resume)
            say($"{_reports.Count} of {trials.Count} runs are there already");

        // one after the other, before the clock of the estimate runs
        foreach (var kernel in _waiting.Select(trial => trial.Point.Kernel).Distinct())
            await laboratory.PrepareAsync(kernel, stop);
        await Task.WhenAll(Enumerable.Range(0, parallel).Select(_ => WorkAsync(trials.Count, parallel, stop)));
    }

    async Task WorkAsync(int total, int parallel, CancellationToken stop)
    {
        while (_waiting.TryDequeue(out var trial))
        {
            var clock = Stopwatch.StartNew();
            string outcome;
            try
            {
                var report = await laboratory.RunAsync(trial.Point, stop);
                report.Write(Path.Combine(folder, trial.FileName));
                _reports[trial] = report;
                _durations.Add((trial.Point, clock.Elapsed.TotalSeconds));
                outcome = $"{report.ColdplugSeconds:F2} s, calls {ReportText.Results(report.Calls)}{(report.LoaderStatus == 0 ? "" : $", the loader's status was {report.LoaderStatus}")}";
            }
            catch (LabException problem) when (problem.ExitCode == LabException.Failed)
            {
                _failures.Add($"{trial.Point}, run {trial.Run}: {problem.Message}");
                outcome = $"failed: {problem.Message}";
            }
            say($"{_reports.Count + _failures.Count} of {total}  {trial.Point}, run {trial.Run}: {outcome}{Remaining(parallel)}");
        }
    }

    /// <summary>What is left, by what runs of the same point took, or runs at all.</summary>
    string Remaining(int parallel)
    {
        var (left, known) = (_waiting.ToArray(), _durations.ToArray());
        if (left.Length == 0 || known.Length == 0)
            return "";
        var mean = known.Average(item => item.Seconds);
        var byPoint = known.GroupBy(item => item.Point).ToDictionary(group => group.Key, group => group.Average(item => item.Seconds));
        var seconds = left.Sum(trial => byPoint.GetValueOrDefault(trial.Point, mean)) / parallel;
        return $" (about {Math.Max(1, Math.Round(seconds / 60)):F0} min left)";
    }

    RunReport? Saved(Trial trial)
    {
        var file = Path.Combine(folder, trial.FileName);
        if (!File.Exists(file))
            return null;
        try
        {
            var report = RunReport.Read(file);
            return trial.IsAnsweredBy(report, settings, binarySha256) ? report : null;
        }
        catch (JsonException)
        {
            return null; // of an older lab: run it again
        }
    }
}
