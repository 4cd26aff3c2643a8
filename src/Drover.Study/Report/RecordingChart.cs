using Drover.Study.Drawing;
using Drover.Study.Recordings;

namespace Drover.Study.Report;

static class RecordingChart
{
    const int MaxTextRows = 40;
    const int MaxTextName = 28;
    const char Loading = '█', Waiting = '·', Failed = 'x';

    public static readonly string TextKey =
        $"{Loading} loading, {Waiting} waiting, {Failed} failed, * on the critical path";

    /// <summary>A row a worker; a row a module if the source does not record workers.</summary>
    public static List<GanttRow> RowsOf(Recording recording, IReadOnlyList<PathStep> path)
    {
        var rows = new Dictionary<string, GanttRow>(StringComparer.Ordinal);
        foreach (var call in recording.Calls)
        {
            var row = GanttRows.RowOf(rows, NameOf(call));
            row.Calls++;
            if (call.RequestNs is { } requested && requested < call.StartNs)
            {
                var reason = call.Needed.Count > 0 ? $"for {FittedTable.ListOf(call.Needed)}" : "for its turn";
                row.Bars.Add(new GanttBar(requested, call.StartNs, CallState.Waiting, call.Module, reason)
                {
                    Part = GanttPart.Queued,
                });
            }
            row.Bars.Add(BarOf(call));
        }
        foreach (var step in path)
            GanttRows.RowOf(rows, NameOf(step.Call)).Path.Add(BarOf(step.Call));
        return [.. rows.Values];

        static string NameOf(RecordedCall call) => call.Worker.Length > 0 ? call.Worker : call.Module;
    }

    /// <param name="width">Of the bars, in characters.</param>
    public static void WriteText(List<GanttRow> rows, long endNs, int width, TextWriter writer)
    {
        var shown = GanttRows.Busiest(rows, MaxTextRows);
        if (shown.Count < rows.Count)
            writer.WriteLine($"the {shown.Count} rows with most calls; {rows.Count - shown.Count} more are left out");
        if (shown.Count == 0)
            return;
        var table = new FittedTable(columns: 3);
        foreach (var row in shown)
        {
            var name = row.Workers > 0 ? $"{row.Name} ({row.Workers} ×)" : row.Name;
            table.Add(
                $"{(row.Path.Count > 0 ? '*' : ' ')} {PlainTable.Shorten(name, MaxTextName)}",
                $"│{TextOf(row, Math.Max(endNs, 1), width)}│",
                Figures.Seconds(row.Bars.Count > 0 ? row.Bars[^1].ToNs : 0));
        }
        // wrapped bars would be unreadable
        table.WriteTo(writer);
    }

    static GanttBar BarOf(RecordedCall call)
    {
        var outcome = call.Requester is null ? call.Outcome : $"{call.Outcome}, for {call.Requester}";
        return new GanttBar(call.StartNs, call.EndNs, call.State, call.Module, outcome);
    }

    static string TextOf(GanttRow row, long endNs, int width)
    {
        var cells = new char[width];
        Array.Fill(cells, ' ');
        foreach (var bar in row.Bars)
        {
            var mark = bar.State switch { CallState.Loading => Loading, CallState.Failed => Failed, _ => Waiting };
            for (var column = ColumnOf(bar.FromNs); column <= ColumnOf(bar.ToNs); column++)
            {
                // loading hides failed, failed hides waiting
                if (cells[column] is not Loading && (cells[column], mark) is not (Failed, Waiting))
                    cells[column] = mark;
            }
        }
        return new string(cells);

        int ColumnOf(long ns) => Math.Clamp((int)((double)ns / endNs * width), 0, width - 1);
    }
}
