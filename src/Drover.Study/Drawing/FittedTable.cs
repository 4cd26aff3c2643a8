using System.Text.RegularExpressions;
using Spectre.Console;

namespace Drover.Study.Drawing;

/// <summary>A table of text, laid out by Spectre.Console. In a pipe or a file its columns are as wide as their widest
/// cells. On a terminal it fits the width: long texts are cut with an ellipsis, the widest first, and then columns that
/// matter least are left out. With colours, headings are bold and errnos red. Control characters of cells are
/// replaced.</summary>
sealed partial class FittedTable
{
    const int ColumnGap = 2;
    const int Unlimited = 1 << 20;
    const int MinText = 10; // a column of texts is not cut to less, and a narrower one is not cut: it has numbers

    readonly List<string> _headings;
    readonly List<IReadOnlyList<string>> _rows = [];
    readonly bool _hasHeadings = true;

    public FittedTable(params IReadOnlyList<string> headings) =>
        _headings = [.. headings.Select(PlainText.Of)];

    /// <summary>A table without headings.</summary>
    public FittedTable(int columns) : this([.. Enumerable.Repeat("", columns)]) => _hasHeadings = false;

    /// <summary>Headings of columns that may be left out, the first of them first.</summary>
    public IReadOnlyList<string> Optional { get; init; } = [];

    public void Add(params IReadOnlyList<string> cells) => _rows.Add([.. cells.Select(PlainText.Of)]);

    public void WriteTo(Terminal terminal) => Write(terminal.Out, terminal.Screen?.Columns, HasStyles(terminal));

    /// <param name="columns">The width to fit; null for no limit.</param>
    public void WriteTo(TextWriter writer, int? columns = null) => Write(writer, columns, hasStyles: false);

    static bool HasStyles(Terminal terminal) => terminal.HasColors ?? (
        terminal.Screen is not null
        && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb")
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")));

    /// <summary><c>a, b, c, d and 3 more</c>, without control characters.</summary>
    public static string ListOf(IReadOnlyCollection<string> names)
    {
        const int MaxNames = 4;
        var shown = PlainText.Of(string.Join(", ", names.Take(MaxNames)));
        return names.Count > MaxNames ? $"{shown} and {names.Count - MaxNames} more" : shown;
    }

    /// <summary>The width of each column; 0 for one that is left out.</summary>
    int[] Fit(int columns)
    {
        int[] widths = [.. _headings.Select((heading, column) =>
            Math.Max(1, _rows.Select(row => row[column].Length).Append(heading.Length).Max()))];
        var left = new Queue<string>(Optional);
        while (widths.Sum() + (ColumnGap * (widths.Count(width => width > 0) - 1)) is var all && all > columns)
        {
            var widest = Array.IndexOf(widths, widths.Max());
            if (widths[widest] > MinText)
            {
                var next = widths.Where((_, column) => column != widest).Append(MinText).Max();
                widths[widest] = Math.Max(Math.Min(next, widths[widest] - 1), widths[widest] - (all - columns));
            }
            else if (left.TryDequeue(out var heading))
            {
                if (_headings.IndexOf(heading) is > 0 and var column)
                    widths[column] = 0;
            }
            else
            {
                break;
            }
        }
        return widths;
    }

    /// <summary>The end of a path tells more than its start.</summary>
    static string Cut(string text, int width) => text.Length <= width ? text
        : text.StartsWith('/') ? $"…{text.AsSpan(text.Length - width + 1)}"
        : PlainTable.Shorten(text, width);

    static Paragraph CellOf(string text)
    {
        var cell = new Paragraph();
        var at = 0;
        foreach (var match in Error.EnumerateMatches(text))
        {
            cell.Append(text[at..match.Index]);
            cell.Append(text.Substring(match.Index, match.Length), new Style(Color.Red));
            at = match.Index + match.Length;
        }
        return cell.Append(text[at..]);
    }

    void Write(TextWriter writer, int? columns, bool hasStyles)
    {
        var widths = Fit(columns ?? Unlimited);
        int[] shown = [.. Enumerable.Range(0, widths.Length).Where(column => widths[column] > 0)];
        var table = new Table { Border = TableBorder.None, ShowHeaders = _hasHeadings };
        foreach (var column in shown)
        {
            var heading = new Spectre.Console.Text(
                Cut(_headings[column], widths[column]), new Style(decoration: Decoration.Bold));
            table.AddColumn(new TableColumn(heading).Padding(0, 0, column == shown[^1] ? 0 : ColumnGap, 0));
        }
        foreach (var row in _rows)
            table.AddRow(shown.Select(column => CellOf(Cut(row[column], widths[column]))));

        using var text = new StringWriter { NewLine = "\n" };
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = hasStyles ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = hasStyles ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        console.Profile.Width = Unlimited;
        console.Write(table);
        // cells are padded to the width of their column, the last ones too
        foreach (var line in text.ToString().TrimEnd('\n').Split('\n'))
            writer.WriteLine(line.TrimEnd());
    }

    [GeneratedRegex(@"\bE[A-Z0-9]{3,}\b", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    static partial Regex Error { get; }
}
