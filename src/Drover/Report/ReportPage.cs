using Drover.Cli;

namespace Drover.Report;

/// <summary>Recordings as a page: one by itself, two side by side, more as a table and calls against CPUs (docs/report.md). Stateless.</summary>
static class ReportPage
{
    /// <summary>Steps of a critical path that the table has, its last ones.</summary>
    const int MostSteps = 25;

    /// <summary>Of the longest bar in a table.</summary>
    const double BarEm = 11;

    /// <param name="recordings">At least one.</param>
    public static void Write(TextWriter writer, string title, IReadOnlyList<Recording> recordings) =>
        HtmlPage.Write(writer, title, html => WriteBody(html, recordings), "figures are those of the recordings named above");

    static void WriteBody(HtmlWriter html, IReadOnlyList<Recording> recordings)
    {
        if (recordings.Count == 2)
            html.Line($"<p class=\"lead\">{Figures.Compare(recordings[0], recordings[1])}</p>");
        if (recordings.Count <= 2)
        {
            foreach (var recording in recordings)
                html.Line($"<p>{Figures.Sentence(recording)}</p>");
            WriteFigures(html, recordings);
            WriteCharts(html, recordings);
            WriteWaste(html, recordings);
        }
        else
        {
            WriteRuns(html, recordings);
        }
        foreach (var recording in recordings)
        {
            foreach (var doubt in recording.Doubts)
                html.Line($"<p class=\"dim\">{recording.Name}: {doubt}</p>");
        }
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
            var most = Most(figure.Values);
            for (var i = 0; i < figure.Values.Count; i++)
            {
                html.Line($"<td class=\"figure\">{figure.Format(figure.Values[i])}</td>");
                WriteBar(html, figure.Values[i], most, i);
            }
            html.Raw("</tr>");
        }
        html.Raw("<tr><td>how calls ended</td>");
        foreach (var recording in recordings)
            html.Line($"<td colspan=\"2\">{Figures.ByResult(recording)}</td>");
        html.Raw("</tr>\n<tr><td>from</td>");
        foreach (var recording in recordings)
            html.Line($"<td colspan=\"2\">{recording.Source}</td>");
        html.Raw("</tr>\n</table></div>");
    }

    /// <summary>A cell with a bar: in all of them, what is as much is as long.</summary>
    static void WriteBar(HtmlWriter html, long value, long most, int recording) =>
        html.Line($"<td class=\"bar\"><div class=\"mark c{recording}\" style=\"width:{(most == 0 ? 0 : BarEm * value / most)}em\"></div></td>");

    static void WriteCharts(HtmlWriter html, IReadOnlyList<Recording> recordings)
    {
        if (!Figures.HaveCalls(recordings))
            return;
        var (endNs, most) = (recordings.Max(recording => recording.LengthNs), recordings.Max(recording => SvgInKernel.MostAtOnce(recording.Calls)));
        var size = recordings.Count == 1 ? GanttSize.Wide : GanttSize.Half;
        List<List<PathStep>> paths = [.. recordings.Select(recording => CriticalPath.Of(recording.Calls))];
        html.Raw($"<h2>Load calls over time</h2>\n<p>{HtmlPage.Key}<span class=\"key path\"></span>the critical path: what the end waited for. Above, how many were in the kernel at once; below, who made them; point at a bar to read it.</p>");
        Beside(html, recordings, i =>
        {
            SvgInKernel.Write(html, recordings[i], endNs, most, size);
            SvgGantt.Write(html, RecordingRows.Of(recordings[i], paths[i]), endNs, size);
        });
        html.Raw("<h2>The critical path</h2>");
        Beside(html, recordings, i => WritePath(html, paths[i]));
    }

    static void Beside(HtmlWriter html, IReadOnlyList<Recording> recordings, Action<int> write)
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
        html.Raw("<div class=\"wide\"><table>\n<tr><th>module</th><th class=\"figure\">from</th><th class=\"figure\">took</th><th>why not earlier</th></tr>");
        var first = Math.Max(0, path.Count - MostSteps);
        if (first > 0)
            html.Line($"<tr><td colspan=\"4\">{first} steps before</td></tr>");
        for (var step = first; step < path.Count; step++)
        {
            var call = path[step].Call;
            html.Line($"<tr><td>{call.Module}</td><td class=\"figure\">{Figures.Seconds(call.StartNs)}</td><td class=\"figure\">{Figures.Seconds(call.TookNs)}</td><td>{Figures.Reason(path, step)}</td></tr>");
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
            html.Line($"<th class=\"figure\"><span class=\"mark key c{i}\"></span>calls in vain</th><th class=\"figure\">bytes</th><th>{recordings[i].Name}</th>");
        html.Raw("</tr>");
        var most = waste.Max(module => Most(module.Bytes));
        foreach (var module in waste)
        {
            html.Line($"<tr><td>{module.Module}</td>");
            for (var i = 0; i < recordings.Count; i++)
            {
                html.Line($"<td class=\"figure\">{Figures.Count(module.Calls[i])}</td><td class=\"figure\">{ByteSize.Format(module.Bytes[i])}</td>");
                WriteBar(html, module.Bytes[i], most, i);
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
            SvgLineChart.Write(html, chart);
        }
        html.Raw("<h2>Runs</h2>\n<div class=\"wide\"><table>\n<tr><th>who</th><th class=\"figure\">CPUs</th><th class=\"figure\">calls</th><th>how they ended</th><th class=\"figure\">in vain</th><th class=\"figure\">time</th><th>from</th></tr>");
        foreach (var run in recordings)
            html.Line($"<tr><td>{run.Name}</td><td class=\"figure\">{(run.Cpus is { } cpus ? Figures.Count(cpus) : "")}</td><td class=\"figure\">{Figures.Count(run.TotalCalls)}</td><td>{Figures.ByResult(run)}</td><td class=\"figure\">{ByteSize.Format(run.InVainBytes)}</td><td class=\"figure\">{Figures.Seconds(run.LengthNs)}</td><td>{run.Source}</td></tr>");
        html.Raw("</table></div>");
    }

    static long Most(IReadOnlyList<long> values)
    {
        var most = 0L;
        foreach (var value in values)
            most = Math.Max(most, value);
        return most;
    }
}
