using System.Text.Json;
using Drover.Study.Recordings;

namespace Drover.Study.Drawing;

/// <summary>The load calls of one run, for a figure.</summary>
/// <param name="Rows">A row a worker, a task or a module.</param>
/// <param name="ByWorker">The rows are workers or tasks.</param>
sealed record GanttRun(string Name, List<GanttRow> Rows, bool ByWorker);

/// <summary>Writes the load calls of runs as a figure that page.js draws on one time axis, and as a table: a row a
/// module, with a lane for each run; and a row a worker, or a group of workers.</summary>
/// <param name="label">What the figure shows, in a few words.</param>
/// <param name="axis">What its times are since.</param>
/// <param name="endNs">The end of the axis.</param>
/// <param name="maxBars">Bars that are too thin for so many are merged.</param>
sealed class GanttFigure(string label, string axis, long endNs, int maxBars)
{
    /// <summary>A bar takes about 17 bytes: 30,000 are half of the 1 MB that a page may have.</summary>
    public const int MaxBarsOfPage = 30_000;

    const int MaxWorkers = 128; // rows of workers; more are shown in at most half as many groups
    const int MaxTexts = 2000;
    const int Columns = 500; // of the numbers of calls over time

    readonly Dictionary<string, int> _names = new(StringComparer.Ordinal), _texts = new(StringComparer.Ordinal);

    public void Write(HtmlWriter html, IReadOnlyList<GanttRun> runs)
    {
        if (endNs == 0 || runs.All(run => run.Rows.Count == 0))
        {
            html.Raw("<p>No load call was made.</p>");
            return;
        }
        List<Dictionary<string, GanttRow>> modules =
        [
            .. runs.Select(run => GanttRows.ByModule(run.Rows).ToDictionary(row => row.Name, StringComparer.Ordinal)),
        ];
        List<string> names = [.. runs.Select(run => HtmlWriter.Plain(run.Name))];
        // in the order of their first load in any run
        List<string> loaded = [.. modules.SelectMany(rows => rows.Values).OrderBy(StartOf)
            .Select(row => row.Name).Distinct()];
        List<FigureRow> byModule =
        [
            .. loaded.Select(name => new FigureRow(name, [.. modules.Select(rows => rows.GetValueOrDefault(name))])),
        ];
        List<FigureRow> byWorker =
        [
            .. runs.Where(run => run.ByWorker).SelectMany(run => Groups(run.Rows), (run, row) =>
                new FigureRow(runs.Count > 1 ? $"{run.Name}: {row.Name}" : row.Name, [row])),
        ];
        var mergeNs = 0L;
        while (mergeNs < endNs && byModule.Concat(byWorker).Sum(row => row.CountMerged(mergeNs)) > maxBars)
            mergeNs = Math.Max(2 * mergeNs, 1 + (endNs / 8192));
        html.Figure("chart gantt", json =>
        {
            json.WriteString("label", label);
            json.WriteString("axis", axis);
            json.WriteNumber("end", (endNs + 999) / 1000);
            json.WriteStrings("runs", names);
            json.WriteStrings("states", Enum.GetValues<CallState>().Select(NameOf));
            json.WriteObjects("load", runs, run => WriteLoad(json, run.Rows));
            json.WriteStartArray("views");
            WriteView(json, "modules", names, byModule, mergeNs);
            if (byWorker.Count > 0)
                WriteView(json, "workers", [""], byWorker, mergeNs);
            json.WriteEndArray();
            json.WriteStrings("names", _names.Keys);
            json.WriteStrings("texts", _texts.Keys);
        });
        WriteTable(html, runs, byModule);
    }

    /// <summary>The CSS class of a state, which is its name in the page as well.</summary>
    public static string NameOf(CallState state) =>
        state switch { CallState.Loading => "loading", CallState.Waiting => "waiting", _ => "failed" };

    static long StartOf(GanttRow row) => row.Bars.Count > 0 ? row.Bars[0].FromNs : long.MaxValue;

    /// <summary>The rows, or groups of them with equal numbers.</summary>
    static IEnumerable<GanttRow> Groups(List<GanttRow> rows)
    {
        if (rows.Count <= MaxWorkers)
            return rows.OrderBy(StartOf);
        var size = (2 * rows.Count + MaxWorkers - 1) / MaxWorkers;
        return rows.Chunk(size).Select((group, i) => new GanttRow(string.Create(
            CultureInfo.InvariantCulture, $"workers {(i * size) + 1} to {(i * size) + group.Length}"))
        {
            Calls = group.Sum(row => row.Calls),
            Bars = GanttRows.Merge([.. group.SelectMany(row => row.Bars)]),
            Path = [.. group.SelectMany(row => row.Path)],
        });
    }

    /// <param name="lanes">The names of the lanes of each row.</param>
    void WriteView(Utf8JsonWriter json, string name, List<string> lanes, List<FigureRow> rows, long mergeNs)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteStrings("lanes", lanes);
        json.WriteObjects("rows", rows, row =>
        {
            json.WriteString("name", HtmlWriter.Plain(row.Name));
            json.WriteObjects("lanes", row.Lanes, lane =>
            {
                json.WriteNumber("calls", lane?.Calls ?? 0);
                json.WriteNumber("workers", lane?.Workers ?? 0);
                json.WriteStartArray("bars");
                foreach (var bar in FigureRow.Merge(lane?.Bars ?? [], mergeNs))
                    WriteBar(json, bar);
                json.WriteEndArray();
                if (lane is not { Path.Count: > 0 })
                    return;
                json.WriteStartArray("path");
                foreach (var step in lane.Path)
                    WriteSpan(json, step);
                json.WriteEndArray();
            });
        });
        json.WriteEndObject();
    }

    void WriteBar(Utf8JsonWriter json, GanttBar bar)
    {
        WriteSpan(json, bar);
        json.WriteNumberValue((int)bar.State);
        json.WriteNumberValue(IndexOf(_names, bar.Module, int.MaxValue));
        json.WriteNumberValue(IndexOf(_texts, bar.Outcome, MaxTexts));
    }

    static void WriteSpan(Utf8JsonWriter json, GanttBar bar)
    {
        json.WriteNumberValue(bar.FromNs / 1000);
        json.WriteNumberValue((bar.ToNs / 1000) - (bar.FromNs / 1000));
    }

    /// <summary>-1 for an empty text, and for a new one if there are so many.</summary>
    static int IndexOf(Dictionary<string, int> texts, string text, int max)
    {
        if (text.Length == 0 || (texts.Count >= max && !texts.ContainsKey(text)))
            return -1;
        text = HtmlWriter.Plain(text);
        if (!texts.TryGetValue(text, out var index))
            texts.Add(text, index = texts.Count);
        return index;
    }

    /// <summary>The numbers of calls in the kernel over time, by state, and the most at once.</summary>
    void WriteLoad(Utf8JsonWriter json, List<GanttRow> rows)
    {
        List<GanttBar> bars = [.. rows.SelectMany(row => row.Bars).Where(bar => bar.Part is not GanttPart.Queued)];
        json.WriteNumber("most", GanttRows.MostAtOnce(bars.Select(bar => (bar.FromNs, bar.ToNs))));
        json.WriteStartArray("columns");
        foreach (var state in Enum.GetValues<CallState>())
        {
            json.WriteStartArray();
            foreach (var calls in CallsAt(bars.Where(bar => bar.State == state)))
                json.WriteNumberValue(calls);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    /// <summary>The number of bars at the middle of each column.</summary>
    int[] CallsAt(IEnumerable<GanttBar> bars)
    {
        var changes = new int[Columns + 1];
        foreach (var bar in bars)
        {
            changes[ColumnOf(bar.FromNs)]++;
            changes[ColumnOf(bar.ToNs)]--;
        }
        for (var column = 1; column < Columns; column++)
            changes[column] += changes[column - 1];
        return changes[..Columns];

        int ColumnOf(long ns) => Math.Clamp((int)Math.Ceiling(((double)ns / endNs * Columns) - 0.5), 0, Columns);
    }

    /// <summary>The rows of modules in figures, folded on a screen, for readers who cannot see the chart.</summary>
    static void WriteTable(HtmlWriter html, IReadOnlyList<GanttRun> runs, List<FigureRow> rows)
    {
        html.Raw("<details><summary>The chart as a table</summary>\n<div class=\"wide\"><table class=\"figures\">");
        List<string> headings = ["module", "calls", "from s", "to s", "loading s", "waiting s", "failed s"];
        if (runs.Count > 1)
            headings.Insert(1, "run");
        html.Headings([.. headings.Select(heading => new HtmlCell(heading))]);
        foreach (var row in rows)
        {
            for (var run = 0; run < runs.Count; run++)
            {
                if (row.Lanes[run] is not { } lane)
                    continue;
                List<string> cells =
                [
                    row.Name, lane.Calls.ToString("#,0", CultureInfo.InvariantCulture),
                    Time(lane.Bars.Select(bar => bar.FromNs).DefaultIfEmpty().Min()),
                    Time(lane.Bars.Select(bar => bar.ToNs).DefaultIfEmpty().Max()),
                    .. Enum.GetValues<CallState>().Select(state => Time(
                        lane.Bars.Where(bar => bar.State == state).Sum(bar => bar.ToNs - bar.FromNs))),
                ];
                if (runs.Count > 1)
                    cells.Insert(1, runs[run].Name);
                html.Row([.. cells.Select(cell => new HtmlCell(cell))]);
            }
        }
        html.Raw("</table></div></details>");

        static string Time(long ns) => (ns / 1e9).ToString("0.000", CultureInfo.InvariantCulture);
    }

    /// <param name="Lanes">One a run, or one; null for a run without this row.</param>
    sealed record FigureRow(string Name, IReadOnlyList<GanttRow?> Lanes)
    {
        public int CountMerged(long mergeNs) => Lanes.Sum(lane => Merge(lane?.Bars ?? [], mergeNs).Count());

        /// <summary>Makes one bar, in the highest state, of neighbours that are shorter than a time and not further
        /// apart.</summary>
        public static IEnumerable<GanttBar> Merge(List<GanttBar> bars, long mergeNs)
        {
            for (var first = 0; first < bars.Count;)
            {
                var (bar, count) = (bars[first], 1);
                for (; first + count < bars.Count; count++)
                {
                    var next = bars[first + count];
                    if (next.FromNs - bar.ToNs >= mergeNs || next.ToNs - next.FromNs >= mergeNs
                        || bar.ToNs - bar.FromNs >= mergeNs)
                    {
                        break;
                    }
                    bar = bar with
                    {
                        ToNs = Math.Max(bar.ToNs, next.ToNs),
                        State = next.State > bar.State ? next.State : bar.State,
                        Module = next.Module == bar.Module ? bar.Module : "",
                        Outcome = next.Outcome == bar.Outcome ? bar.Outcome : "",
                    };
                }
                yield return bar;
                first += count;
            }
        }
    }
}
