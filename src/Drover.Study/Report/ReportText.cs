using Drover.Study.Drawing;
using Drover.Study.Recordings;

namespace Drover.Study.Report;

/// <summary>Recordings as text: the contents of the page, drawn with characters.</summary>
static class ReportText
{
    const int NameColumns = 34; // beside the bars of a Gantt chart: names and times
    const int MinBars = 12, UsualColumns = 80;
    const int MaxSteps = 12;

    /// <param name="recordings">At least one.</param>
    public static void Write(IReadOnlyList<Recording> recordings, Terminal terminal)
    {
        var writer = terminal.Out;
        if (recordings.Count == 2)
            writer.WriteLine(PlainText.Of(Figures.Compare(recordings[0], recordings[1])));
        if (recordings.Count <= 2)
            WriteFew(recordings, terminal);
        else
            WriteRuns(recordings, terminal);
        foreach (var recording in recordings)
        {
            foreach (var warning in recording.Warnings)
                writer.WriteLine(PlainText.Of($"{recording.Name}: {warning}"));
        }
    }

    static void WriteFew(IReadOnlyList<Recording> recordings, Terminal terminal)
    {
        foreach (var recording in recordings)
            terminal.Out.WriteLine(PlainText.Of(Figures.Sentence(recording)));
        terminal.Out.WriteLine();
        var table = new FittedTable(["", .. recordings.Select(recording => recording.Name)]);
        foreach (var figure in Figures.Of(recordings))
            table.Add([figure.Name, .. figure.Values.Select(figure.Format)]);
        table.Add(["how calls ended", .. recordings.Select(Figures.ByResult)]);
        table.WriteTo(terminal);
        if (Figures.HaveCalls(recordings))
        {
            var endNs = recordings.Max(recording => recording.LengthNs);
            foreach (var recording in recordings)
                WriteTimeline(recording, endNs, terminal);
        }
        WriteWaste(recordings, terminal);
    }

    static void WriteTimeline(Recording recording, long endNs, Terminal terminal)
    {
        var path = CriticalPath.Of(recording.Calls);
        var writer = terminal.Out;
        writer.WriteLine();
        writer.WriteLine(PlainText.Of($"{recording.Name}: 0 to {Figures.Seconds(endNs)}; {RecordingChart.TextKey}"));
        var rows = GanttRows.ByModule(RecordingChart.RowsOf(recording, path));
        RecordingChart.WriteText(rows, endNs, Math.Max(ColumnsOf(terminal) - NameColumns, MinBars), writer);
        writer.WriteLine();
        writer.WriteLine("the critical path: the calls that determined the end");
        var table = new FittedTable("MODULE", "FROM", "TOOK", "WHY NOT EARLIER");
        for (var step = Math.Max(0, path.Count - MaxSteps); step < path.Count; step++)
        {
            var call = path[step].Call;
            table.Add(
                call.Module, Figures.Seconds(call.StartNs), Figures.Seconds(call.TookNs), Figures.Reason(path, step));
        }
        table.WriteTo(terminal);
    }

    static int ColumnsOf(Terminal terminal) => Math.Clamp(terminal.Screen?.Columns ?? UsualColumns, 30, 160);

    static void WriteWaste(IReadOnlyList<Recording> recordings, Terminal terminal)
    {
        var waste = ModuleWaste.Of(recordings);
        if (waste.Count == 0)
            return;
        terminal.Out.WriteLine();
        var table = new FittedTable(["IN VAIN", .. recordings.Select(recording => recording.Name)]);
        foreach (var module in waste)
        {
            var cells = module.Bytes.Zip(module.Calls, (bytes, calls) =>
                $"{ByteSize.Format(bytes)} in {Figures.Count(calls)} calls");
            table.Add([module.Module, .. cells]);
        }
        table.WriteTo(terminal);
    }

    static void WriteRuns(IReadOnlyList<Recording> recordings, Terminal terminal)
    {
        var table = new FittedTable("WHO", "CPUS", "CALLS", "IN VAIN", "TIME", "HOW CALLS ENDED")
        {
            Optional = ["HOW CALLS ENDED", "IN VAIN"],
        };
        foreach (var run in recordings)
        {
            table.Add(
                run.Name, run.Cpus is { } cpus ? Figures.Count(cpus) : "", Figures.Count(run.TotalCalls),
                ByteSize.Format(run.InVainBytes), Figures.Seconds(run.LengthNs), Figures.ByResult(run));
        }
        table.WriteTo(terminal);
        if (Figures.CallsAgainstCpus(recordings) is { } chart)
        {
            terminal.Out.WriteLine();
            TextLineChart.Write(chart, ColumnsOf(terminal) - 2, terminal.Out);
        }
    }
}
