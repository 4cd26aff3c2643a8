using System.Globalization;
using System.Text;

namespace Drover.Lab.Compare;

/// <summary>Rows as a Markdown table that is also readable as it stands. "a…b" is the smallest and largest of the runs.</summary>
static class CompareTable
{
    static readonly string[] Head =
    [
        "kernel", "CPUs", "loader", "runs", "calls", "by result", "attempted", "live", "duplicates", "wasted by duplicates, MB",
        "coldplug s: min / median / max", "× udev", "× list", "from the first event s", "CPU s", "memory MB: start → peak", "loader, MB", "live ⊇ udev's", "/dev ⊇ udev's",
    ];

    public static string Of(IReadOnlyList<Row> rows)
    {
        var cells = rows.Select(Cells).Prepend(Head).ToList();
        var widths = Enumerable.Range(0, Head.Length).Select(column => cells.Max(row => row[column].Length)).ToList();
        var text = new StringBuilder();
        for (var i = 0; i < cells.Count; i++)
        {
            text.Append("| ").AppendJoin(" | ", cells[i].Select((cell, column) => cell.PadRight(widths[column]))).AppendLine(" |");
            if (i == 0)
                text.Append('|').AppendJoin('|', widths.Select(width => new string('-', width + 2))).AppendLine("|");
        }
        foreach (var row in rows.Where(row => row.MissingOfUdevs.Count > 0))
            text.AppendLine().Append(CultureInfo.InvariantCulture, $"{row.Place} {row.Cpus} CPUs {row.Loader}: not live in some run, though udev once had them: {string.Join(' ', row.MissingOfUdevs)}");
        foreach (var row in rows.Where(row => row.MissingNodesOfUdevs.Count > 0))
            text.AppendLine().Append(CultureInfo.InvariantCulture, $"{row.Place} {row.Cpus} CPUs {row.Loader}: not in /dev in some run, though udev always has them: {string.Join(", ", row.MissingNodesOfUdevs)}");
        return text.ToString();
    }

    static string[] Cells(Row row) =>
    [
        row.Place,
        $"{row.Cpus}",
        row.Loader,
        $"{row.Runs}",
        Count(row.TotalCalls),
        string.Join("  ", row.Calls.Select(pair => $"{pair.Key} {Count(pair.Value)}")),
        Count(row.Attempted),
        Count(row.Live),
        Count(row.Duplicates),
        Megabytes(row.WastedDuplicateBytes),
        $"{row.ColdplugSeconds.Minimum:F2} / {row.ColdplugSeconds.Median:F2} / {row.ColdplugSeconds.Maximum:F2}",
        Ratio(row.ToUdev),
        Ratio(row.ToList),
        row.EventSeconds is { } seconds ? $"{seconds.Median:F2}" : "–",
        $"{row.ColdplugCpuSeconds.Median:F2}",
        $"{row.StartMemoryBytes.Median / 1e6:F0} → {row.PeakMemoryBytes.Median / 1e6:F0}",
        $"{row.LoaderMemoryBytes.Median / 1e6:F1}",
        Contains(row.RunsWithUdevsModules, row.Runs),
        Contains(row.RunsWithUdevsNodes, row.Runs),
    ];

    static string Contains(int? runs, int of) => runs is null ? "–" : $"{(runs == of ? "yes" : "no")} {runs}/{of}";

    static string Count(Spread spread) => spread.Minimum.Equals(spread.Maximum) ? $"{spread.Minimum:F0}" : $"{spread.Minimum:F0}…{spread.Maximum:F0}";

    static string Megabytes(Spread bytes)
    {
        var (low, high) = ($"{bytes.Minimum / 1e6:F2}", $"{bytes.Maximum / 1e6:F2}");
        return bytes.Maximum.Equals(0) ? "0" : low == high ? low : $"{low}…{high}";
    }

    static string Ratio(double? ratio) => ratio is { } value ? $"{value:F2}" : "–";
}
