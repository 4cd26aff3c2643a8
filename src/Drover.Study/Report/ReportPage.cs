using Drover.Study.Drawing;
using Drover.Study.Recordings;

namespace Drover.Study.Report;

/// <summary>Recordings as a page: one alone, two side by side, more as a table and a chart (docs/report.md).</summary>
static class ReportPage
{
    const int MaxSteps = 25;
    const double BarEm = 11; // the longest bar in a table, in em

    /// <param name="recordings">At least one.</param>
    public static void Write(TextWriter writer, string title, IReadOnlyList<Recording> recordings) => HtmlPage.Write(
        writer, title, html => WriteBody(html, recordings), "figures are those of the recordings named above");

    static void WriteBody(HtmlWriter html, IReadOnlyList<Recording> recordings)
    {
        if (recordings.Count == 2)
            html.Line($"<p class=\"lead\">{Figures.Compare(recordings[0], recordings[1])}</p>");
        if (recordings.Count <= 2)
            WriteFew(html, recordings);
        else
            WriteRuns(html, recordings);
        foreach (var recording in recordings)
        {
            foreach (var warning in recording.Warnings)
                html.Line($"<p class=\"dim\">{recording.Name}: {warning}</p>");
        }
    }

    static void WriteFew(HtmlWriter html, IReadOnlyList<Recording> recordings)
    {
        foreach (var recording in recordings)
            html.Line($"<p>{Figures.Sentence(recording)}</p>");
        WriteFigures(html, recordings);
        WriteCharts(html, recordings);
        WriteWaste(html, recordings);
    }

    static void WriteFigures(HtmlWriter html, IReadOnlyList<Recording> recordings)
    {
        html.Raw("<h2>Figures</h2>\n<div class=\"wide\"><table>\n<tr><th></th>");
        for (var i = 0; i < recordings.Count; i++)
            html.Line($"<th colspan=\"2\"><span class=\"mark key c{i}\"></span>{recordings[i].Name}</th>");
        html.Raw("</tr>");
        foreach (var figure in Figures.Of(recordings))
        {
            html.Line($"<tr><td>{figure.Name}</td>");
            for (var i = 0; i < figure.Values.Count; i++)
            {
                html.Line($"<td class=\"figure\">{figure.Format(figure.Values[i])}</td>");
                WriteBar(html, figure.Values[i], figure.Values.Max(), i);
            }
            html.Raw("</tr>");
        }
        WriteWide("how calls ended", Figures.ByResult);
        WriteWide("from", recording => recording.Source);
        html.Raw("</table></div>");

        void WriteWide(string name, Func<Recording, string> cell)
        {
            html.Line($"<tr><td>{name}</td>");
            foreach (var recording in recordings)
                html.Line($"<td colspan=\"2\">{cell(recording)}</td>");
            html.Raw("</tr>");
        }
    }

    /// <summary>A cell with a bar, on the same scale in each recording.</summary>
    static void WriteBar(HtmlWriter html, long value, long max, int recording)
    {
        var width = max == 0 ? 0 : BarEm * value / max;
        html.Line($"<td class=\"bar\"><div class=\"mark c{recording}\" style=\"width:{width}em\"></div></td>");
    }

    static void WriteCharts(HtmlWriter html, IReadOnlyList<Recording> recordings)
    {
        if (!Figures.HaveCalls(recordings))
            return;
        List<List<PathStep>> paths = [.. recordings.Select(recording => CriticalPath.Of(recording.Calls))];
        html.Raw($"<h2>Load calls over time</h2>\n<p>{HtmlPage.Key} <span class=\"key path\"></span>the critical path: "
            + "the calls that determined the end.</p>");
        new GanttFigure(
            "Load calls over time", $"seconds; 0 is {StartOf(recordings)}",
            recordings.Max(recording => recording.LengthNs), GanttFigure.MaxBarsOfPage)
            .Write(html, [.. recordings.Select((recording, i) => new GanttRun(
                recording.Name, RecordingChart.RowsOf(recording, paths[i]),
                recording.Calls.Any(call => call.Worker.Length > 0)))]);
        html.Raw("<h2>The critical path</h2>");
        WriteEach(html, recordings, i => WritePath(html, paths[i]));
    }

    /// <summary>Where the time begins, of "first call to last call's end" the first part.</summary>
    static string StartOf(IReadOnlyList<Recording> recordings) => string.Join(
        " or ", recordings.Select(recording => recording.Span.Split(" to ")[0]).Distinct().Select(start =>
            start.StartsWith("first ", StringComparison.Ordinal) ? $"the {start}" : $"the {start}'s start"));

    /// <summary>Two recordings stand side by side.</summary>
    static void WriteEach(HtmlWriter html, IReadOnlyList<Recording> recordings, Action<int> write)
    {
        html.Raw(recordings.Count == 1 ? "<div>" : "<div class=\"beside\">");
        for (var i = 0; i < recordings.Count; i++)
        {
            html.Line($"<div><p><strong>{recordings[i].Name}</strong></p>");
            write(i);
            html.Raw("</div>");
        }
        html.Raw("</div>");
    }

    static void WritePath(HtmlWriter html, List<PathStep> path)
    {
        html.Raw("<div class=\"wide\"><table>");
        html.Headings("module", HtmlCell.Number("from"), HtmlCell.Number("took"), "why not earlier");
        var first = Math.Max(0, path.Count - MaxSteps);
        if (first > 0)
            html.Line($"<tr><td colspan=\"4\">{first} earlier steps</td></tr>");
        for (var step = first; step < path.Count; step++)
        {
            var call = path[step].Call;
            html.Row(
                call.Module, HtmlCell.Number(Figures.Seconds(call.StartNs)),
                HtmlCell.Number(Figures.Seconds(call.TookNs)), Figures.Reason(path, step));
        }
        html.Raw("</table></div>");
    }

    static void WriteWaste(HtmlWriter html, IReadOnlyList<Recording> recordings)
    {
        var waste = ModuleWaste.Of(recordings);
        if (waste.Count == 0)
            return;
        html.Raw("<h2>Bytes in vain per module</h2>\n<div class=\"wide\"><table>\n<tr><th>module</th>");
        for (var i = 0; i < recordings.Count; i++)
        {
            html.Line($"<th class=\"figure\"><span class=\"mark key c{i}\"></span>calls in vain</th>"
                + $"<th class=\"figure\">bytes</th><th>{recordings[i].Name}</th>");
        }
        html.Raw("</tr>");
        var max = waste.Max(module => module.Bytes.Max());
        foreach (var module in waste)
        {
            html.Line($"<tr><td>{module.Module}</td>");
            for (var i = 0; i < recordings.Count; i++)
            {
                html.Line($"<td class=\"figure\">{Figures.Count(module.Calls[i])}</td>"
                    + $"<td class=\"figure\">{ByteSize.Format(module.Bytes[i])}</td>");
                WriteBar(html, module.Bytes[i], max, i);
            }
            html.Raw("</tr>");
        }
        html.Raw("</table></div>");
    }

    static void WriteRuns(HtmlWriter html, IReadOnlyList<Recording> recordings)
    {
        if (Figures.CallsAgainstCpus(recordings) is { } chart)
        {
            html.Raw("<h2>Load calls against CPUs</h2>");
            LineFigure.Write(html, chart);
        }
        html.Raw("<h2>Runs</h2>\n<div class=\"wide\"><table>");
        html.Headings(
            "who", HtmlCell.Number("CPUs"), HtmlCell.Number("calls"), "how they ended", HtmlCell.Number("in vain"),
            HtmlCell.Number("time"), "from");
        foreach (var run in recordings)
        {
            html.Row(
                run.Name, HtmlCell.Number(run.Cpus is { } cpus ? Figures.Count(cpus) : ""),
                HtmlCell.Number(Figures.Count(run.TotalCalls)), Figures.ByResult(run),
                HtmlCell.Number(ByteSize.Format(run.InVainBytes)), HtmlCell.Number(Figures.Seconds(run.LengthNs)),
                run.Source);
        }
        html.Raw("</table></div>");
    }
}
