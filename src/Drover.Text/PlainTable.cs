namespace Drover.Text;

/// <summary>A text table: each column is as wide as its widest cell; the last column is not padded. Control characters
/// are replaced (<see cref="PlainText"/>).</summary>
public sealed class PlainTable
{
    readonly List<string[]> _rows = [];

    /// <param name="headings">The first row; empty for a table without headings.</param>
    public PlainTable(params string[] headings)
    {
        if (headings.Length > 0)
            Add(headings);
    }

    public void Add(params string[] cells) => _rows.Add(Array.ConvertAll(cells, PlainText.Of));

    /// <summary>Cuts a text to <paramref name="maxLength"/> characters, the last one an ellipsis.</summary>
    public static string Shorten(string text, int maxLength) =>
        text.Length <= maxLength ? text : $"{text.AsSpan(0, maxLength - 1)}…";

    public void WriteTo(TextWriter writer)
    {
        var widths = Enumerable.Range(0, _rows[0].Length).Select(column => _rows.Max(row => row[column].Length))
            .ToArray();
        foreach (var row in _rows)
        {
            for (var column = 0; column < row.Length - 1; column++)
                writer.Write(row[column].PadRight(widths[column] + 2));
            writer.WriteLine(row[^1]);
        }
    }
}
