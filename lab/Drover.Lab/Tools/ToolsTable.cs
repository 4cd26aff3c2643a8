using System.Globalization;
using System.Text;

namespace Drover.Lab.Tools;

/// <summary>The cases for a person: a Markdown table, and below it what is wrong.</summary>
static class ToolsTable
{
    static readonly string[] Head = ["case", "verdict", "load calls", "failed", "removals", "kernel asked", "seconds"];

    public static string Of(IReadOnlyList<CaseVerdict> verdicts)
    {
        var cells = verdicts.Select(Cells).Prepend(Head).ToList();
        var widths = Enumerable.Range(0, Head.Length).Select(column => cells.Max(row => row[column].Length)).ToList();
        var text = new StringBuilder("each cell: kmod's / Drover's\n\n");
        for (var i = 0; i < cells.Count; i++)
        {
            text.Append("| ").AppendJoin(" | ", cells[i].Select((cell, column) => cell.PadRight(widths[column]))).AppendLine(" |");
            if (i == 0)
                text.Append('|').AppendJoin('|', widths.Select(width => new string('-', width + 2))).AppendLine("|");
        }
        foreach (var verdict in verdicts)
            foreach (var problem in verdict.Problems)
                text.AppendLine(CultureInfo.InvariantCulture, $"{verdict.Drover.Name}: {problem}");
        var ran = verdicts.Where(verdict => !verdict.IsSkipped).ToList();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"{ran.Count} cases, {ran.Count(verdict => verdict.Problems.Count == 0)} as they should be, {verdicts.Count - ran.Count} skipped");
        return text.ToString();
    }

    static string[] Cells(CaseVerdict verdict)
    {
        var (kmod, drover) = (verdict.Kmod, verdict.Drover);
        return drover.Skipped is { } why
            ? [drover.Name, $"skipped: {why}", "", "", "", "", ""]
            :
            [
                drover.Name, verdict.Problems.Count > 0 ? "WRONG" : verdict.IsOwn ? "kept" : "equal",
                $"{kmod.Calls.Count} / {drover.Calls.Count}", $"{Failed(kmod)} / {Failed(drover)}",
                $"{kmod.Removals.Values.Sum()} / {drover.Removals.Values.Sum()}", $"{kmod.Requests} / {drover.Requests}",
                string.Create(CultureInfo.InvariantCulture, $"{kmod.Seconds:0.0} / {drover.Seconds:0.0}"),
            ];
    }

    static int Failed(CaseResult result) => result.Calls.Count(call => call.Result != "0");
}
