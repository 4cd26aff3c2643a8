using Drover.Lab.Compare;
using Drover.Lab.Prepare;

namespace Drover.Lab.Boots;

/// <summary>The boots of some systems as a Markdown table: medians over the seeds, "a…b" is from the smallest to the
/// largest. A ratio is of two medians.</summary>
static class BootTable
{
    static readonly string[] s_head =
    [
        "system", "loader", "boots", "calls", "duplicates", "live", "init s", "root's node s", "× udev", "after init",
        "× udev", "systemd s", "multi-user s", "× udev", "after init", "× udev", "settled s", "× udev", "peak MB",
        "− udev's",
    ];

    public static string Of(IReadOnlyDictionary<GuestSystem, IReadOnlyList<WholeBoot>> boots) => MarkdownTable.Format(
        s_head,
        from pair in boots
        from loader in pair.Value.GroupBy(boot => boot.Loader).OrderBy(boots => boots.Key)
        select Cells(
            pair.Key, loader.Key, [.. loader], [.. pair.Value.Where(boot => boot.Loader == BootLoader.Udev)]));

    /// <summary>What is wrong with the boots whatever their times; empty for nothing.</summary>
    public static IReadOnlyList<string> Problems(GuestSystem system, IReadOnlyList<WholeBoot> boots)
    {
        var problems = new List<string>();
        var ofUdev = boots.Where(boot => boot.Loader == BootLoader.Udev).ToList();
        var live = ofUdev.SelectMany(boot => boot.Report.Live).ToHashSet(StringComparer.Ordinal);
        foreach (var (boot, report) in boots.Select(boot => (boot, boot.Report)))
        {
            var isUdevs = boot.Loader == BootLoader.Udev;
            Check(boot, report.LostEvents == 0, $"the trace lost {report.LostEvents} events");
            Check(boot, isUdevs || report.Active, "Drover's unit is not active");
            Check(boot, isUdevs || report.ByUdev == 0, $"udev made {report.ByUdev} load calls");
            Check(boot, isUdevs || report.Duplicates == 0, $"{report.Duplicates} duplicate calls");
            var missing = live.Except(report.Live).ToList();
            Check(boot, isUdevs || missing.Count == 0, $"lacks {string.Join(", ", missing)}");
            var failed = report.FailedUnits.Except(ofUdev.SelectMany(other => other.Report.FailedUnits)).ToList();
            Check(boot, isUdevs || ofUdev.Count == 0 || failed.Count == 0, $"failed: {string.Join(", ", failed)}");
        }
        return problems;

        void Check(WholeBoot boot, bool holds, string problem)
        {
            if (!holds)
                problems.Add($"{system}, {boot.Loader.OptionName()}, seed {boot.Seed}: {problem}");
        }
    }

    static string[] Cells(
        GuestSystem system, BootLoader loader, IReadOnlyList<WholeBoot> boots, IReadOnlyList<WholeBoot> udev)
    {
        var isUdev = loader == BootLoader.Udev;
        return
        [
            $"{system}", loader.OptionName(), $"{boots.Count}", Number(boot => boot.Report.Calls.Count),
            Number(boot => boot.Report.Duplicates), Number(boot => boot.Report.Live.Count),
            Seconds(boot => boot.Times.Init),
            .. Compared(boot => boot.Times.Node), .. Compared(boot => boot.Times.Node - boot.Times.Init),
            Seconds(boot => boot.Times.Systemd),
            .. Compared(boot => boot.Times.MultiUser), .. Compared(boot => boot.Times.MultiUser - boot.Times.Init),
            .. Compared(boot => boot.Times.Settled),
            Number(boot => boot.PeakBytes / 1e6),
            isUdev || udev.Count == 0
                ? "–"
                : $"{(Median(boots, boot => boot.PeakBytes) - Median(udev, boot => boot.PeakBytes)) / 1e6:+0.0;−0.0}",
        ];

        string Number(Func<WholeBoot, double> value) => Range(value, "F0");

        string Seconds(Func<WholeBoot, double> value) => Range(value, "F3");

        string Range(Func<WholeBoot, double> value, string format)
        {
            var spread = Spread.Of(boots.Select(value));
            var (low, high) = (spread.Minimum.ToString(format), spread.Maximum.ToString(format));
            return low == high ? low : $"{spread.Median.ToString(format)} ({low}…{high})";
        }

        string[] Compared(Func<WholeBoot, double> seconds) =>
        [
            Seconds(seconds),
            isUdev || udev.Count == 0 ? "–" : $"{Median(boots, seconds) / Median(udev, seconds):F3}",
        ];

        static double Median(IReadOnlyList<WholeBoot> of, Func<WholeBoot, double> value) =>
            Spread.Of(of.Select(value)).Median;
    }
}
