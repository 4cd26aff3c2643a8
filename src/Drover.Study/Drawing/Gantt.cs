using Drover.Study.Recordings;

namespace Drover.Study.Drawing;

/// <summary>What a bar is of: a wait before a call, a call, or what follows in the same call.</summary>
enum GanttPart { Queued, Call, SameCall }

/// <param name="FromNs">Since the start of the chart.</param>
/// <param name="Module">Empty for calls of several modules.</param>
/// <param name="Outcome">The result of the call in words; empty if it has none yet.</param>
readonly record struct GanttBar(long FromNs, long ToNs, CallState State, string Module, string Outcome)
{
    public GanttPart Part { get; init; } = GanttPart.Call;
}

/// <summary>A row of a Gantt chart: a worker, a task or a module.</summary>
/// <param name="name">From outside: not safe for a terminal or a page as it is.</param>
sealed class GanttRow(string name)
{
    public string Name => name;
    public long Calls { get; set; }
    public int Workers { get; init; } // of a module: how many made its calls
    public List<GanttBar> Bars { get; init; } = []; // ascending by start
    public List<GanttBar> Path { get; init; } = []; // the bars on the critical path
}

/// <summary>Chooses and merges the rows of a Gantt chart.</summary>
static class GanttRows
{
    public const int MaxRows = 200; // Debian's kernels have 4,500 modules; a machine loads some hundred

    /// <summary>Turns rows of workers into rows of modules, ascending by start.</summary>
    public static List<GanttRow> ByModule(IReadOnlyList<GanttRow> rows)
    {
        var modules = new Dictionary<string, GanttRow>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            foreach (var bar in row.Bars)
            {
                var module = RowOf(modules, bar.Module);
                module.Bars.Add(bar);
                module.Calls += bar.Part is GanttPart.Call ? 1 : 0;
            }
            foreach (var step in row.Path)
                RowOf(modules, step.Module).Path.Add(step);
        }
        var workers = rows.SelectMany(row => row.Bars.Select(bar => bar.Module).Distinct())
            .CountBy(module => module).ToDictionary();
        var merged = modules.Values.Select(module =>
            new GanttRow(module.Name)
            {
                Workers = workers.GetValueOrDefault(module.Name),
                Calls = module.Calls,
                Bars = Merge(module.Bars),
                Path = module.Path,
            });
        return Busiest(merged, MaxRows);
    }

    /// <summary>The rows with most calls, ascending by start.</summary>
    public static List<GanttRow> Busiest(IEnumerable<GanttRow> rows, int max) =>
        rows.OrderByDescending(row => row.Calls)
            .Take(max).OrderBy(row => row.Bars.Count > 0 ? row.Bars[0].FromNs : long.MaxValue)
            .ThenBy(row => row.Name, StringComparer.Ordinal).ToList();

    public static GanttRow RowOf(Dictionary<string, GanttRow> rows, string name)
    {
        if (!rows.TryGetValue(name, out var row))
            rows.Add(name, row = new GanttRow(name));
        return row;
    }

    /// <summary>The state of some calls over time: loading wins over failed, failed over waiting.</summary>
    public static List<GanttBar> Merge(List<GanttBar> bars)
    {
        var module = bars.Count > 0 && bars.TrueForAll(bar => bar.Module == bars[0].Module) ? bars[0].Module : "";
        // at the same time starts come before ends, so that adjacent bars become one
        var changes = bars
            .SelectMany(bar => new[] { (At: bar.FromNs, By: 1, bar.State), (At: bar.ToNs, By: -1, bar.State) })
            .OrderBy(change => change.At).ThenByDescending(change => change.By);
        var merged = new List<GanttBar>();
        Span<int> open = stackalloc int[3];
        var from = 0L;
        foreach (var (at, by, state) in changes)
        {
            var before = StateOf(open);
            open[(int)state] += by;
            if (StateOf(open) == before)
                continue;
            if (before is { } ended)
                merged.Add(new GanttBar(from, at, ended, module, ""));
            from = at;
        }
        return merged;
    }

    /// <summary>The largest number of spans at one time; those that only touch are not at one time.</summary>
    public static int MostAtOnce(IEnumerable<(long FromNs, long ToNs)> spans)
    {
        List<(long FromNs, long ToNs)> all = [.. spans];
        long[] starts = [.. all.Select(span => span.FromNs).Order()], ends = [.. all.Select(span => span.ToNs).Order()];
        var (most, ended) = (0, 0);
        for (var started = 1; started <= starts.Length; started++)
        {
            while (ended < started - 1 && ends[ended] <= starts[started - 1])
                ended++;
            most = Math.Max(most, started - ended);
        }
        return most;
    }

    static CallState? StateOf(ReadOnlySpan<int> open) =>
        open[(int)CallState.Loading] > 0 ? CallState.Loading
        : open[(int)CallState.Failed] > 0 ? CallState.Failed
        : open[(int)CallState.Waiting] > 0 ? CallState.Waiting
        : null;
}
