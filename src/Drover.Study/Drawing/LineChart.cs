using System.Numerics;
using System.Text.Json;

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

/// <summary>Writes values along an axis as a figure that page.js draws, and as a table; a cross marks a boot that
/// failed.</summary>
static class LineFigure
{
    const double ZeroBand = 0.08; // the share of a logarithmic axis below its lowest value, for zero
    const int MaxTicks = 9, Colours = 8;

    public static void Write(HtmlWriter html, LineChart chart)
    {
        var (lines, places) = (chart.Lines, chart.Places);
        var scale = ValueScale.Of(chart);
        html.Figure("chart lines", json =>
        {
            json.WriteString("x", chart.Along);
            json.WriteString("y", chart.Values);
            WriteTicks(json, "xTicks", places, XOf, chart.FormatAt);
            WriteTicks(
                json, "yTicks", scale.Ticks, scale.ShareOf, tick => tick == 0 ? "0" : chart.FormatValue(tick));
            json.WriteObjects("lines", lines, line =>
            {
                json.WriteString("name", line.Name);
                json.WriteStartArray("points");
                foreach (var point in line.Points)
                {
                    json.WriteStartArray();
                    WriteShare(json, XOf(point.At));
                    WriteShare(json, scale.ShareOf(point.Value));
                    json.WriteBooleanValue(point.Booted);
                    json.WriteStringValue($"{chart.FormatValue(point.Value)} at {chart.FormatAt(point.At)} "
                        + $"{chart.Along}{(point.Booted ? "" : "; the boot failed")}");
                    json.WriteEndArray();
                }
                json.WriteEndArray();
            });
        });
        html.Raw("<ul class=\"lines\">");
        for (var line = 0; line < lines.Count; line++)
            html.Line($"<li><span class=\"mark key c{line % Colours}\"></span>{lines[line].Name}</li>");
        html.Raw("</ul>");
        if (chart.HasFailures)
            html.Raw("<p class=\"dim\">A cross: the boot failed.</p>");
        WriteTable(html, chart);

        double XOf(long at) => LineChart.ShareOf(at, places[0], places[^1]);
    }

    static void WriteTicks(
        Utf8JsonWriter json, string name, IEnumerable<long> ticks, Func<long, double> shareOf,
        Func<long, string> format)
    {
        json.WriteStartArray(name);
        foreach (var tick in ticks)
        {
            json.WriteStartArray();
            WriteShare(json, shareOf(tick));
            json.WriteStringValue(format(tick));
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    static void WriteShare(Utf8JsonWriter json, double share) => json.WriteNumberValue(Math.Round(share, 4));

    static void WriteTable(HtmlWriter html, LineChart chart)
    {
        html.Raw("<details><summary>The chart as a table</summary>\n<div class=\"wide\"><table class=\"figures\">");
        html.Headings([chart.Along, .. chart.Lines.Select(line => new HtmlCell(line.Name))]);
        foreach (var place in chart.Places)
        {
            html.Row([chart.FormatAt(place), .. chart.Lines.Select(line => new HtmlCell(
                line.Points.Where(point => point.At == place).Select(point =>
                    $"{chart.FormatValue(point.Value)}{(point.Booted ? "" : " (failed)")}").FirstOrDefault("")))]);
        }
        html.Raw("</table></div></details>");
    }

    /// <summary>Values to shares of an axis: linear from zero, or logarithmic above a band for zero.</summary>
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

        public double ShareOf(long value)
        {
            if (value <= 0)
                return 0;
            return IsLog
                ? ZeroBand + ((1 - ZeroBand) * ((Math.Log2(value) - LowestPower) / Powers))
                : (double)value / Max;
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
