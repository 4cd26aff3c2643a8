using Drover.Cli;
using Drover.Model;
using Drover.Report;

namespace Drover.Verbs.Herd;

/// <summary>What <c>drover herd --html</c> writes. Stateless.</summary>
static class HtmlReport
{
    /// <param name="sweep">Along what the runs lie; null for runs at one point, which have timelines.</param>
    public static void Write(IReadOnlyList<FinishedRun> runs, Sweep? sweep, TextWriter writer)
    {
        List<HerdResult> results = [.. runs.Select(run => run.Result)];
        HtmlPage.Write(writer, "drover herd", html =>
        {
            if (results.Count == 0)
                html.Raw("<p>Interrupted before a run was done.</p>");
            else
                WriteRuns(html, runs, results, sweep);
        }, "figures come from a model of the kernel, in virtual time");
    }

    static void WriteRuns(HtmlWriter html, IReadOnlyList<FinishedRun> runs, List<HerdResult> results, Sweep? sweep)
    {
        html.Line($"<p>{HerdReading.Introduce(results, sweep)}</p>");
        if (sweep is null)
        {
            foreach (var sentence in HerdReading.Of(results))
                html.Line($"<p>{sentence}</p>");
        }
        else
        {
            html.Line($"<h2>Wasted bytes against {sweep.Name}</h2>");
            SvgLineChart.Write(html, SweepChart.Of(results, sweep));
        }
        WriteTable(html, results);
        if (sweep is null)
            WriteTimelines(html, runs);
        var scenario = results[0].Options.Scenario;
        html.Line($"<p class=\"dim\">Scenario '{scenario.Name}', kernel {scenario.Kernel}: {scenario.Description}</p>");
    }

    static void WriteTable(HtmlWriter html, List<HerdResult> results)
    {
        html.Raw("<h2>Runs</h2>\n<div class=\"wide\"><table>");
        html.Raw("<tr><th>gate</th><th>herd</th><th>CPUs</th><th>memory</th><th>seed</th><th>calls</th><th>by errno</th><th>wasted</th><th>peak</th><th>seconds</th><th>missing</th></tr>");
        foreach (var result in results)
        {
            var options = result.Options;
            html.Line(
                $"<tr><td>{HerdNames.Of(options.Gate)}</td><td>{HerdNames.Of(options.Herd)}</td><td>{options.Cpus}</td><td>{ByteSize.Format(options.MemoryBytes)}{(options.Kasan ? ", KASAN" : "")}</td><td>{options.Seed}</td><td>{RunCells.CallsOf(result)}</td><td>{RunCells.ByErrno(result)}</td><td>{RunCells.Wasted(result)}</td><td>{RunCells.Peak(result)}</td><td>{RunCells.Seconds(result)}</td><td>{RunCells.Missing(result)}</td></tr>");
        }
        html.Raw("</table></div>");
    }

    static void WriteTimelines(HtmlWriter html, IReadOnlyList<FinishedRun> runs)
    {
        html.Raw("<h2>Who loaded, waited, failed</h2>");
        html.Raw($"<p>A row a task, in virtual time; point at a bar to read it.{HtmlPage.Key}</p>");
        var isFirst = true;
        foreach (var run in runs)
        {
            if (run.Timeline is null)
                continue;
            html.Raw(isFirst ? "<details open=\"\">" : "<details>");
            html.Line($"<summary>{HerdNames.TitleOf(run.Result.Options)}</summary>");
            SvgGantt.Write(html, run.Timeline.Rows(), run.Timeline.EndNs, GanttSize.Wide);
            html.Raw("</details>");
            isFirst = false;
        }
    }
}
