using Spectre.Console;

namespace Drover.Study.Drawing;

/// <summary>A table of text, laid out by Spectre.Console. In a pipe or a file its columns are as wide as their widest
/// cells; on a terminal cells wrap at the terminal's width, and headings are bold unless NO_COLOR is set.</summary>
sealed class FittedTable
{
    const int ColumnGap = 2;
    const int Unlimited = 1 << 20;

    readonly Table _table = new() { Border = TableBorder.None };

    public FittedTable(params IReadOnlyList<string> headings)
    {
        for (var i = 0; i < headings.Count; i++)
        {
            var heading = new Spectre.Console.Text(headings[i], new Style(decoration: Decoration.Bold));
            _table.AddColumn(new TableColumn(heading).Padding(0, 0, i == headings.Count - 1 ? 0 : ColumnGap, 0));
        }
    }

    /// <summary>A table without headings.</summary>
    public FittedTable(int columns) : this([.. Enumerable.Repeat("", columns)]) => _table.ShowHeaders = false;

    /// <param name="cells">Without control characters.</param>
    public void Add(params IReadOnlyList<string> cells) =>
        _table.AddRow(cells.Select(cell => new Spectre.Console.Text(cell)));

    public void WriteTo(Terminal terminal) => Write(terminal.Out, terminal.Screen?.Columns, HasStyles(terminal));

    /// <param name="columns">Where cells wrap; null for no limit.</param>
    public void WriteTo(TextWriter writer, int? columns = null) => Write(writer, columns, hasStyles: false);

    static bool HasStyles(Terminal terminal) =>
        terminal.Screen is not null
        && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb")
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary><c>a, b, c, d and 3 more</c>, without control characters.</summary>
    public static string ListOf(IReadOnlyCollection<string> names)
    {
        const int MaxNames = 4;
        var shown = PlainText.Of(string.Join(", ", names.Take(MaxNames)));
        return names.Count > MaxNames ? $"{shown} and {names.Count - MaxNames} more" : shown;
    }

    void Write(TextWriter writer, int? columns, bool hasStyles)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = hasStyles ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        console.Profile.Width = columns ?? Unlimited;
        console.Write(_table);
        // cells are padded to the width of their column, the last ones too
        foreach (var line in text.ToString().TrimEnd('\n').Split('\n'))
            writer.WriteLine(line.TrimEnd());
    }
}
