using System.Globalization;
using Drover.Cli;
using Drover.Model;
using Drover.Output;

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
        // where there is but one gate it need not be told
        var tellGate = results.Any(result => result.Options.Gate != results[0].Options.Gate);
        var herds = results.GroupBy(result => result.Options.Herd).Select(herd => (Name: HerdNames.Of(herd.Key), Runs: herd.ToList())).ToList();
        var waste = Together(herds.Select(herd => (herd.Name, new Finding("", "", WasteOf(herd.Runs, tellGate)))));
        var ends = Together(herds.SelectMany(herd => EndsOf(herd.Runs, tellGate), (herd, end) => (herd.Name, end)));
        return [$"Waste: {waste}.", $"At the end: {ends}."];
    }

    /// <summary>What of several herds is the same is told once.</summary>
    static string Together(IEnumerable<(string Herd, Finding Finding)> findings) => string.Join("; ", findings.GroupBy(of => of.Finding, of => of.Herd).Select(same => same.Key.Of([.. same])));

    static string WasteOf(List<HerdResult> runs, bool tellGate)
    {
        var most = runs.MaxBy(run => run.WastedBytes)!;
        var least = runs.MinBy(run => run.WastedBytes)!;
        if (most.WastedBytes == least.WastedBytes)
            return $"{AmountOf(most)}{OnEvery(runs, tellGate)}";
        // the seed's two figures, where both are there
        var without = runs.Find(run => run.Options.Gate is GateKind.None) ?? most;
        var with = runs.Find(run => run.Options.Gate is GateKind.Exclusive) ?? least;
        if (with.WastedBytes >= without.WastedBytes)
            (without, with) = (most, least);
        var times = with.WastedBytes == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" ({(double)without.WastedBytes / with.WastedBytes:#,0.#} times less)");
        return $"{AmountOf(without)} {On(without)}, {AmountOf(with)} {On(with)}{times}";
    }

    static IEnumerable<Finding> EndsOf(List<HerdResult> runs, bool tellGate)
    {
        var failed = runs.FindAll(run => !run.Booted);
        if (failed.Count > 0)
            yield return new Finding("does not boot", "do not boot", Where(failed));
        foreach (var run in runs.FindAll(run => run.Booted && run.Missing.Count > 0))
            yield return new Finding("lacks", "lack", $" {Plural(run.Missing.Count, "module")}{(tellGate ? $" {On(run)}" : "")} ({RunCells.Names(run.Missing)})");
        var complete = runs.FindAll(run => run.Booted && run.Missing.Count == 0);
        if (complete.Count > 0)
            yield return new Finding("boots", "boot", $" with every module{Where(complete)}");

        string Where(List<HerdResult> some) => some.Count == runs.Count ? OnEvery(runs, tellGate) : $" on {(some.Count == 1 ? "gate" : "gates")} {string.Join(", ", some.Select(run => HerdNames.Of(run.Options.Gate)))}";
    }

    static string AmountOf(HerdResult run) => run.WastedBytes == 0 ? "nothing" : RunCells.Wasted(run);

    static string On(HerdResult run) => run.Options.Gate is GateKind.None ? "without a gate" : $"on gate {HerdNames.Of(run.Options.Gate)}";

    static string OnEvery(List<HerdResult> runs, bool tellGate) => !tellGate ? "" : runs.Count == 1 ? $" {On(runs[0])}" : " on every gate";

    static string Plural(long count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    /// <summary>Something to say of one herd, or of several.</summary>
    sealed record Finding(string OneDoes, string SeveralDo, string Rest)
    {
        public string Of(IReadOnlyList<string> herds) => $"{string.Join(", ", herds)} {(herds.Count == 1 ? OneDoes : SeveralDo)}{Rest}";
    }
}
