using Drover.Study.Recordings;

namespace Drover.Study.Drawing;

/// <param name="FromNs">Since the start of the chart.</param>
/// <param name="Outcome">The result of the call in words; empty if it has none yet.</param>
readonly record struct GanttBar(long FromNs, long ToNs, CallState State, string Module, string Outcome);

/// <summary>A row of a Gantt chart: a worker, a task or a module.</summary>
/// <param name="name">From outside: not safe for a terminal or a page as it is.</param>
sealed class GanttRow(string name)
{
    public string Name => name;
    public long Calls { get; set; }
    public List<GanttBar> Bars { get; init; } = []; // ascending by start
    public List<GanttBar> Path { get; init; } = []; // the bars on the critical path
}

/// <summary>Chooses and merges the rows of a Gantt chart.</summary>
static class GanttRows
{
    public const int MaxRows = 200; // Debian's kernels have 4,500 modules; a machine loads some hundred

    /// <summary>Turns rows of workers into rows of modules, ascending by start.</summary>
    public static List<GanttRow> ByModule(IReadOnlyList<GanttRow> rows)
    {
        var modules = new Dictionary<string, GanttRow>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            foreach (var bar in row.Bars)
            {
                RowOf(modules, bar.Module).Bars.Add(bar);
                RowOf(modules, bar.Module).Calls++;
            }
            foreach (var step in row.Path)
                RowOf(modules, step.Module).Path.Add(step);
        }
        var workers = rows.SelectMany(row => row.Bars.Select(bar => bar.Module).Distinct())
            .CountBy(module => module).ToDictionary();
        var merged = modules.Values.Select(module =>
            new GanttRow($"{module.Name} ({workers.GetValueOrDefault(module.Name)} ×)")
            {
                Calls = module.Calls,
                Bars = Merge(module.Bars),
                Path = module.Path,
            });
        return Busiest(merged, MaxRows);
    }

    /// <summary>The rows with most calls, ascending by start.</summary>
    public static List<GanttRow> Busiest(IEnumerable<GanttRow> rows, int max) =>
        rows.OrderByDescending(row => row.Calls)
            .Take(max).OrderBy(row => row.Bars.Count > 0 ? row.Bars[0].FromNs : long.MaxValue)
            .ThenBy(row => row.Name, StringComparer.Ordinal).ToList();

    public static GanttRow RowOf(Dictionary<string, GanttRow> rows, string name)
    {
        if (!rows.TryGetValue(name, out var row))
            rows.Add(name, row = new GanttRow(name));
        return row;
    }

    /// <summary>The state of a module over time: loading wins over failed, failed over waiting.</summary>
    /// <param name="bars">Of one module.</param>
    static List<GanttBar> Merge(List<GanttBar> bars)
    {
        // at the same time starts come before ends, so that adjacent bars become one
        var changes = bars
            .SelectMany(bar => new[] { (At: bar.FromNs, By: 1, bar.State), (At: bar.ToNs, By: -1, bar.State) })
            .OrderBy(change => change.At).ThenByDescending(change => change.By);
        var merged = new List<GanttBar>();
        Span<int> open = stackalloc int[3];
        var from = 0L;
        foreach (var (at, by, state) in changes)
        {
            var before = StateOf(open);
            open[(int)state] += by;
            if (StateOf(open) == before)
                continue;
            if (before is { } ended)
                merged.Add(new GanttBar(from, at, ended, bars[0].Module, ""));
            from = at;
        }
        return merged;
    }

    static CallState? StateOf(ReadOnlySpan<int> open) =>
        open[(int)CallState.Loading] > 0 ? CallState.Loading
        : open[(int)CallState.Failed] > 0 ? CallState.Failed
        : open[(int)CallState.Waiting] > 0 ? CallState.Waiting
        : null;
}

/// <summary>The width of a Gantt chart in pixels.</summary>
readonly record struct GanttSize(int LabelWidth, int PlotWidth)
{
    public static readonly GanttSize Wide = new(250, 820);
    public static readonly GanttSize Half = new(132, 412); // for two charts side by side

    public int Width => LabelWidth + PlotWidth + 30;
}

/// <summary>Draws load calls over time, a row a worker, task or module, and repeats it as a table.</summary>
static class SvgGantt
{
    const int RowHeight = 12;
    const int AxisHeight = 22;
    const int TickWidth = 70; // a label of the axis with its margin
    const double LetterWidth = 4.7; // a letter of a row's label
    const double MinGap = 0.5; // bars with a smaller gap are drawn as one

    /// <param name="rows">More than <see cref="GanttRows.MaxRows"/> are merged into a row a module.</param>
    /// <param name="endNs">The end of the axis.</param>
    public static void Write(HtmlWriter html, List<GanttRow> rows, long endNs, GanttSize size)
    {
        if (rows.Count == 0 || endNs == 0)
        {
            html.Raw("<p>No load call was made.</p>");
            return;
        }
        var isMerged = rows.Count > GanttRows.MaxRows;
        if (isMerged)
        {
            html.Line($"<p class=\"dim\">{rows.Count} workers made calls: too many for a row each. "
                + $"A row is a module, with the number of workers that requested it.</p>");
        }
        var shown = isMerged ? GanttRows.ByModule(rows) : GanttRows.Busiest(rows, GanttRows.MaxRows);
        var height = AxisHeight + (shown.Count * RowHeight);
        html.Line($"<div class=\"wide\"><svg viewBox=\"0 0 {size.Width} {height + 4}\" "
            + $"width=\"{size.Width}\" height=\"{height + 4}\" role=\"img\" aria-label=\"load calls over time\">");
        WriteAxis(html, endNs, height, size);
        for (var row = 0; row < shown.Count; row++)
            WriteRow(html, shown[row], AxisHeight + (row * RowHeight), endNs, size);
        html.Raw("</svg></div>");
        WriteTable(html, shown);
    }

    /// <summary>Seconds along the top, with a vertical line each.</summary>
    public static void WriteAxis(HtmlWriter html, long endNs, int height, GanttSize size)
    {
        var step = StepFor(endNs, size.PlotWidth / TickWidth);
        for (var at = 0L; at <= endNs; at += step)
        {
            var x = XOf(at, endNs, size);
            var seconds = (at / 1e9).ToString("0.######", CultureInfo.InvariantCulture);
            html.Line($"<line class=\"grid\" x1=\"{x}\" y1=\"{AxisHeight - 6}\" x2=\"{x}\" y2=\"{height}\"/>"
                + $"<text x=\"{x}\" y=\"11\" text-anchor=\"middle\">{seconds} s</text>");
        }
    }

    /// <summary>The CSS class of a state, which is its name in titles as well.</summary>
    public static string NameOf(CallState state) =>
        state switch { CallState.Loading => "loading", CallState.Waiting => "waiting", _ => "failed" };

    static double XOf(long ns, long endNs, GanttSize size) => size.LabelWidth + ((double)ns / endNs * size.PlotWidth);

    /// <summary>1, 2 or 5 times a power of ten, in ns, so that there are at most so many steps.</summary>
    static long StepFor(long endNs, int max)
    {
        for (var power = 1L; ; power *= 10)
        {
            foreach (var step in (ReadOnlySpan<long>)[power, 2 * power, 5 * power])
            {
                if (endNs / step <= max)
                    return step;
            }
        }
    }

    static void WriteRow(HtmlWriter html, GanttRow row, int y, long endNs, GanttSize size)
    {
        // the end of a device path identifies the device better than its start
        var letters = (int)(size.LabelWidth / LetterWidth) - 1;
        var label = row.Name.Length > letters ? $"…{row.Name.AsSpan(row.Name.Length - letters + 1)}" : row.Name;
        html.Line($"<g><text class=\"small\" x=\"{size.LabelWidth - 6}\" y=\"{y + 9}\" text-anchor=\"end\">"
            + $"{label}<title>{row.Name}, {row.Calls} calls</title></text>");
        var bars = row.Bars;
        for (var first = 0; first < bars.Count;)
        {
            var next = first + 1;
            var state = bars[first].State;
            while (next < bars.Count && Touch(bars[next - 1], bars[next], endNs, size))
            {
                state = bars[next].State > state ? bars[next].State : state;
                next++;
            }
            WriteBar(html, bars[first] with { State = state }, bars[next - 1], next - first, y, endNs, size);
            first = next;
        }
        foreach (var step in row.Path)
        {
            html.Line($"<rect class=\"path\" x=\"{XOf(step.FromNs, endNs, size)}\" y=\"{y + RowHeight - 3}\" "
                + $"width=\"{WidthOf(step.FromNs, step.ToNs, endNs, size)}\" height=\"3\"/>");
        }
        html.Raw("</g>");
    }

    static void WriteBar(HtmlWriter html, GanttBar first, GanttBar last, int count, int y, long endNs, GanttSize size)
    {
        var times = string.Create(
            CultureInfo.InvariantCulture,
            $"{NameOf(first.State)}, {(last.ToNs - first.FromNs) / 1e6:0.###} ms from {first.FromNs / 1e9:0.######} s");
        var title = count > 1
            ? $"{count.ToString(CultureInfo.InvariantCulture)} times, {first.Module} to {last.Module}: {times}"
            : $"{first.Module}: {times}{(first.Outcome.Length > 0 ? $"; {first.Outcome}" : "")}";
        html.Line($"<rect class=\"{NameOf(first.State)}\" x=\"{XOf(first.FromNs, endNs, size)}\" y=\"{y + 2}\" "
            + $"width=\"{WidthOf(first.FromNs, last.ToNs, endNs, size)}\" height=\"{RowHeight - 5}\">"
            + $"<title>{title}</title></rect>");
    }

    /// <summary>Both are too thin, and too close to each other, to be told apart.</summary>
    static bool Touch(GanttBar one, GanttBar next, long endNs, GanttSize size)
    {
        return XOf(next.FromNs, endNs, size) - XOf(one.ToNs, endNs, size) < MinGap && IsThin(one) && IsThin(next);

        bool IsThin(GanttBar bar) => XOf(bar.ToNs, endNs, size) - XOf(bar.FromNs, endNs, size) < 2 * MinGap;
    }

    static double WidthOf(long fromNs, long toNs, long endNs, GanttSize size) =>
        Math.Max(MinGap, XOf(toNs, endNs, size) - XOf(fromNs, endNs, size));

    /// <summary>The rows in figures, folded on a screen, for readers who cannot see the chart or point at it.</summary>
    static void WriteTable(HtmlWriter html, List<GanttRow> rows)
    {
        html.Raw("<details class=\"figures\"><summary>The chart as a table</summary>\n<div class=\"wide\"><table>");
        html.Headings(
            "who", HtmlCell.Number("calls"), HtmlCell.Number("from"), HtmlCell.Number("to"), HtmlCell.Number("loading"),
            HtmlCell.Number("waiting"), HtmlCell.Number("failed"));
        foreach (var row in rows)
        {
            html.Row(
                row.Name, HtmlCell.Number(row.Calls.ToString("#,0", CultureInfo.InvariantCulture)),
                Time(row.Bars.Select(bar => bar.FromNs).DefaultIfEmpty().Min()),
                Time(row.Bars.Select(bar => bar.ToNs).DefaultIfEmpty().Max()), TimeIn(row, CallState.Loading),
                TimeIn(row, CallState.Waiting), TimeIn(row, CallState.Failed));
        }
        html.Raw("</table></div></details>");

        static HtmlCell Time(long ns) => HtmlCell.Number((ns / 1e9).ToString("0.00 s", CultureInfo.InvariantCulture));

        static HtmlCell TimeIn(GanttRow row, CallState state) =>
            Time(row.Bars.Where(bar => bar.State == state).Sum(bar => bar.ToNs - bar.FromNs));
    }
}
