using Drover.Cli;
using Drover.Output;

namespace Drover.Report;

/// <summary>Recordings for a terminal: what the page has, in characters. Stateless.</summary>
static class ReportText
{
    /// <summary>Of the bars of a Gantt chart: most terminals have eighty columns, and names and times take thirty.</summary>
    const int GanttWidth = 46;

    const int ChartWidth = 78;

    /// <summary>Steps of a critical path, its last ones.</summary>
    const int MostSteps = 12;

    /// <param name="recordings">At least one.</param>
    public static void Write(IReadOnlyList<Recording> recordings, TextWriter writer)
    {
        if (recordings.Count == 2)
            writer.WriteLine(PlainText.Of(Figures.Compare(recordings[0], recordings[1])));
        if (recordings.Count > 2)
        {
            WriteRuns(recordings, writer);
            return;
        }
        foreach (var recording in recordings)
            writer.WriteLine(PlainText.Of(Figures.Sentence(recording)));
        writer.WriteLine();
        WriteFigures(recordings, writer);
        if (Figures.HaveCalls(recordings))
        {
            var endNs = recordings.Max(recording => recording.LengthNs);
            foreach (var recording in recordings)
                WriteTimeline(recording, endNs, writer);
        }
        WriteWaste(recordings, writer);
        WriteDoubts(recordings, writer);
    }

    static void WriteFigures(IReadOnlyList<Recording> recordings, TextWriter writer)
    {
        var table = new Table(["", .. recordings.Select(recording => PlainText.Of(recording.Name))]);
        foreach (var figure in Figures.Of(recordings))
            table.Add([figure.Name, .. figure.Values.Select(figure.Format)]);
        table.Add(["how calls ended", .. recordings.Select(recording => PlainText.Of(Figures.ByResult(recording)))]);
        table.WriteTo(writer);
    }

    static void WriteTimeline(Recording recording, long endNs, TextWriter writer)
    {
        var path = CriticalPath.Of(recording.Calls);
        writer.WriteLine();
        writer.WriteLine(PlainText.Of($"{recording.Name}: 0 to {Figures.Seconds(endNs)}; {TextGantt.Key}"));
        TextGantt.Write(ModuleRows.Of(RecordingRows.Of(recording, path)), endNs, GanttWidth, writer);
        writer.WriteLine();
        writer.WriteLine("the critical path: what the end waited for");
        var table = new Table("MODULE", "FROM", "TOOK", "WHY NOT EARLIER");
        for (var step = Math.Max(0, path.Count - MostSteps); step < path.Count; step++)
            table.Add(PlainText.Of(path[step].Call.Module), Figures.Seconds(path[step].Call.StartNs), Figures.Seconds(path[step].Call.TookNs), PlainText.Of(Figures.Reason(path, step)));
        table.WriteTo(writer);
    }

    static void WriteWaste(IReadOnlyList<Recording> recordings, TextWriter writer)
    {
        var waste = ModuleWaste.Of(recordings);
        if (waste.Count == 0)
            return;
        writer.WriteLine();
        var table = new Table(["IN VAIN", .. recordings.Select(recording => PlainText.Of(recording.Name))]);
        foreach (var module in waste)
            table.Add([PlainText.Of(module.Module), .. Enumerable.Range(0, recordings.Count).Select(i => $"{ByteSize.Format(module.Bytes[i])} in {Figures.Count(module.Calls[i])} calls")]);
        table.WriteTo(writer);
    }

    static void WriteRuns(IReadOnlyList<Recording> recordings, TextWriter writer)
    {
        var table = new Table("WHO", "CPUS", "CALLS", "IN VAIN", "TIME", "HOW CALLS ENDED");
        foreach (var run in recordings)
            table.Add(PlainText.Of(run.Name), run.Cpus is { } cpus ? Figures.Count(cpus) : "", Figures.Count(run.TotalCalls), ByteSize.Format(run.InVainBytes), Figures.Seconds(run.LengthNs), PlainText.Of(Figures.ByResult(run)));
        table.WriteTo(writer);
        if (Figures.CallsAgainstCpus(recordings) is { } chart)
        {
            writer.WriteLine();
            TextLineChart.Write(chart, ChartWidth, writer);
        }
        WriteDoubts(recordings, writer);
    }

    static void WriteDoubts(IReadOnlyList<Recording> recordings, TextWriter writer)
    {
        foreach (var recording in recordings)
        {
            foreach (var doubt in recording.Doubts)
                writer.WriteLine(PlainText.Of($"{recording.Name}: {doubt}"));
        }
    }
}
