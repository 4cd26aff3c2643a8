using System.Text;
using Drover.Study.Recordings;

namespace Drover.Study.Drawing;

/// <summary>Draws the number of load calls in the kernel over time, by state; readable with 4096 CPUs.</summary>
static class SvgConcurrency
{
    const int Top = 22;
    const int Height = 70;
    const int ColumnWidth = 2; // in pixels; the widths of plots are multiples of it

    /// <param name="endNs">The end of the axis.</param>
    /// <param name="max">The top of the value axis, at least 1; the same for charts that are compared.</param>
    public static void Write(HtmlWriter html, Recording recording, long endNs, int max, GanttSize size)
    {
        if (recording.Calls.Count == 0 || endNs == 0)
            return;
        html.Line($"<div class=\"wide\"><svg viewBox=\"0 0 {size.Width} {Top + Height + 4}\" width=\"{size.Width}\" "
            + $"height=\"{Top + Height + 4}\" role=\"img\" aria-label=\"load calls in the kernel at the same time\">");
        var most = MaxConcurrent(recording.Calls);
        html.Line($"<title>{recording.Name}: at most {most} load calls at the same time</title>");
        SvgGantt.WriteAxis(html, endNs, Top + Height, size);
        html.Line($"<text x=\"{size.LabelWidth - 6}\" y=\"{Top + 9}\" text-anchor=\"end\">{max}</text>"
            + $"<text x=\"{size.LabelWidth - 6}\" y=\"{Top + Height}\" text-anchor=\"end\">0</text>");
        var columns = new int[size.PlotWidth / ColumnWidth];
        // stacked: loading at the bottom, failed on top
        foreach (var state in (ReadOnlySpan<CallState>)[CallState.Loading, CallState.Waiting, CallState.Failed])
        {
            var below = (int[])columns.Clone();
            Add(columns, recording.Calls.Where(call => call.State == state), endNs, size);
            if (!columns.AsSpan().SequenceEqual(below))
                html.Line($"<path class=\"{SvgGantt.NameOf(state)}\" d=\"{Outline(below, columns, max, size)}\"/>");
        }
        html.Raw("</svg></div>");
    }

    /// <summary>The largest number of calls that were in the kernel at one time.</summary>
    /// <param name="calls">Ascending by start.</param>
    public static int MaxConcurrent(IReadOnlyList<RecordedCall> calls)
    {
        long[] ends = [.. calls.Select(call => call.EndNs).Order()];
        var (max, ended) = (0, 0);
        for (var started = 1; started <= ends.Length; started++)
        {
            while (ended < started - 1 && ends[ended] <= calls[started - 1].StartNs)
                ended++;
            max = Math.Max(max, started - ended);
        }
        return max;
    }

    /// <summary>Adds the calls that are in the kernel at the middle of each column.</summary>
    static void Add(int[] columns, IEnumerable<RecordedCall> calls, long endNs, GanttSize size)
    {
        var changes = new int[columns.Length + 1];
        foreach (var call in calls)
        {
            changes[ColumnOf(call.StartNs)]++;
            changes[ColumnOf(call.EndNs)]--;
        }
        var now = 0;
        for (var column = 0; column < columns.Length; column++)
            columns[column] += now += changes[column];

        int ColumnOf(long ns)
        {
            var column = (int)Math.Ceiling(((double)ns / endNs * size.PlotWidth / ColumnWidth) - 0.5);
            return Math.Clamp(column, 0, columns.Length);
        }
    }

    static string Outline(int[] below, int[] above, int max, GanttSize size)
    {
        var path = new StringBuilder();
        for (var (column, end) = (0, 0); column < above.Length; column = end)
        {
            var same = above.AsSpan(column).IndexOfAnyExcept(above[column]);
            end = same < 0 ? above.Length : column + same;
            Step(column == 0 ? 'M' : 'L', above[column], column, end);
        }
        for (var (column, end) = (below.Length, 0); column > 0; column = end)
        {
            end = below.AsSpan(0, column).LastIndexOfAnyExcept(below[column - 1]) + 1;
            Step('L', below[column - 1], column, end);
        }
        return path.Append('Z').ToString();

        void Step(char command, int calls, int from, int to)
        {
            var (x, toX) = (size.LabelWidth + (from * ColumnWidth), size.LabelWidth + (to * ColumnWidth));
            var y = Top + (Height * (1 - ((double)calls / max)));
            path.Append(CultureInfo.InvariantCulture, $"{command}{x} {y:0.#}H{toX}");
        }
    }
}
