using System.Text;
using System.Text.Json.Serialization;
using Drover.Lab.Guest;
using Drover.Lab.Runs;

namespace Drover.Lab.Compare;

sealed record Spread(double Minimum, double Median, double Maximum)
{
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        var median = sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new(sorted[0], median, sorted[^1]);
    }
}

/// <summary>All runs of one point, against udev and list at the same kernel, gate and CPUs.</summary>
/// <param name="EventSeconds">From the first event on; null for loaders without events.</param>
/// <param name="ToUdev">Ratio of the medians of ColdplugSeconds; null if udev was not run.</param>
/// <param name="ToList">The same with list.</param>
/// <param name="RunsWithUdevsModules">Runs with all modules live that any udev run had; null without udev.</param>
/// <param name="MissingOfUdevs">The modules missing in at least one run.</param>
/// <param name="RunsWithUdevsNodes">Runs with all entries of /dev that every udev run had; null without udev.</param>
/// <param name="MissingNodesOfUdevs">The entries missing in at least one run.</param>
sealed record CompareRow(
    string Kernel, string Gate, int Cpus, string Loader, int Runs, IReadOnlyDictionary<string, Spread> Calls,
    Spread TotalCalls, Spread Attempted, Spread Live, Spread Duplicates, Spread WastedDuplicateBytes,
    Spread ColdplugSeconds, Spread? EventSeconds, Spread ColdplugCpuSeconds, Spread PeakMemoryBytes,
    Spread StartMemoryBytes, Spread LoaderMemoryBytes, double? ToUdev, double? ToList, int? RunsWithUdevsModules,
    IReadOnlyList<string> MissingOfUdevs, int? RunsWithUdevsNodes, IReadOnlyList<string> MissingNodesOfUdevs)
{
    [JsonIgnore]
    public required string Place { get; init; }

    /// <summary>Executed in the guest during the coldplug; null on the host's clock.</summary>
    public Spread? Instructions { get; init; }

    public static IReadOnlyList<CompareRow> Of(IReadOnlyDictionary<Trial, RunReport> reports)
    {
        var points = reports.GroupBy(pair => pair.Key.Point, pair => pair.Value)
            .ToDictionary(group => group.Key, group => group.ToList());
        return points.OrderBy(pair => pair.Key.System.Order).ThenBy(pair => pair.Key.Gate)
            .ThenBy(pair => pair.Key.Cpus).ThenBy(pair => pair.Key.Loader)
            .Select(pair => Of(pair.Key, pair.Value, points)).ToList();
    }

    static CompareRow Of(Point point, List<RunReport> runs, Dictionary<Point, List<RunReport>> points)
    {
        var seconds = Over(run => run.ColdplugSeconds);
        var udev = points.GetValueOrDefault(point with { Loader = GuestLoader.Udev });
        var list = points.GetValueOrDefault(point with { Loader = GuestLoader.List });
        var modules = udev?.SelectMany(run => run.Live).ToHashSet(StringComparer.Ordinal);
        var nodes = point.Loader is GuestLoader.Udev or GuestLoader.Daemon
            ? udev?.Select(run => run.Nodes).Aggregate((all, next) => [.. all.Intersect(next, StringComparer.Ordinal)])
            : null;

        return new(
            Kernel: point.System.ToString(), Gate: runs[0].Gate, Cpus: point.Cpus, Loader: runs[0].Loader,
            Runs: runs.Count,
            Calls: runs.SelectMany(run => run.Calls.Keys).Distinct().Order(StringComparer.Ordinal)
                .ToDictionary(result => result, result => Over(run => run.Calls.GetValueOrDefault(result))),
            TotalCalls: Over(run => run.TotalCalls), Attempted: Over(run => run.Attempted.Count),
            Live: Over(run => run.Live.Count), Duplicates: Over(run => run.DuplicateCalls),
            WastedDuplicateBytes: Over(run => run.WastedDuplicateBytes), ColdplugSeconds: seconds,
            EventSeconds: runs.All(run => run.EventSeconds is not null) ? Over(run => run.EventSeconds ?? 0) : null,
            ColdplugCpuSeconds: Over(run => run.ColdplugCpuSeconds), PeakMemoryBytes: Over(run => run.PeakMemoryBytes),
            StartMemoryBytes: Over(run => run.StartMemoryBytes), LoaderMemoryBytes: Over(run => run.LoaderMemoryBytes),
            ToUdev: Ratio(udev), ToList: Ratio(list),
            RunsWithUdevsModules: modules is null ? null : runs.Count(run => modules.IsSubsetOf(run.Live)),
            MissingOfUdevs: Missing(modules, run => run.Live),
            RunsWithUdevsNodes: nodes is null ? null : runs.Count(run => nodes.All(run.Nodes.Contains)),
            MissingNodesOfUdevs: Missing(nodes, run => run.Nodes))
        {
            Place = point.Place,
            Instructions = runs.All(run => run.Instructions is not null)
                ? Over(run => run.Instructions!.Total)
                : null,
        };

        Spread Over(Func<RunReport, double> value) => Spread.Of(runs.Select(value));

        double? Ratio(List<RunReport>? others) =>
            others is null ? null : seconds.Median / Spread.Of(others.Select(run => run.ColdplugSeconds)).Median;

        List<string> Missing(IEnumerable<string>? expected, Func<RunReport, IEnumerable<string>> actual) =>
            [.. runs.SelectMany(run => (expected ?? []).Except(actual(run))).Distinct().Order(StringComparer.Ordinal)];
    }
}

/// <summary>Rows as a Markdown table. "a…b" is the minimum and the maximum of the runs.</summary>
static class CompareTable
{
    static readonly string[] s_head =
    [
        "system", "CPUs", "loader", "runs", "calls", "by result", "attempted", "live", "duplicates",
        "wasted by duplicates, MB", "coldplug s: min / median / max", "× udev", "× list", "from the first event s",
        "instructions, G", "memory MB: start → peak", "loader, MB", "live ⊇ udev's", "/dev ⊇ udev's",
    ];

    public static string Of(IReadOnlyList<CompareRow> rows)
    {
        var text = new StringBuilder(MarkdownTable.Format(s_head, rows.Select(Cells)));
        foreach (var row in rows.Where(row => row.MissingOfUdevs.Count > 0))
            Missing(row, "not live in some run, though udev once had them", " ", row.MissingOfUdevs);
        foreach (var row in rows.Where(row => row.MissingNodesOfUdevs.Count > 0))
            Missing(row, "not in /dev in some run, though udev always has them", ", ", row.MissingNodesOfUdevs);
        return text.ToString();

        void Missing(CompareRow row, string problem, string separator, IReadOnlyList<string> names) => text.AppendLine()
            .Append($"{row.Place} {row.Cpus} CPUs {row.Loader}: {problem}: {string.Join(separator, names)}");
    }

    static string[] Cells(CompareRow row) =>
    [
        row.Place, $"{row.Cpus}", row.Loader, $"{row.Runs}", Count(row.TotalCalls),
        string.Join("  ", row.Calls.Select(pair => $"{pair.Key} {Count(pair.Value)}")), Count(row.Attempted),
        Count(row.Live), Count(row.Duplicates), Megabytes(row.WastedDuplicateBytes),
        $"{row.ColdplugSeconds.Minimum:F3} / {row.ColdplugSeconds.Median:F3} / {row.ColdplugSeconds.Maximum:F3}",
        Ratio(row.ToUdev), Ratio(row.ToList), row.EventSeconds is { } seconds ? $"{seconds.Median:F3}" : "–",
        row.Instructions is { } executed
            ? $"{executed.Median / 1e9:F3}"
            : $"({row.ColdplugCpuSeconds.Median:F2} s CPU)",
        $"{row.StartMemoryBytes.Median / 1e6:F0} → {row.PeakMemoryBytes.Median / 1e6:F0}",
        $"{row.LoaderMemoryBytes.Median / 1e6:F1}", Contains(row.RunsWithUdevsModules, row.Runs),
        Contains(row.RunsWithUdevsNodes, row.Runs),
    ];

    static string Contains(int? runs, int of) => runs is null ? "–" : $"{(runs == of ? "yes" : "no")} {runs}/{of}";

    static string Count(Spread spread) =>
        spread.Minimum.Equals(spread.Maximum) ? $"{spread.Minimum:F0}" : $"{spread.Minimum:F0}…{spread.Maximum:F0}";

    static string Megabytes(Spread bytes)
    {
        var (low, high) = ($"{bytes.Minimum / 1e6:F2}", $"{bytes.Maximum / 1e6:F2}");
        return bytes.Maximum.Equals(0) ? "0" : low == high ? low : $"{low}…{high}";
    }

    static string Ratio(double? ratio) => ratio is { } value ? $"{value:F3}" : "–";
}
