using Drover.Output;

namespace Drover.Report;

/// <summary>Draws who loaded when with characters, for a terminal. Stateless.</summary>
static class TextGantt
{
    /// <summary>A screen of them.</summary>
    const int MostRows = 40;

    const int MostName = 28;
    const char Loading = '█', Waiting = '·', Failed = 'x';

    public static readonly string Key = $"{Loading} loading, {Waiting} waiting, {Failed} failed, * on the critical path";

    /// <param name="width">Of the bars, in characters.</param>
    public static void Write(List<Row> rows, long endNs, int width, TextWriter writer)
    {
        var shown = ModuleRows.Busiest(rows, MostRows);
        if (shown.Count < rows.Count)
            writer.WriteLine($"the {shown.Count} rows with most calls; {rows.Count - shown.Count} more are left out");
        var table = new Table();
        foreach (var row in shown)
            table.Add($"{(row.Path.Count > 0 ? '*' : ' ')} {Table.Shorten(PlainText.Of(row.Name), MostName)}", $"│{Draw(row, Math.Max(endNs, 1), width)}│", Figures.Seconds(row.Bars.Count > 0 ? row.Bars[^1].ToNs : 0));
        if (shown.Count > 0)
            table.WriteTo(writer);
    }

    static string Draw(Row row, long endNs, int width)
    {
        var cells = new char[width];
        Array.Fill(cells, ' ');
        foreach (var bar in row.Bars)
        {
            var (from, to) = (ColumnOf(bar.FromNs), ColumnOf(bar.ToNs));
            // what was loaded is never hidden by what waited or failed beside it
            for (var column = from; column <= to; column++)
                cells[column] = cells[column] == Loading ? Loading : bar.Kind switch { BarKind.Loading => Loading, BarKind.Waiting => cells[column] == Failed ? Failed : Waiting, _ => Failed };
        }
        return new string(cells);

        int ColumnOf(long ns) => Math.Clamp((int)((double)ns / endNs * width), 0, width - 1);
    }
}
