using System.Numerics;

namespace Drover.Report;

/// <summary>Values along an axis, drawn with letters: each a line, a capital where the boot failed. Stateless.</summary>
static class TextLineChart
{
    /// <summary>Rows above the one of zero.</summary>
    const int Rows = 15;

    const int LabelWidth = 10;

    /// <param name="width">Of the whole, in characters.</param>
    public static void Write(LineChart chart, int width, TextWriter writer)
    {
        var lines = chart.Lines;
        if (chart.Range() is not var (least, most))
        {
            writer.WriteLine($"chart: no {chart.Values} at any point");
            return;
        }
        // rows are powers of two, so that their labels are round
        var lowest = BitOperations.Log2((ulong)least);
        var range = BitOperations.Log2((ulong)most) + 1 - lowest;
        var step = Math.Max(1, (range + Rows - 1) / Rows);
        var plot = new Plot((range / step) + 2, width - LabelWidth - 2);
        int RowOf(double value) => value <= 0 ? 0 : Math.Clamp(1 + (int)Math.Round((Math.Log2(value) - lowest) / step), 1, plot.Height - 1);

        var ticks = chart.Ats();
        int ColumnOf(long at) => (int)Math.Round(LineChart.ShareOf(at, ticks[0], ticks[^1]) * (plot.Width - 1));
        for (var line = 0; line < lines.Count; line++)
            Draw(plot, lines[line].Points, (char)('a' + (line % 26)), point => (ColumnOf(point.At), RowOf(point.Value)));

        writer.WriteLine($"{chart.Values} against {chart.Along}{(chart.HasFailures ? "; a capital letter: the boot failed" : "")}; *: more than one line");
        for (var row = plot.Height - 1; row >= 0; row--)
        {
            var label = row == 0 ? "0" : row % 2 == 1 ? chart.FormatValue(1L << (lowest + ((row - 1) * step))) : "";
            writer.WriteLine($"{label.PadLeft(LabelWidth)} │{plot.RowText(row)}".TrimEnd());
        }
        writer.WriteLine($"{new string(' ', LabelWidth)} └{new string('─', plot.Width)}");
        writer.WriteLine($"{new string(' ', LabelWidth + 2)}{TickText(ticks, chart, ColumnOf, plot.Width)}".TrimEnd());
        for (var line = 0; line < lines.Count; line++)
            writer.WriteLine($"{new string(' ', LabelWidth + 2)}{(char)('a' + (line % 26))}  {lines[line].Name}");
    }

    static void Draw(Plot plot, List<ChartPoint> points, char letter, Func<ChartPoint, (int Column, int Row)> placeOf)
    {
        for (var i = 0; i < points.Count; i++)
        {
            var (column, row) = placeOf(points[i]);
            plot.Mark(column, row, points[i].Booted ? letter : char.ToUpperInvariant(letter));
            if (i == 0)
                continue;
            var (before, from) = placeOf(points[i - 1]);
            // there is no way from nothing to something on a logarithmic axis
            if ((from == 0) != (row == 0))
                continue;
            for (var between = before + 1; between < column; between++)
                plot.Dot(between, from + (int)Math.Round((double)(row - from) * (between - before) / (column - before)));
        }
    }

    /// <summary>As many of the values as have room, each below its column.</summary>
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

    /// <summary>A field of characters; row 0 is the lowest.</summary>
    sealed class Plot(int height, int width)
    {
        const char Empty = ' ';
        const char Between = '·';
        const char Several = '*';

        readonly char[] _cells = [.. Enumerable.Repeat(Empty, height * width)];

        public int Height => height;

        public int Width => width;

        public void Mark(int column, int row, char letter)
        {
            ref var cell = ref _cells[(row * width) + column];
            cell = cell is Empty or Between ? letter : Several;
        }

        public void Dot(int column, int row)
        {
            ref var cell = ref _cells[(row * width) + column];
            if (cell is Empty)
                cell = Between;
        }

        public string RowText(int row) => new(_cells, row * width, width);
    }
}
