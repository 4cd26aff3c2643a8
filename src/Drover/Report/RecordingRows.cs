namespace Drover.Report;

/// <summary>A recording as the rows of a Gantt chart: a row a worker, and a row a module where the source knows no workers. Stateless.</summary>
static class RecordingRows
{
    /// <param name="path">Its critical path.</param>
    public static List<Row> Of(Recording recording, IReadOnlyList<PathStep> path)
    {
        var rows = new Dictionary<string, Row>(StringComparer.Ordinal);
        foreach (var call in recording.Calls)
        {
            var row = RowOf(rows, call);
            row.Calls++;
            if (call.WantedNs is { } wanted && wanted < call.StartNs)
                row.Bars.Add(new Bar(wanted, call.StartNs, BarKind.Waiting, call.Module, call.Needed.Count > 0 ? $"for {Names(call.Needed)}" : "for its turn"));
            row.Bars.Add(BarOf(call));
        }
        foreach (var step in path)
            RowOf(rows, step.Call).Path.Add(BarOf(step.Call));
        return [.. rows.Values];
    }

    /// <summary>The first of them, and how many more.</summary>
    public static string Names(IReadOnlyList<string> names)
    {
        const int Most = 4;
        var text = string.Join(", ", names.Take(Most));
        return names.Count > Most ? $"{text} and {names.Count - Most} more" : text;
    }

    static Row RowOf(Dictionary<string, Row> rows, RecordedCall call)
    {
        var name = call.Worker.Length > 0 ? call.Worker : call.Module;
        if (!rows.TryGetValue(name, out var row))
            rows.Add(name, row = new Row(name));
        return row;
    }

    static Bar BarOf(RecordedCall call) => new(call.StartNs, call.EndNs, call.Kind, call.Module, call.Asker is null ? call.Outcome : $"{call.Outcome}, for {call.Asker}");
}
