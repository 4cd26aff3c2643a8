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
            foreach (var chart in sweep.Charts(results))
            {
                html.Line($"<h2>{Capitalised(chart.Values)} against {chart.Along}</h2>");
                LineFigure.Write(html, chart);
            }
        }
        WriteTable(html, results, sweep);
        if (sweep is null)
            WriteTimelines(html, runs);
        var (scenario, seed) = (results[0].Options.Scenario, results[0].Options.Seed);
        html.Line($"<p class=\"dim\">Scenario '{scenario.Name}', kernel {scenario.Kernel}, seed {seed}: "
            + $"{scenario.Description}</p>");
    }

    static void WriteTable(HtmlWriter html, List<HerdResult> results, Sweep? sweep)
    {
        html.Raw("<h2>Runs</h2>\n<div class=\"wide\"><table>");
        List<HtmlCell> axis = sweep is null ? [] : [HtmlCell.Number(sweep.Name)];
        html.Headings(
        [
            "gate", "herd", .. axis, HtmlCell.Number("calls"), HtmlCell.Number("wasted"), HtmlCell.Number("peak"),
            HtmlCell.Number("seconds"), "by errno", "missing",
        ]);
        foreach (var result in results)
        {
            List<HtmlCell> at = sweep is null
                ? []
                : [HtmlCell.Number(sweep.Format(sweep.ValueOf(result.Options)))];
            html.Row(
            [
                HerdNames.Of(result.Options.Gate), HerdNames.Of(result.Options.Loader), .. at,
                HtmlCell.Number(HerdFigures.CallsOf(result).ToString("#,0", CultureInfo.InvariantCulture)),
                HtmlCell.Number(HerdFigures.Wasted(result)), HtmlCell.Number(HerdFigures.Peak(result)),
                HtmlCell.Number(HerdFigures.Seconds(result)), HerdFigures.ByErrno(result), HerdFigures.Missing(result),
            ]);
        }
        html.Raw("</table></div>");
    }

    static string Capitalised(string text) =>
        string.Create(CultureInfo.InvariantCulture, $"{char.ToUpperInvariant(text[0])}{text[1..]}");

    /// <summary>A chart a gate, with a lane for each herd; all on one scale.</summary>
    static void WriteTimelines(HtmlWriter html, IReadOnlyList<FinishedRun> runs)
    {
        html.Line($"<h2>Loading, waiting and failed calls</h2>");
        html.Raw($"<p>{HtmlPage.Key}</p>");
        List<FinishedRun> drawn = [.. runs.Where(run => run.Timeline is not null)];
        var endNs = drawn.Select(run => run.Timeline!.EndNs).DefaultIfEmpty().Max();
        var isFirst = true;
        foreach (var gate in drawn.GroupBy(run => run.Result.Options.Gate))
        {
            var label = $"Load calls over time, gate {HerdNames.Of(gate.Key)}";
            html.Raw(isFirst ? "<details open=\"\">" : "<details>");
            html.Line($"<summary>gate {HerdNames.Of(gate.Key)}</summary>");
            List<GanttRun> lanes = [.. gate.Select(run =>
                new GanttRun(HerdNames.Of(run.Result.Options.Loader), run.Timeline!.Rows(), ByWorker: true))];
            new GanttFigure(
                label, "seconds of virtual time since the boot phase began", endNs,
                GanttFigure.MaxBarsOfPage * lanes.Count / drawn.Count).Write(html, lanes);
            html.Raw("</details>");
            isFirst = false;
        }
    }
}
