using System.Globalization;
using System.Text;

namespace Drover.Report;

/// <summary>Draws how many load calls were in the kernel at each time, by what came of them: as readable with 4096 CPUs as with one. Stateless.</summary>
static class SvgInKernel
{
    const int Top = 22;
    const int Height = 70;

    /// <summary>In pixels; what a plot is wide is a multiple of it.</summary>
    const int ColumnWidth = 2;

    /// <param name="endNs">Of the axis.</param>
    /// <param name="most">Calls at the top of the chart: the same for charts that are compared; at least 1.</param>
    public static void Write(HtmlWriter html, Recording recording, long endNs, int most, GanttSize size)
    {
        if (recording.Calls.Count == 0 || endNs == 0)
            return;
        var width = size.LabelWidth + size.PlotWidth + 30;
        html.Line($"<div class=\"wide\"><svg viewBox=\"0 0 {width} {Top + Height + 4}\" width=\"{width}\" height=\"{Top + Height + 4}\" role=\"img\" aria-label=\"load calls in the kernel at the same time\">");
        html.Line($"<title>{recording.Name}: at most {MostAtOnce(recording.Calls)} load calls at the same time</title>");
        SvgGantt.WriteAxis(html, endNs, Top + Height, size);
        html.Line($"<text x=\"{size.LabelWidth - 6}\" y=\"{Top + 9}\" text-anchor=\"end\">{most}</text><text x=\"{size.LabelWidth - 6}\" y=\"{Top + Height}\" text-anchor=\"end\">0</text>");
        var columns = new int[size.PlotWidth / ColumnWidth];
        // each over those before it: what is loaded at the bottom, what was in vain on top
        foreach (var kind in (ReadOnlySpan<BarKind>)[BarKind.Loading, BarKind.Waiting, BarKind.Failed])
        {
            var below = (int[])columns.Clone();
            Add(columns, recording.Calls, kind, endNs, size);
            if (!columns.AsSpan().SequenceEqual(below))
                html.Line($"<path class=\"{ClassOf(kind)}\" d=\"{Outline(below, columns, most, size)}\"/>");
        }
        html.Raw("</svg></div>");
    }

    /// <summary>Most calls that were in the kernel at one time.</summary>
    /// <param name="calls">In the order of their beginning.</param>
    public static int MostAtOnce(IReadOnlyList<RecordedCall> calls)
    {
        var ends = new long[calls.Count];
        for (var i = 0; i < ends.Length; i++)
            ends[i] = calls[i].EndNs;
        Array.Sort(ends);
        var (most, ended) = (0, 0);
        for (var begun = 1; begun <= ends.Length; begun++)
        {
            while (ended < begun - 1 && ends[ended] <= calls[begun - 1].StartNs)
                ended++;
            most = Math.Max(most, begun - ended);
        }
        return most;
    }

    static string ClassOf(BarKind kind) => kind switch { BarKind.Loading => "loading", BarKind.Waiting => "waiting", _ => "failed" };

    /// <summary>Adds the calls of a kind that are in the kernel at the middle of each column.</summary>
    static void Add(int[] columns, IReadOnlyList<RecordedCall> calls, BarKind kind, long endNs, GanttSize size)
    {
        var changes = new int[columns.Length + 1];
        foreach (var call in calls)
        {
            if (call.Kind != kind)
                continue;
            changes[ColumnOf(call.StartNs)]++;
            changes[ColumnOf(call.EndNs)]--;
        }
        var now = 0;
        for (var column = 0; column < columns.Length; column++)
            columns[column] += now += changes[column];

        int ColumnOf(long ns) => Math.Clamp((int)Math.Ceiling(((double)ns / endNs * size.PlotWidth / ColumnWidth) - 0.5), 0, columns.Length);
    }

    static string Outline(int[] below, int[] above, int most, GanttSize size)
    {
        var path = new StringBuilder();
        for (var column = 0; column < above.Length; column++)
            Step(column == 0 ? 'M' : 'L', above[column], column, column + 1);
        for (var column = below.Length - 1; column >= 0; column--)
            Step('L', below[column], column + 1, column);
        return path.Append('Z').ToString();

        void Step(char command, int calls, int from, int to)
        {
            var y = (Top + (Height * (1 - ((double)calls / most)))).ToString("0.#", CultureInfo.InvariantCulture);
            path.Append(CultureInfo.InvariantCulture, $"{command}{size.LabelWidth + (from * ColumnWidth)} {y}H{size.LabelWidth + (to * ColumnWidth)}");
        }
    }
}
