namespace Drover.Report;

/// <summary>The rows of a Gantt chart in figures, folded away on a screen, for whoever does not see the chart or cannot point at it. Stateless.</summary>
static class GanttTable
{
    /// <param name="rows">Those that are drawn.</param>
    public static void Write(HtmlWriter html, List<Row> rows)
    {
        html.Raw("<details class=\"figures\"><summary>The chart as a table</summary>\n<div class=\"wide\"><table>\n<tr><th>who</th><th class=\"figure\">calls</th><th class=\"figure\">from</th><th class=\"figure\">to</th><th class=\"figure\">loading</th><th class=\"figure\">waiting</th><th class=\"figure\">failed</th></tr>");
        Span<long> took = stackalloc long[3];
        foreach (var row in rows)
        {
            var (from, to) = (long.MaxValue, 0L);
            took.Clear();
            foreach (var bar in row.Bars)
            {
                (from, to) = (Math.Min(from, bar.FromNs), Math.Max(to, bar.ToNs));
                took[(int)bar.Kind] += bar.ToNs - bar.FromNs;
            }
            html.Line($"<tr><td>{row.Name}</td><td class=\"figure\">{Figures.Count(row.Calls)}</td><td class=\"figure\">{Figures.Seconds(Math.Min(from, to))}</td><td class=\"figure\">{Figures.Seconds(to)}</td><td class=\"figure\">{Figures.Seconds(took[(int)BarKind.Loading])}</td><td class=\"figure\">{Figures.Seconds(took[(int)BarKind.Waiting])}</td><td class=\"figure\">{Figures.Seconds(took[(int)BarKind.Failed])}</td></tr>");
        }
        html.Raw("</table></div></details>");
    }
}
