using System.Globalization;

namespace Drover.Report;

/// <summary>How wide a Gantt chart is, in pixels.</summary>
readonly record struct GanttSize(int LabelWidth, int PlotWidth)
{
    public static readonly GanttSize Wide = new(250, 820);

    /// <summary>Two of them side by side.</summary>
    public static readonly GanttSize Half = new(132, 412);
}

/// <summary>Draws who loaded when: a row a worker, a task or a module, a bar a while, and a line below what the critical path goes through; and the same as a table. Stateless.</summary>
static class SvgGantt
{
    const int RowHeight = 12;
    const int AxisHeight = 22;

    /// <summary>What a label of the axis takes with the space beside it.</summary>
    const int TickWidth = 70;

    /// <summary>Of a row's label, which is small.</summary>
    const double LetterWidth = 4.7;

    /// <summary>Bars with less between them than this are drawn as one: nobody could tell them apart.</summary>
    const double Apart = 0.5;

    /// <param name="rows">More than <see cref="ModuleRows.Most"/> are drawn as a row a module.</param>
    /// <param name="endNs">Of the axis.</param>
    public static void Write(HtmlWriter html, List<Row> rows, long endNs, GanttSize size)
    {
        if (rows.Count == 0 || endNs == 0)
        {
            html.Raw("<p>No load call was made.</p>");
            return;
        }
        if (rows.Count > ModuleRows.Most)
            html.Line($"<p class=\"dim\">{rows.Count} made calls: too many for a row each. A row is a module, with how many asked for it.</p>");
        var shown = rows.Count > ModuleRows.Most ? ModuleRows.Of(rows) : ModuleRows.Busiest(rows, ModuleRows.Most);
        var height = AxisHeight + (shown.Count * RowHeight);
        var width = size.LabelWidth + size.PlotWidth + 30;
        html.Line($"<div class=\"wide\"><svg viewBox=\"0 0 {width} {height + 4}\" width=\"{width}\" height=\"{height + 4}\" role=\"img\" aria-label=\"load calls over time\">");
        WriteAxis(html, endNs, height, size);
        for (var row = 0; row < shown.Count; row++)
            WriteRow(html, shown[row], AxisHeight + (row * RowHeight), endNs, size);
        html.Raw("</svg></div>");
        GanttTable.Write(html, shown);
    }

    /// <summary>Seconds along the top, and a line down from each.</summary>
    public static void WriteAxis(HtmlWriter html, long endNs, int height, GanttSize size)
    {
        var step = StepFor(endNs, size.PlotWidth / TickWidth);
        for (var at = 0L; at <= endNs; at += step)
        {
            var x = XOf(at, endNs, size);
            html.Line($"<line class=\"grid\" x1=\"{x}\" y1=\"{AxisHeight - 6}\" x2=\"{x}\" y2=\"{height}\"/><text x=\"{x}\" y=\"11\" text-anchor=\"middle\">{Seconds(at)} s</text>");
        }
    }

    public static double XOf(long ns, long endNs, GanttSize size) => size.LabelWidth + ((double)ns / endNs * size.PlotWidth);

    /// <summary>1, 2 or 5 times a power of ten, in ns.</summary>
    /// <param name="most">Steps that there is room for.</param>
    public static long StepFor(long endNs, int most)
    {
        for (var power = 1L; ; power *= 10)
        {
            foreach (var step in (ReadOnlySpan<long>)[power, 2 * power, 5 * power])
            {
                if (endNs / step <= most)
                    return step;
            }
        }
    }

    static void WriteRow(HtmlWriter html, Row row, int y, long endNs, GanttSize size)
    {
        // the end of a device's path tells more than its beginning
        var letters = (int)(size.LabelWidth / LetterWidth) - 1;
        var label = row.Name.Length > letters ? $"…{row.Name.AsSpan(row.Name.Length - letters + 1)}" : row.Name;
        html.Line($"<g><text class=\"small\" x=\"{size.LabelWidth - 6}\" y=\"{y + 9}\" text-anchor=\"end\">{label}<title>{row.Name}, {row.Calls} calls</title></text>");
        var bars = row.Bars;
        for (var first = 0; first < bars.Count;)
        {
            var next = first + 1;
            var kind = bars[first].Kind;
            while (next < bars.Count && XOf(bars[next].FromNs, endNs, size) - XOf(bars[next - 1].ToNs, endNs, size) < Apart && IsThin(bars[next], endNs, size) && IsThin(bars[next - 1], endNs, size))
            {
                kind = bars[next].Kind > kind ? bars[next].Kind : kind;
                next++;
            }
            WriteBar(html, bars[first] with { Kind = kind }, bars[next - 1], next - first, y, endNs, size);
            first = next;
        }
        foreach (var step in row.Path)
            html.Line($"<rect class=\"path\" x=\"{XOf(step.FromNs, endNs, size)}\" y=\"{y + RowHeight - 3}\" width=\"{WidthOf(step.FromNs, step.ToNs, endNs, size)}\" height=\"3\"/>");
        html.Raw("</g>");
    }

    static void WriteBar(HtmlWriter html, Bar first, Bar last, int count, int y, long endNs, GanttSize size)
    {
        var what = first.Kind switch
        {
            BarKind.Loading => "loading",
            BarKind.Waiting => "waiting",
            BarKind.Failed => "failed",
            _ => throw new ArgumentOutOfRangeException(nameof(first)),
        };
        var times = string.Create(CultureInfo.InvariantCulture, $"{what}, {(last.ToNs - first.FromNs) / 1e6:0.###} ms from {first.FromNs / 1e9:0.######} s");
        var title = count > 1
            ? $"{count.ToString(CultureInfo.InvariantCulture)} times, {first.Module} to {last.Module}: {times}"
            : $"{first.Module}: {times}{(first.Outcome.Length > 0 ? $"; {first.Outcome}" : "")}";
        html.Line($"<rect class=\"{what}\" x=\"{XOf(first.FromNs, endNs, size)}\" y=\"{y + 2}\" width=\"{WidthOf(first.FromNs, last.ToNs, endNs, size)}\" height=\"{RowHeight - 5}\"><title>{title}</title></rect>");
    }

    static double WidthOf(long fromNs, long toNs, long endNs, GanttSize size) => Math.Max(Apart, XOf(toNs, endNs, size) - XOf(fromNs, endNs, size));

    static bool IsThin(Bar bar, long endNs, GanttSize size) => XOf(bar.ToNs, endNs, size) - XOf(bar.FromNs, endNs, size) < 2 * Apart;

    static string Seconds(long ns) => (ns / 1e9).ToString("0.######", CultureInfo.InvariantCulture);
}
