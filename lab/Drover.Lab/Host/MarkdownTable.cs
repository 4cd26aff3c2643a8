using System.Text;

namespace Drover.Lab.Host;

/// <summary>A Markdown table with padded cells, readable as plain text.</summary>
static class MarkdownTable
{
    public static string Format(string[] head, IEnumerable<string[]> rows)
    {
        var cells = rows.Prepend(head).ToList();
        var widths = head.Select((_, column) => cells.Max(row => row[column].Length)).ToList();
        var text = new StringBuilder();
        foreach (var (index, row) in cells.Index())
        {
            var padded = row.Select((cell, column) => cell.PadRight(widths[column]));
            text.Append("| ").AppendJoin(" | ", padded).AppendLine(" |");
            if (index == 0)
                text.Append('|').AppendJoin('|', widths.Select(width => new string('-', width + 2))).AppendLine("|");
        }
        return text.ToString();
    }
}
