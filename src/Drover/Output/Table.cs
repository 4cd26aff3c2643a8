namespace Drover.Output;

/// <summary>A table for people: columns as wide as their widest cell, the last one as it comes.</summary>
sealed class Table
{
    readonly List<string[]> _rows = [];

    /// <param name="headings">The first row; none for a table without.</param>
    public Table(params string[] headings)
    {
        if (headings.Length > 0)
            _rows.Add(headings);
    }

    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>The beginning of a text that is too long for a cell: the modalias of a processor is a whole screen.</summary>
    public static string Shorten(string text, int most) => text.Length <= most ? text : $"{text.AsSpan(0, most - 1)}…";

    public void WriteTo(TextWriter writer)
    {
        var widths = Enumerable.Range(0, _rows[0].Length).Select(column => _rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in _rows)
        {
            for (var column = 0; column < row.Length - 1; column++)
                writer.Write(row[column].PadRight(widths[column] + 2));
            writer.WriteLine(row[^1]);
        }
    }
}
