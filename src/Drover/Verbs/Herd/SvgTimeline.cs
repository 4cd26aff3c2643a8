using System.Globalization;

namespace Drover.Verbs.Herd;

/// <summary>Draws who loaded when: a row a task, a bar a while. Stateless.</summary>
static class SvgTimeline
{
    /// <summary>More rows nobody reads, and a browser draws them slowly.</summary>
    const int MostRows = 200;

    const int LabelWidth = 250;
    const int PlotWidth = 820;
    const int RowHeight = 12;
    const int AxisHeight = 22;
    const int MostTicks = 10;

    /// <summary>Longest text of a row's label; the rest is in its title.</summary>
    const int LabelLetters = 44;

    /// <summary>Bars of one kind with less between them than this are drawn as one: nobody could tell them apart.</summary>
    const double Apart = 0.5;

    public static void Write(HtmlWriter html, HerdTimeline timeline)
    {
        var tasks = timeline.Tasks.ToList();
        if (tasks.Count == 0 || timeline.EndNs == 0)
        {
            html.Raw("<p>No task made a load call.</p>");
            return;
        }
        // those with most calls, in the order in which they began
        List<TaskTimeline> shown = [.. tasks.OrderByDescending(task => task.Calls).Take(MostRows).OrderBy(task => task.Spans[0].FromNs).ThenBy(task => task.Task)];
        if (shown.Count < tasks.Count)
            html.Line($"<p class=\"dim\">The {shown.Count} tasks with most calls; {tasks.Count - shown.Count} more are left out.</p>");
        var height = AxisHeight + (shown.Count * RowHeight);
        html.Line($"<div class=\"wide\"><svg viewBox=\"0 0 {LabelWidth + PlotWidth + 30} {height + 4}\" width=\"{LabelWidth + PlotWidth + 30}\" height=\"{height + 4}\" role=\"img\" aria-label=\"load calls of tasks over time\">");
        WriteAxis(html, timeline.EndNs, height);
        for (var row = 0; row < shown.Count; row++)
            WriteRow(html, shown[row], AxisHeight + (row * RowHeight), timeline.EndNs);
        html.Raw("</svg></div>");
    }

    static void WriteAxis(HtmlWriter html, long endNs, int height)
    {
        var step = StepFor(endNs);
        for (var at = 0L; at <= endNs; at += step)
        {
            var x = XOf(at, endNs);
            html.Line($"<line class=\"grid\" x1=\"{x}\" y1=\"{AxisHeight - 6}\" x2=\"{x}\" y2=\"{height}\"/><text x=\"{x}\" y=\"11\" text-anchor=\"middle\">{Seconds(at)} s</text>");
        }
    }

    static void WriteRow(HtmlWriter html, TaskTimeline task, int y, long endNs)
    {
        var about = task.For.Length > 0 ? $"task {task.Task.ToString(CultureInfo.InvariantCulture)}: {task.For}" : $"task {task.Task.ToString(CultureInfo.InvariantCulture)}";
        // the end of a device's path tells more than its beginning
        var label = about.Length > LabelLetters ? $"…{about[^(LabelLetters - 1)..]}" : about;
        html.Line($"<g><text class=\"small\" x=\"{LabelWidth - 6}\" y=\"{y + 9}\" text-anchor=\"end\">{label}<title>{about}, {task.Calls} calls</title></text>");
        var spans = task.Spans;
        for (var first = 0; first < spans.Count;)
        {
            var next = first + 1;
            while (next < spans.Count && spans[next].Kind == spans[first].Kind && XOf(spans[next].FromNs, endNs) - XOf(spans[next - 1].ToNs, endNs) < Apart
                && IsThin(spans[next], endNs) && IsThin(spans[next - 1], endNs))
            {
                next++;
            }
            WriteBar(html, spans[first], spans[next - 1], next - first, y, endNs);
            first = next;
        }
        html.Raw("</g>");
    }

    static void WriteBar(HtmlWriter html, LoadSpan first, LoadSpan last, int count, int y, long endNs)
    {
        var from = XOf(first.FromNs, endNs);
        var width = Math.Max(Apart, XOf(last.ToNs, endNs) - from);
        var what = first.Kind switch
        {
            SpanKind.Loading => "loading",
            SpanKind.Waiting => "waiting",
            SpanKind.Failed => "failed",
            _ => throw new ArgumentOutOfRangeException(nameof(first)),
        };
        var times = string.Create(CultureInfo.InvariantCulture, $"{what}, {(last.ToNs - first.FromNs) / 1e6:0.###} ms from {first.FromNs / 1e9:0.######} s");
        var title = count > 1
            ? $"{count.ToString(CultureInfo.InvariantCulture)} times, {first.Module} to {last.Module}: {times}"
            : $"{first.Module}: {times}{(first.Outcome.Length > 0 ? $"; {first.Outcome}" : "")}";
        html.Line($"<rect class=\"{what}\" x=\"{from}\" y=\"{y + 2}\" width=\"{width}\" height=\"{RowHeight - 3}\"><title>{title}</title></rect>");
    }

    static bool IsThin(LoadSpan span, long endNs) => XOf(span.ToNs, endNs) - XOf(span.FromNs, endNs) < 2 * Apart;

    static double XOf(long ns, long endNs) => LabelWidth + ((double)ns / endNs * PlotWidth);

    static string Seconds(long ns) => (ns / 1e9).ToString("0.######", CultureInfo.InvariantCulture);

    /// <summary>1, 2 or 5 times a power of ten, in ns.</summary>
    static long StepFor(long endNs)
    {
        for (var power = 1L; ; power *= 10)
        {
            foreach (var step in (ReadOnlySpan<long>)[power, 2 * power, 5 * power])
            {
                if (endNs / step <= MostTicks)
                    return step;
            }
        }
    }
}
