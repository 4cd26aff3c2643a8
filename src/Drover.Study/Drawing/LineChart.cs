using System.Numerics;

namespace Drover.Study.Drawing;

/// <param name="At">CPUs, or bytes of memory; above 0.</param>
/// <param name="Value">Bytes or calls; at least 0.</param>
/// <param name="Booted">False: the boot failed, and the value is what it had reached.</param>
readonly record struct ChartPoint(long At, long Value, bool Booted = true);

/// <param name="Points">Ascending.</param>
sealed record ChartLine(string Name, IReadOnlyList<ChartPoint> Points);

/// <summary>Values along an axis, to be drawn as SVG or as text.</summary>
/// <param name="Values">The name of the values: <c>wasted bytes</c>.</param>
/// <param name="Along">The name of the axis: <c>CPUs</c>.</param>
sealed record LineChart(
    IReadOnlyList<ChartLine> Lines, string Values, string Along, Func<long, string> FormatValue,
    Func<long, string> FormatAt)
{
    const double MinLogRatio = 8; // an axis is logarithmic from this ratio of its ends on

    IEnumerable<ChartPoint> Points => Lines.SelectMany(line => line.Points);

    /// <summary>The places on the axis that have a point, ascending.</summary>
    public List<long> Places => [.. Points.Select(point => point.At).Distinct().Order()];
    public bool HasFailures => Points.Any(point => !point.Booted);

    /// <summary>The range of the values above 0; null if there is none.</summary>
    public (long Min, long Max)? Range
    {
        get
        {
            List<long> values = [.. Points.Select(point => point.Value).Where(value => value > 0)];
            return values.Count > 0 ? (values.Min(), values.Max()) : null;
        }
    }

    /// <param name="min">Above 0.</param>
    public static bool IsLog(long min, long max) => (double)max / min >= MinLogRatio;

    /// <summary>A place on the axis as a share of its length, 0 to 1; all arguments are above 0.</summary>
    public static double ShareOf(long at, long from, long to)
    {
        if (from == to)
            return 0;
        return IsLog(from, to)
            ? Math.Log((double)at / from) / Math.Log((double)to / from)
            : (double)(at - from) / (to - from);
    }
}

/// <summary>Draws values along an axis; a cross marks a boot that failed.</summary>
static class SvgLineChart
{
    const int Left = 80, PlotWidth = 780, Top = 14, PlotHeight = 360;
    const int ZeroBand = 30; // the band for zero below a logarithmic axis
    const int LegendLine = 20, Colours = 8, MaxTicks = 9;
    const int LabelWidth = 52; // the smallest distance of two labels of the axis

    public static void Write(HtmlWriter html, LineChart chart)
    {
        var (lines, places) = (chart.Lines, chart.Places);
        var scale = ValueScale.Of(chart);
        double XOf(long at) => Left + (LineChart.ShareOf(at, places[0], places[^1]) * PlotWidth);
        var bottom = Top + PlotHeight + 42;
        var (width, height) = (Left + PlotWidth + 40, bottom + (lines.Count * LegendLine));

        html.Line($"<div class=\"wide\"><svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" "
            + $"role=\"img\" aria-label=\"{chart.Values} against {chart.Along}\">");
        foreach (var tick in scale.Ticks)
        {
            var y = scale.YOf(tick);
            html.Line($"<line class=\"grid\" x1=\"{Left}\" y1=\"{y}\" x2=\"{Left + PlotWidth}\" y2=\"{y}\"/>"
                + $"<text x=\"{Left - 8}\" y=\"{y + 4}\" text-anchor=\"end\">"
                + $"{(tick == 0 ? "0" : chart.FormatValue(tick))}</text>");
        }
        var free = 0.0;
        foreach (var at in places)
        {
            var x = XOf(at);
            html.Line($"<line class=\"grid\" x1=\"{x}\" y1=\"{Top}\" x2=\"{x}\" y2=\"{Top + PlotHeight}\"/>");
            if (x < free)
                continue;
            var label = chart.FormatAt(at);
            html.Line($"<text x=\"{x}\" y=\"{Top + PlotHeight + 16}\" text-anchor=\"middle\">{label}</text>");
            free = x + LabelWidth;
        }
        for (var line = 0; line < lines.Count; line++)
            WriteLine(html, chart, line, XOf, scale, bottom + (line * LegendLine));
        html.Raw("</svg></div>");
        if (chart.HasFailures)
            html.Raw("<p class=\"dim\">A cross: the boot failed.</p>");
    }

    static void WriteLine(
        HtmlWriter html, LineChart chart, int index, Func<long, double> xOf, ValueScale scale, int legendY)
    {
        var line = chart.Lines[index];
        var dashed = index >= Colours ? " dashed" : "";
        var points = string.Join(' ', line.Points.Select(point =>
            string.Create(CultureInfo.InvariantCulture, $"{xOf(point.At):0.#},{scale.YOf(point.Value):0.#}")));
        html.Line($"<g class=\"c{index % Colours}\"><polyline class=\"line{dashed}\" points=\"{points}\"/>");
        foreach (var point in line.Points)
        {
            var (x, y) = (xOf(point.At), scale.YOf(point.Value));
            var title = $"{line.Name}: {chart.FormatValue(point.Value)} at {chart.FormatAt(point.At)} {chart.Along}"
                + (point.Booted ? "" : "; the boot failed");
            if (point.Booted)
            {
                html.Line($"<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"2.5\"><title>{title}</title></circle>");
                continue;
            }
            html.Line($"<path class=\"cross\" d=\"M{x - 5} {y - 5}L{x + 5} {y + 5}M{x - 5} {y + 5}L{x + 5} {y - 5}\">"
                + $"<title>{title}</title></path>");
        }
        html.Line($"<line class=\"line{dashed}\" x1=\"{Left}\" y1=\"{legendY}\" x2=\"{Left + 26}\" y2=\"{legendY}\"/>"
            + $"<text x=\"{Left + 34}\" y=\"{legendY + 4}\">{line.Name}</text></g>");
    }

    /// <summary>Values to heights: linear from zero, or logarithmic above a band for zero.</summary>
    sealed record ValueScale(bool IsLog, int LowestPower, int Powers, long Max)
    {
        public static ValueScale Of(LineChart chart)
        {
            if (chart.Range is not var (min, max))
                return new ValueScale(IsLog: false, 0, 0, 1);
            var lowest = BitOperations.Log2((ulong)min);
            return new ValueScale(LineChart.IsLog(min, max), lowest, BitOperations.Log2((ulong)max) + 1 - lowest, max);
        }

        /// <summary>Zero, then round values.</summary>
        public IEnumerable<long> Ticks
        {
            get
            {
                yield return 0;
                if (IsLog)
                {
                    var step = Math.Max(1, (Powers + MaxTicks - 1) / MaxTicks);
                    for (var power = 0; power <= Powers; power += step)
                        yield return 1L << (LowestPower + power);
                    yield break;
                }
                for (var quarter = 1; quarter <= 4 && Max >= 4; quarter++)
                    yield return Max / 4 * quarter;
            }
        }

        public double YOf(long value)
        {
            if (value <= 0)
                return Top + PlotHeight;
            return IsLog
                ? Top + ((PlotHeight - ZeroBand) * (1 - ((Math.Log2(value) - LowestPower) / Powers)))
                : Top + (PlotHeight * (1 - ((double)value / Max)));
        }
    }
}

/// <summary>Draws values along an axis with characters: a letter a line, a capital where the boot failed.</summary>
static class TextLineChart
{
    const int Rows = 15; // rows above the row of zero
    const int LabelWidth = 10;
    const char Empty = ' ', Between = '·', Several = '*';

    /// <param name="width">In characters.</param>
    public static void Write(LineChart chart, int width, TextWriter writer)
    {
        var lines = chart.Lines;
        if (chart.Range is not var (min, max))
        {
            writer.WriteLine($"chart: no {chart.Values} at any point");
            return;
        }
        // rows are powers of two, so that their labels are round
        var lowest = BitOperations.Log2((ulong)min);
        var range = BitOperations.Log2((ulong)max) + 1 - lowest;
        var step = Math.Max(1, (range + Rows - 1) / Rows);
        var plotWidth = width - LabelWidth - 2;
        // row 0 is the lowest
        var plot = new char[(range / step) + 2][];
        foreach (ref var row in plot.AsSpan())
            Array.Fill(row = new char[plotWidth], Empty);
        int RowOf(double value) => value <= 0
            ? 0
            : Math.Clamp(1 + (int)Math.Round((Math.Log2(value) - lowest) / step), 1, plot.Length - 1);

        var ticks = chart.Places;
        int ColumnOf(long at) => (int)Math.Round(LineChart.ShareOf(at, ticks[0], ticks[^1]) * (plotWidth - 1));
        for (var line = 0; line < lines.Count; line++)
            Draw(plot, lines[line].Points, LetterOf(line), point => (ColumnOf(point.At), RowOf(point.Value)));

        var capitals = chart.HasFailures ? "; a capital letter: the boot failed" : "";
        writer.WriteLine($"{chart.Values} against {chart.Along}{capitals}; *: more than one line");
        for (var row = plot.Length - 1; row >= 0; row--)
        {
            var label = row == 0 ? "0" : row % 2 == 1 ? chart.FormatValue(1L << (lowest + ((row - 1) * step))) : "";
            writer.WriteLine($"{label.PadLeft(LabelWidth)} │{new string(plot[row])}".TrimEnd());
        }
        writer.WriteLine($"{new string(' ', LabelWidth)} └{new string('─', plotWidth)}");
        writer.WriteLine($"{new string(' ', LabelWidth + 2)}{TickText(ticks, chart, ColumnOf, plotWidth)}".TrimEnd());
        for (var line = 0; line < lines.Count; line++)
            writer.WriteLine($"{new string(' ', LabelWidth + 2)}{LetterOf(line)}  {lines[line].Name}");
    }

    static char LetterOf(int line) => (char)('a' + (line % 26));

    static void Draw(
        char[][] plot, IReadOnlyList<ChartPoint> points, char letter, Func<ChartPoint, (int Column, int Row)> placeOf)
    {
        for (var i = 0; i < points.Count; i++)
        {
            var (column, row) = placeOf(points[i]);
            ref var cell = ref plot[row][column];
            cell = cell is not (Empty or Between) ? Several : points[i].Booted ? letter : char.ToUpperInvariant(letter);
            if (i == 0)
                continue;
            var (before, from) = placeOf(points[i - 1]);
            // a logarithmic axis has no line from zero to a value
            if ((from == 0) != (row == 0))
                continue;
            for (var between = before + 1; between < column; between++)
            {
                var rise = (double)(row - from) * (between - before) / (column - before);
                cell = ref plot[from + (int)Math.Round(rise)][between];
                cell = cell is Empty ? Between : cell;
            }
        }
    }

    /// <summary>As many labels as fit, each below its column.</summary>
    static string TickText(List<long> ticks, LineChart chart, Func<long, int> columnOf, int width)
    {
        var text = new char[width + LabelWidth];
        Array.Fill(text, ' ');
        var free = 0;
        foreach (var tick in ticks)
        {
            var label = chart.FormatAt(tick);
            var at = columnOf(tick);
            if (at < free || at + label.Length > text.Length)
                continue;
            label.CopyTo(0, text, at, label.Length);
            free = at + label.Length + 1;
        }
        return new string(text);
    }
}
