using System.Globalization;
using Drover.Cli;
using Drover.Model;

namespace Drover.Verbs.Herd;

/// <summary>What is shown, and what to see in it: sentences that come from the figures. Stateless.</summary>
static class HerdReading
{
    /// <summary>Before the table.</summary>
    public static string Introduce(IReadOnlyList<HerdResult> results, Sweep? sweep)
    {
        var options = results[0].Options;
        var scenario = options.Scenario;
        var cpus = HerdNames.CpusOf(options.Cpus);
        var memory = ByteSize.Format(options.MemoryBytes);
        if (sweep is not null)
        {
            var range = $"{sweep.Format(results.Min(result => sweep.ValueOf(result.Options)))} to {sweep.Format(results.Max(result => sweep.ValueOf(result.Options)))}";
            (cpus, memory) = sweep.Axis is SweepAxis.Cpus ? ($"{range} CPUs", memory) : (cpus, range);
        }
        var once = scenario.Devices.Count(device => !device.IsPerCpu);
        var perCpu = scenario.Devices.Count - once;
        var devices = sweep is { Axis: SweepAxis.Cpus } ? $"{Plural(once, "device")} and {perCpu} of each CPU" : Plural(once + ((long)perCpu * options.Cpus), "device");
        return $"A boot in the model: {cpus}, {memory}{(options.Kasan ? ", KASAN" : "")}; {devices} of '{PlainText.Of(scenario.Name)}' ask for {Plural(scenario.Modules.Count, "module")}. "
            + "Each HERD loads them on a kernel with each GATE.";
    }

    /// <summary>Behind the table: waste, then who does not boot or lacks modules. None for a single run.</summary>
    public static List<string> Of(IReadOnlyList<HerdResult> results)
    {
        if (results.Count < 2)
            return [];
        var herds = results.GroupBy(result => result.Options.Herd).Select(herd => (Name: HerdNames.Of(herd.Key), Runs: herd.ToList())).ToList();
        var sentences = new List<string> { $"Waste: {string.Join("; ", herds.Select(herd => $"{herd.Name} {WasteOf(herd.Runs)}"))}." };
        var ends = herds.SelectMany(herd => EndsOf(herd.Name, herd.Runs)).ToList();
        if (ends.Count > 0)
            sentences.Add($"At the end: {string.Join("; ", ends)}.");
        return sentences;
    }

    static string WasteOf(List<HerdResult> runs)
    {
        var most = runs.MaxBy(run => run.WastedBytes)!;
        var least = runs.MinBy(run => run.WastedBytes)!;
        if (most.WastedBytes == 0)
            return $"nothing{OnEvery(runs)}";
        // the seed's two figures, where both are there
        var without = runs.Find(run => run.Options.Gate is GateKind.None) ?? most;
        var with = runs.Find(run => run.Options.Gate is GateKind.Exclusive) ?? least;
        if (with.WastedBytes >= without.WastedBytes)
            (without, with) = (most, least);
        var first = $"{RunCells.Wasted(without)} {On(without)}";
        if (with.WastedBytes == without.WastedBytes)
            return runs.Count == 1 ? first : $"{RunCells.Wasted(without)}{OnEvery(runs)}";
        return with.WastedBytes == 0
            ? $"{first}, nothing {On(with)}"
            : string.Create(CultureInfo.InvariantCulture, $"{first}, {RunCells.Wasted(with)} {On(with)} ({(double)without.WastedBytes / with.WastedBytes:#,0.#} times less)");
    }

    static IEnumerable<string> EndsOf(string herd, List<HerdResult> runs)
    {
        var failed = runs.FindAll(run => !run.Booted);
        if (failed.Count > 0)
            yield return $"{herd} does not boot{(failed.Count == runs.Count ? OnEvery(runs) : $" with gate {Gates(failed)}")}";
        var lacking = runs.FindAll(run => run.Booted && run.Missing.Count > 0);
        foreach (var run in lacking)
            yield return $"{herd} lacks {Plural(run.Missing.Count, "module")} {On(run)} ({RunCells.Names(run.Missing)})";
        var complete = runs.FindAll(run => run.Booted && run.Missing.Count == 0);
        if (complete.Count > 0)
            yield return $"{herd} boots with every module{(complete.Count == runs.Count ? OnEvery(runs) : $" with gate {Gates(complete)}")}";
    }

    static string On(HerdResult run) => run.Options.Gate is GateKind.None ? "without a gate" : $"with gate {HerdNames.Of(run.Options.Gate)}";

    static string OnEvery(List<HerdResult> runs) => runs.Count == 1 ? $" {On(runs[0])}" : " on every gate";

    static string Gates(List<HerdResult> runs) => string.Join(", ", runs.Select(run => HerdNames.Of(run.Options.Gate)));

    static string Plural(long count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
