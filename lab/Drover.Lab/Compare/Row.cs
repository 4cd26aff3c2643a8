using System.Text.Json.Serialization;
using Drover.Lab.Report;

namespace Drover.Lab.Compare;

/// <summary>The smallest, middle and largest of several runs.</summary>
sealed record Spread(double Minimum, double Median, double Maximum)
{
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        return new Spread(sorted[0], sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[^1]);
    }
}

/// <summary>All runs of one point, and how they stand to udev's and list's of the same kernel, gate and CPUs.</summary>
sealed record Row
{
    public required string Kernel { get; init; }

    public required string Gate { get; init; }

    public required int Cpus { get; init; }

    public required string Loader { get; init; }

    public required int Runs { get; init; }

    public required IReadOnlyDictionary<string, Spread> Calls { get; init; }

    public required Spread TotalCalls { get; init; }

    public required Spread Attempted { get; init; }

    public required Spread Live { get; init; }

    public required Spread Duplicates { get; init; }

    public required Spread WastedDuplicateBytes { get; init; }

    public required Spread ColdplugSeconds { get; init; }

    /// <summary>From the first event on; null for loaders that go without.</summary>
    public Spread? EventSeconds { get; init; }

    public required Spread ColdplugCpuSeconds { get; init; }

    public required Spread PeakMemoryBytes { get; init; }

    public required Spread StartMemoryBytes { get; init; }

    public required Spread LoaderMemoryBytes { get; init; }

    /// <summary>Median by median; null where that loader was not run.</summary>
    public double? ToUdev { get; init; }

    public double? ToList { get; init; }

    /// <summary>In how many runs everything was live that any run of udev's ended with; null where udev was not run.</summary>
    public int? RunsWithUdevsModules { get; init; }

    /// <summary>What was missing in at least one run.</summary>
    public IReadOnlyList<string> MissingOfUdevs { get; init; } = [];

    /// <summary>In how many runs everything was in /dev that all runs of udev's ended with; null where udev did not run beside.</summary>
    public int? RunsWithUdevsNodes { get; init; }

    /// <summary>What was missing of it in at least one run.</summary>
    public IReadOnlyList<string> MissingNodesOfUdevs { get; init; } = [];

    [JsonIgnore]
    public string Place => Kernel == Kernels.Gates ? $"{Kernel}/{Gate}" : Kernel;

    public static IReadOnlyList<Row> Of(IReadOnlyDictionary<Trial, RunReport> reports)
    {
        var points = reports.GroupBy(pair => pair.Key.Point).ToDictionary(group => group.Key, group => group.Select(pair => pair.Value).ToList());
        return points.Select(pair => Of(pair.Key, pair.Value, points))
            .OrderBy(row => Array.IndexOf(Kernels.All, row.Kernel)).ThenBy(row => row.Gate, StringComparer.Ordinal).ThenBy(row => row.Cpus).ThenBy(row => row.Loader, StringComparer.Ordinal)
            .ToList();
    }

    static Row Of(Point point, List<RunReport> runs, Dictionary<Point, List<RunReport>> points)
    {
        var seconds = Over(run => run.ColdplugSeconds);
        var udev = points.GetValueOrDefault(point with { Loader = Guest.Loader.Udev });
        var list = points.GetValueOrDefault(point with { Loader = Guest.Loader.List });
        var wanted = udev?.SelectMany(run => run.Live).ToHashSet(StringComparer.Ordinal);
        var nodes = point.Loader is Guest.Loader.Udev or Guest.Loader.Daemon ? udev?.Select(run => run.Nodes).Aggregate((all, next) => [.. all.Intersect(next, StringComparer.Ordinal)]) : null;

        return new Row
        {
            Kernel = point.Kernel,
            Gate = runs[0].Gate,
            Cpus = point.Cpus,
            Loader = runs[0].Loader,
            Runs = runs.Count,
            Calls = runs.SelectMany(run => run.Calls.Keys).Distinct().Order(StringComparer.Ordinal).ToDictionary(result => result, result => Over(run => run.Calls.GetValueOrDefault(result))),
            TotalCalls = Over(run => run.TotalCalls),
            Attempted = Over(run => run.Attempted.Count),
            Live = Over(run => run.Live.Count),
            Duplicates = Over(run => run.DuplicateCalls),
            WastedDuplicateBytes = Over(run => run.WastedDuplicateBytes),
            ColdplugSeconds = seconds,
            EventSeconds = runs.All(run => run.EventSeconds is not null) ? Over(run => run.EventSeconds ?? 0) : null,
            ColdplugCpuSeconds = Over(run => run.ColdplugCpuSeconds),
            PeakMemoryBytes = Over(run => run.PeakMemoryBytes),
            StartMemoryBytes = Over(run => run.StartMemoryBytes),
            LoaderMemoryBytes = Over(run => run.LoaderMemoryBytes),
            ToUdev = Ratio(udev),
            ToList = Ratio(list),
            RunsWithUdevsModules = wanted is null ? null : runs.Count(run => wanted.IsSubsetOf(run.Live)),
            MissingOfUdevs = wanted is null ? [] : runs.SelectMany(run => wanted.Except(run.Live)).Distinct().Order(StringComparer.Ordinal).ToList(),
            RunsWithUdevsNodes = nodes is null ? null : runs.Count(run => nodes.All(run.Nodes.Contains)),
            MissingNodesOfUdevs = nodes is null ? [] : runs.SelectMany(run => nodes.Except(run.Nodes)).Distinct().Order(StringComparer.Ordinal).ToList(),
        };

        Spread Over(Func<RunReport, double> value) => Spread.Of(runs.Select(value));

        double? Ratio(List<RunReport>? others) =>
            others is null ? null : seconds.Median / Spread.Of(others.Select(run => run.ColdplugSeconds)).Median;
    }
}
