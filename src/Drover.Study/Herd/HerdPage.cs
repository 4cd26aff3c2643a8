using Drover.Model.Herds;
using Drover.Study.Drawing;

namespace Drover.Study.Herd;

static class HerdPage
{
    /// <param name="sweep">Null for runs without a sweep, which have timelines.</param>
    public static void Write(IReadOnlyList<FinishedRun> runs, Sweep? sweep, TextWriter writer) => HtmlPage.Write(
        writer, "drover herd", html => WriteBody(html, runs, sweep),
        "figures come from a model of the kernel, in virtual time");

    static void WriteBody(HtmlWriter html, IReadOnlyList<FinishedRun> runs, Sweep? sweep)
    {
        if (runs.Count == 0)
        {
            html.Raw("<p>Interrupted before the first run was done.</p>");
            return;
        }
        List<HerdResult> results = [.. runs.Select(run => run.Result)];
        html.Line($"<p>{HerdSummary.Introduce(results, sweep)}</p>");
        if (sweep is null)
        {
            foreach (var sentence in HerdSummary.Of(results))
                html.Line($"<p>{sentence}</p>");
        }
        else
        {
            html.Line($"<h2>Wasted bytes against {sweep.Name}</h2>");
            SvgLineChart.Write(html, sweep.WasteChart(results));
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
        html.Headings(
            "gate", "herd", "CPUs", "memory", "seed", "calls", "by errno", "wasted", "peak", "seconds", "missing");
        foreach (var result in results)
        {
            var options = result.Options;
            html.Row(
                HerdNames.Of(options.Gate), HerdNames.Of(options.Loader), Number(options.Cpus),
                $"{ByteSize.Format(options.MemoryBytes)}{(options.Kasan ? ", KASAN" : "")}", Number(options.Seed),
                Number(HerdFigures.CallsOf(result)), HerdFigures.ByErrno(result), HerdFigures.Wasted(result),
                HerdFigures.Peak(result), HerdFigures.Seconds(result), HerdFigures.Missing(result));
        }
        html.Raw("</table></div>");

        static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
    }

    static void WriteTimelines(HtmlWriter html, IReadOnlyList<FinishedRun> runs)
    {
        html.Raw("<h2>Loading, waiting and failed calls</h2>");
        html.Raw($"<p>A row a task, in virtual time; point at a bar to read it.{HtmlPage.Key}</p>");
        var isFirst = true;
        foreach (var run in runs.Where(run => run.Timeline is not null))
        {
            html.Raw(isFirst ? "<details open=\"\">" : "<details>");
            html.Line($"<summary>{HerdNames.TitleOf(run.Result.Options)}</summary>");
            SvgGantt.Write(html, run.Timeline!.Rows(), run.Timeline.EndNs, GanttSize.Wide);
            html.Raw("</details>");
            isFirst = false;
        }
    }
}
