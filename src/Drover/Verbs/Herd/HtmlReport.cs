using Drover.Cli;
using Drover.Model;

namespace Drover.Verbs.Herd;

/// <summary>What <c>drover herd --html</c> writes: one file that needs nothing else, for light and dark screens. It is well-formed XML, too.</summary>
static class HtmlReport
{
    // colours of the lines: Okabe and Ito's, which colour-blind people tell apart
    const string Style =
        """
        <style>
        :root { color-scheme: light dark; --ink: #1d2329; --dim: #68727c; --paper: #fff; --grid: #dfe3e7;
          --loading: #2878b5; --waiting: #e0a52c; --failed: #c8372d;
          --l0: #0072b2; --l1: #d55e00; --l2: #009e73; --l3: #cc79a7; --l4: #b58900; --l5: #56b4e9; --l6: #7a6a00; --l7: #7f7f7f; }
        @media (prefers-color-scheme: dark) { :root { --ink: #dde3e8; --dim: #93a0ab; --paper: #14181c; --grid: #2c343b;
          --loading: #4aa3e0; --waiting: #d9a441; --failed: #e5645a; --l0: #4aa3e0; --l1: #f08a3c; --l2: #2fc49a; --l6: #b7a63a; } }
        body { margin: 2em auto; max-width: 72em; padding: 0 1em; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .2em .9em .2em 0; text-align: left; border-bottom: 1px solid var(--grid); vertical-align: top; }
        .wide { overflow-x: auto; }
        .dim { color: var(--dim); }
        .key { display: inline-block; width: .8em; height: .8em; margin: 0 .4em 0 1em; }
        summary { cursor: pointer; font-weight: 600; margin: .6em 0; }
        svg { display: block; max-width: 100%; height: auto; }
        svg text { fill: var(--ink); font: 11px system-ui, sans-serif; }
        svg .small { font-size: 8px; fill: var(--dim); }
        .grid { stroke: var(--grid); stroke-width: 1; }
        .loading { fill: var(--loading); background: var(--loading); } .waiting { fill: var(--waiting); background: var(--waiting); } .failed { fill: var(--failed); background: var(--failed); }
        .line { fill: none; stroke-width: 2; stroke: var(--c); } .dot { fill: var(--c); stroke: var(--c); stroke-width: 2; } .cross { stroke: var(--c); stroke-width: 2.5; fill: none; }
        .c0 { --c: var(--l0); } .c1 { --c: var(--l1); } .c2 { --c: var(--l2); } .c3 { --c: var(--l3); } .c4 { --c: var(--l4); } .c5 { --c: var(--l5); } .c6 { --c: var(--l6); } .c7 { --c: var(--l7); }
        .dashed { stroke-dasharray: 6 4; }
        </style>
        """;

    /// <param name="sweep">Along what the runs lie; null for runs at one point, which have timelines.</param>
    public static void Write(IReadOnlyList<FinishedRun> runs, Sweep? sweep, TextWriter writer)
    {
        var html = new HtmlWriter(writer);
        html.Raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>drover herd</title>");
        html.Raw(Style);
        html.Raw("</head>\n<body>\n<h1>drover herd</h1>");
        List<HerdResult> results = [.. runs.Select(run => run.Result)];
        if (results.Count == 0)
            html.Raw("<p>Interrupted before a run was done.</p>");
        else
            WriteRuns(html, runs, results, sweep);
        html.Line($"<p class=\"dim\">Written by drover {Version.Text}; figures come from a model of the kernel, in virtual time.</p>");
        html.Raw("</body>\n</html>");
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
            SvgSweepChart.Write(html, SweepSeries.Of(results, sweep), sweep);
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
        html.Raw("<p>A row a task, in virtual time; point at a bar to read it.<span class=\"key loading\"></span>loading<span class=\"key waiting\"></span>waiting<span class=\"key failed\"></span>failed</p>");
        var isFirst = true;
        foreach (var run in runs)
        {
            if (run.Timeline is null)
                continue;
            html.Raw(isFirst ? "<details open=\"\">" : "<details>");
            html.Line($"<summary>{HerdNames.TitleOf(run.Result.Options)}</summary>");
            SvgTimeline.Write(html, run.Timeline);
            html.Raw("</details>");
            isFirst = false;
        }
    }
}
