using System.Text.Json;
using Drover.Study.Drawing;
using Drover.Study.Recordings;

namespace Drover.Study.Boot;

/// <summary>A boot as a page: phases, units and loads on one time axis, then the tables of the text.</summary>
static class BootPage
{
    const int MaxRows = 200, MaxOverview = 15;

    /// <summary>The states of bars, by their CSS classes: those of calls, then phases and units that start.</summary>
    static readonly string[] s_states =
        [.. Enum.GetValues<CallState>().Select(GanttFigure.NameOf), "phase", "starting"];

    static readonly int s_phase = Array.IndexOf(s_states, "phase"), s_starting = Array.IndexOf(s_states, "starting");

    public static void Write(TextWriter writer, BootAnalysis boot, BootReport report) => HtmlPage.Write(
        writer, "drover boot", html => WriteBody(html, boot, report),
        "times are those of systemd and of the recorded calls, since the kernel's start");

    static void WriteBody(HtmlWriter html, BootAnalysis boot, BootReport report)
    {
        html.Line($"<p class=\"lead\">{report.Verdict()}</p>");
        html.Raw("<h2>What would help</h2>");
        if (boot.Remedies.Count == 0)
            html.Raw("<p>Nothing that concerns modules.</p>");
        foreach (var remedy in boot.Remedies)
        {
            html.Line($"<p>Up to {BootAnalysis.Seconds(remedy.SavesUs)}: {remedy.Why}<br/>"
                + $"<code>{remedy.Command}</code></p>");
        }
        html.Raw($"<h2>The boot over time</h2>\n<p>{HtmlPage.Key} <span class=\"key phase\"></span>phase "
            + "<span class=\"key starting\"></span>unit that starts <span class=\"key path\"></span>critical path</p>");
        WriteChart(html, boot);
        foreach (var table in report.Tables())
            WriteTable(html, table);
        foreach (var lack in report.Lacks())
            html.Line($"<p class=\"dim\">Not known: {lack}.</p>");
    }

    static void WriteTable(HtmlWriter html, BootTable table)
    {
        html.Line($"<h2>{table.Headings[0]}</h2>");
        html.Raw("<div class=\"wide\"><table>");
        bool[] areNumbers = [.. table.Headings.Select((_, column) => column > 0
            && table.Rows.All(row => row[column] == "-" || row[column].EndsWith(" s", StringComparison.Ordinal)))];
        html.Headings([.. table.Headings.Select((heading, column) => new HtmlCell(heading, areNumbers[column]))]);
        foreach (var row in table.Rows)
            html.Row([.. row.Select((cell, column) => new HtmlCell(cell, areNumbers[column]))]);
        html.Raw("</table></div>");
    }

    static void WriteChart(HtmlWriter html, BootAnalysis boot)
    {
        if (boot.EndUs == 0)
            return;
        var texts = new List<string>();
        html.Figure("chart gantt", json =>
        {
            json.WriteString("label", "The boot over time");
            json.WriteString("axis", "seconds since the kernel's start");
            json.WriteNumber("end", boot.EndUs);
            json.WriteStrings("runs", [""]);
            json.WriteStrings("states", s_states);
            json.WriteStartArray("views");
            WriteView(json, "parts", Overview(boot), texts);
            WriteView(json, "modules", [.. ModuleRows(boot.Loads, boot).Take(MaxRows)], texts);
            WriteView(json, "units", [.. UnitRows(boot).Take(MaxRows)], texts);
            json.WriteEndArray();
            json.WriteStrings("names", []);
            json.WriteStrings("texts", texts);
        });
    }

    /// <summary>The phases, what waited, and the slowest loads.</summary>
    static List<Row> Overview(BootAnalysis boot) =>
    [
        .. boot.Phases.Where(phase => phase.FromUs >= 0).Select(phase =>
            new Row(phase.Name, [new Bar(phase.FromUs, phase.ToUs, s_phase, "")])),
        .. boot.Waits.Take(MaxOverview).OrderBy(wait => wait.FromUs)
            .Select(wait => new Row(wait.Unit.Name, BarsOf(wait))),
        .. ModuleRows(boot.Loads.OrderByDescending(load => load.TookUs).Take(MaxOverview), boot),
    ];

    static List<Bar> BarsOf(UnitWait wait)
    {
        var what = wait.Load is { } load ? $"while {load.Call.Module} was loaded" : "";
        return wait.Device is { } device
            ?
            [
                new(wait.FromUs, wait.ToUs, (int)CallState.Waiting, $"for {device.Name} {what}".TrimEnd()),
                new(wait.Unit.StartUs, Math.Max(wait.Unit.StartUs, wait.Unit.ActiveUs), s_starting, ""),
            ]
            : [new(wait.FromUs, wait.ToUs, s_starting, what)];
    }

    static IEnumerable<Row> ModuleRows(IEnumerable<BootLoad> loads, BootAnalysis boot)
    {
        var steps = boot.Path.Select(step => step.Call)
            .Concat(boot.UnitPath.Select(step => step.Load?.Call).OfType<RecordedCall>()).ToHashSet();
        return loads.OrderBy(load => load.FromUs).GroupBy(load => load.Call.Module).Select(module => new Row(
            module.Key, [.. module.OrderBy(load => load.FromUs).SelectMany(BarsOf)])
        {
            Calls = module.Count(),
            Path = [.. module.Where(load => steps.Contains(load.Call)).Select(load => (load.FromUs, load.TookUs))],
        });

        static IEnumerable<Bar> BarsOf(BootLoad load)
        {
            if (load.WaitedUs is > 0 and var waited)
                yield return new(load.FromUs - waited, load.FromUs, (int)CallState.Waiting, "for its turn");
            yield return new(load.FromUs, load.ToUs, (int)load.Call.State, load.Call.Outcome);
        }
    }

    static IEnumerable<Row> UnitRows(BootAnalysis boot) => (boot.Systemd?.Units ?? [])
        .Where(unit => unit.IsWork && unit.StartUs > 0 && unit.StartUs <= boot.EndUs)
        .OrderBy(unit => unit.StartUs).Select(unit => new Row(
            unit.Name,
            [new(unit.StartUs, Math.Min(Math.Max(unit.StartUs, unit.ActiveUs), boot.EndUs), s_starting, "")]));

    static void WriteView(Utf8JsonWriter json, string name, List<Row> rows, List<string> texts)
    {
        if (rows.Count == 0)
            return;
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteStrings("lanes", [""]);
        json.WriteObjects("rows", rows, row =>
        {
            json.WriteString("name", HtmlWriter.Plain(row.Name));
            json.WriteStartArray("lanes");
            json.WriteStartObject();
            json.WriteNumber("calls", row.Calls);
            json.WriteStartArray("bars");
            foreach (var bar in row.Bars)
            {
                var text = HtmlWriter.Plain(bar.Text);
                if (text.Length > 0 && !texts.Contains(text))
                    texts.Add(text);
                foreach (var number in (ReadOnlySpan<long>)
                    [bar.FromUs, bar.ToUs - bar.FromUs, bar.State, -1, text.Length > 0 ? texts.IndexOf(text) : -1])
                {
                    json.WriteNumberValue(number);
                }
            }
            json.WriteEndArray();
            json.WriteStartArray("path");
            foreach (var (from, took) in row.Path)
            {
                json.WriteNumberValue(from);
                json.WriteNumberValue(took);
            }
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
        });
        json.WriteEndObject();
    }

    readonly record struct Bar(long FromUs, long ToUs, int State, string Text);

    sealed record Row(string Name, List<Bar> Bars)
    {
        public int Calls { get; init; }
        public List<(long FromUs, long TookUs)> Path { get; init; } = [];
    }
}
