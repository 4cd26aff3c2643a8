namespace Drover.Report;

/// <summary>Thousands of workers as a row a module: what nobody could read otherwise. Stateless.</summary>
static class ModuleRows
{
    /// <summary>Debian's kernels have 4,500 modules, a machine loads some hundred: the busiest are shown.</summary>
    public const int Most = 200;

    /// <summary>In the order in which they began.</summary>
    public static List<Row> Of(IReadOnlyList<Row> rows)
    {
        var modules = new Dictionary<string, Row>(StringComparer.Ordinal);
        var workers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            // a worker counts once for each module
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var bar in row.Bars)
            {
                var module = Of(modules, bar.Module);
                module.Bars.Add(bar);
                // a call may have several bars, and but one that ends it
                module.Calls++;
                if (seen.Add(bar.Module))
                    workers[bar.Module] = workers.GetValueOrDefault(bar.Module) + 1;
            }
            foreach (var step in row.Path)
                Of(modules, step.Module).Path.Add(step);
        }
        var all = new List<Row>(modules.Count);
        foreach (var (name, module) in modules)
        {
            all.Add(new Row($"{name} ({workers.GetValueOrDefault(name)} ×)") { Calls = module.Calls, Bars = Merge(module.Bars), Path = module.Path });
        }
        return Busiest(all, Most);
    }

    /// <summary>Those with most calls, in the order in which they began.</summary>
    public static List<Row> Busiest(List<Row> rows, int most)
    {
        List<Row> kept = [.. rows];
        if (kept.Count > most)
        {
            kept.Sort((one, other) => other.Calls.CompareTo(one.Calls));
            kept.RemoveRange(most, kept.Count - most);
        }
        kept.Sort((one, other) => BeginOf(one) != BeginOf(other) ? BeginOf(one).CompareTo(BeginOf(other)) : string.CompareOrdinal(one.Name, other.Name));
        return kept;
    }

    static long BeginOf(Row row) => row.Bars.Count > 0 ? row.Bars[0].FromNs : long.MaxValue;

    static Row Of(Dictionary<string, Row> modules, string name)
    {
        if (!modules.TryGetValue(name, out var module))
            modules.Add(name, module = new Row(name));
        return module;
    }

    /// <summary>What happened to a module at each time: while it is loaded, that; then what was in vain; then who waits.</summary>
    /// <param name="bars">Of one module.</param>
    static List<Bar> Merge(List<Bar> bars)
    {
        List<Change> changes = new(2 * bars.Count);
        foreach (var bar in bars)
        {
            changes.Add(new Change(bar.FromNs, 1, bar.Kind));
            changes.Add(new Change(bar.ToNs, -1, bar.Kind));
        }
        // beginnings first: what ends and begins at once goes on
        changes.Sort((one, other) => one.At != other.At ? one.At.CompareTo(other.At) : other.By.CompareTo(one.By));
        var merged = new List<Bar>();
        Span<int> open = stackalloc int[3];
        var from = 0L;
        foreach (var change in changes)
        {
            var at = change.At;
            var before = Shown(open);
            open[(int)change.Kind] += change.By;
            var now = Shown(open);
            if (now == before)
                continue;
            if (before is { } ended)
                merged.Add(new Bar(from, at, ended, bars[0].Module, ""));
            from = at;
        }
        return merged;
    }

    static BarKind? Shown(ReadOnlySpan<int> open) =>
        open[(int)BarKind.Loading] > 0 ? BarKind.Loading : open[(int)BarKind.Failed] > 0 ? BarKind.Failed : open[(int)BarKind.Waiting] > 0 ? BarKind.Waiting : null;

    /// <summary>So many more, or less, do it from then on.</summary>
    sealed class Change(long at, int by, BarKind kind)
    {
        public long At => at;

        public int By => by;

        public BarKind Kind => kind;
    }
}
