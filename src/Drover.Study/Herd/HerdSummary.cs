using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Study.Drawing;

namespace Drover.Study.Herd;

static class HerdSummary
{
    /// <summary>The machine and the scenario, for the place before the table.</summary>
    public static string Introduce(IReadOnlyList<HerdResult> results, Sweep? sweep)
    {
        var options = results[0].Options;
        var scenario = options.Scenario;
        var cpus = HerdNames.CpusOf(options.Cpus);
        var memory = ByteSize.Format(options.MemoryBytes);
        if (sweep is not null)
        {
            List<long> values = [.. results.Select(result => sweep.ValueOf(result.Options))];
            var range = $"{sweep.Format(values.Min())} to {sweep.Format(values.Max())}";
            (cpus, memory) = sweep.Axis is SweepAxis.Cpus ? ($"{range} CPUs", memory) : (cpus, range);
        }
        var perCpu = scenario.Devices.Count(device => device.IsPerCpu);
        var single = scenario.Devices.Count - perCpu;
        var devices = sweep is { Axis: SweepAxis.Cpus }
            ? $"{Plural(single, "device")} and {perCpu} of each CPU"
            : Plural(single + ((long)perCpu * options.Cpus), "device");
        return $"A boot in the model: {cpus}, {memory}{(options.Kasan ? ", KASAN" : "")}; {devices} of "
            + $"'{PlainText.Of(scenario.Name)}' ask for {Plural(scenario.Modules.Count, "module")}. "
            + "Each HERD loads them on a kernel with each GATE.";
    }

    /// <summary>Waste, failed boots and missing modules, and the kernels of several gates, for the place after the
    /// table. Empty for one run.</summary>
    public static List<string> Of(IReadOnlyList<HerdResult> results)
    {
        if (results.Count < 2)
            return [];
        var hasGates = results.Any(result => result.Options.Gate != results[0].Options.Gate);
        var herds = results.GroupBy(result => result.Options.Loader)
            .Select(herd => (Name: HerdNames.Of(herd.Key), Runs: herd.ToList())).ToList();
        var waste = Join(herds.Select(herd => (herd.Name, new Finding("", "", WasteOf(herd.Runs, hasGates)))));
        var ends = Join(herds.SelectMany(herd => EndsOf(herd.Runs, hasGates), (herd, end) => (herd.Name, end)));
        var kernels = results.Select(result => result.Options.Gate).Distinct()
            .Select(gate => $"{HerdNames.Of(gate)} {KernelsOf(gate)}");
        List<string> summary = [$"Waste: {waste}.", $"At the end: {ends}.", $"Time: {TimesOf(results, hasGates)}."];
        return hasGates ? [.. summary, $"Kernels: {string.Join("; ", kernels)}."] : summary;
    }

    static string KernelsOf(GateKind gate) => gate switch
    {
        GateKind.None => "is up to 6.3",
        GateKind.EarlyCheck => "is 6.4",
        GateKind.Exclusive => "was reverted in the 6.5 cycle",
        GateKind.Idempotent => "is 6.5 and later",
        _ => throw new ArgumentOutOfRangeException(nameof(gate)),
    };

    /// <summary>The seconds of the boot phase for each gate, and how the others compare with udev.</summary>
    static string TimesOf(IReadOnlyList<HerdResult> results, bool hasGates)
    {
        var gates = results.GroupBy(result => result.Options.Gate).Select(gate =>
        {
            // a boot that lacks modules is no measure
            var udev = gate.FirstOrDefault(run =>
                run is { Booted: true, Missing: [], Options.Loader: LoaderKind.Udev });
            var runs = string.Join(", ", gate.Where(run => run.Booted).Select(run =>
                $"{HerdNames.Of(run.Options.Loader)} {HerdFigures.Seconds(run)} s{Against(udev, run)}")
                .DefaultIfEmpty("no boot"));
            return hasGates ? $"{HerdNames.Of(gate.Key)}: {runs}" : runs;
        });
        return string.Join("; ", gates);

        static string Against(HerdResult? udev, HerdResult run)
        {
            if (run.Missing.Count > 0)
                return " (without all modules)";
            if (udev is null || run == udev || udev.BootSeconds == 0)
                return "";
            var percent = (int)Math.Round(100 * ((run.BootSeconds / udev.BootSeconds) - 1));
            return percent switch
            {
                0 => " (the same)",
                > 0 => $" ({percent} % more)",
                _ => $" ({-percent} % less)",
            };
        }
    }

    /// <summary>Equal findings of several herds become one.</summary>
    static string Join(IEnumerable<(string Herd, Finding Finding)> findings) => string.Join("; ", findings
        .GroupBy(one => one.Finding, one => one.Herd).Select(herds => herds.Key.Of([.. herds])));

    /// <param name="hasGates">The runs have several gates, so that the gate has to be named.</param>
    static string WasteOf(List<HerdResult> runs, bool hasGates)
    {
        var most = runs.MaxBy(run => run.WastedBytes)!;
        var least = runs.MinBy(run => run.WastedBytes)!;
        if (most.WastedBytes == least.WastedBytes)
            return $"{AmountOf(most)}{OnEvery(runs, hasGates)}";
        // the two kernels that commit 9828ed3f695a compares, if both are present
        var without = runs.Find(run => run.Options.Gate is GateKind.None) ?? most;
        var with = runs.Find(run => run.Options.Gate is GateKind.Exclusive) ?? least;
        if (with.WastedBytes >= without.WastedBytes)
            (without, with) = (most, least);
        var times = with.WastedBytes == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture, $" ({(double)without.WastedBytes / with.WastedBytes:#,0.#} times less)");
        return $"{AmountOf(without)} {On(without)}, {AmountOf(with)} {On(with)}{times}";
    }

    static IEnumerable<Finding> EndsOf(List<HerdResult> runs, bool hasGates)
    {
        var failed = runs.FindAll(run => !run.Booted);
        if (failed.Count > 0)
            yield return new Finding("does not boot", "do not boot", Where(failed));
        foreach (var run in runs.FindAll(run => run.Booted && run.Missing.Count > 0))
        {
            var on = hasGates ? $" {On(run)}" : "";
            yield return new Finding(
                "lacks", "lack", $" {Plural(run.Missing.Count, "module")}{on} ({FittedTable.ListOf(run.Missing)})");
        }
        var complete = runs.FindAll(run => run.Booted && run.Missing.Count == 0);
        if (complete.Count > 0)
            yield return new Finding("boots", "boot", $" with every module{Where(complete)}");

        string Where(List<HerdResult> some)
        {
            if (some.Count == runs.Count)
                return OnEvery(runs, hasGates);
            var gates = string.Join(", ", some.Select(run => HerdNames.Of(run.Options.Gate)));
            return $" on {(some.Count == 1 ? "gate" : "gates")} {gates}";
        }
    }

    static string AmountOf(HerdResult run) => run.WastedBytes == 0 ? "nothing" : HerdFigures.Wasted(run);

    static string On(HerdResult run) =>
        run.Options.Gate is GateKind.None ? "without a gate" : $"on gate {HerdNames.Of(run.Options.Gate)}";

    static string OnEvery(List<HerdResult> runs, bool hasGates) =>
        !hasGates ? "" : runs.Count == 1 ? $" {On(runs[0])}" : " on every gate";

    static string Plural(long count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";

    sealed record Finding(string SingularVerb, string PluralVerb, string Rest)
    {
        public string Of(IReadOnlyList<string> herds) =>
            $"{string.Join(", ", herds)} {(herds.Count == 1 ? SingularVerb : PluralVerb)}{Rest}";
    }
}

static class HerdFigures
{
    public static long CallsOf(HerdResult result) => result.Calls.Values.Sum();

    /// <summary>The number of calls by errno, success first: <c>21 ok, 138 EEXIST</c>; a dash for no calls.</summary>
    public static string ByErrno(HerdResult result)
    {
        var calls = Ordered(result)
            .Where(calls => calls.Value > 0)
            .Select(calls => $"{calls.Value} {(calls.Key is Errno.None ? "ok" : ErrnoText.Name(calls.Key))}");
        return string.Join(", ", calls.DefaultIfEmpty("-"));
    }

    public static IEnumerable<KeyValuePair<Errno, long>> Ordered(HerdResult result) =>
        result.Calls.OrderBy(calls => calls.Key);

    public static string Wasted(HerdResult result) => ByteSize.Format(result.WastedBytes);
    public static string Peak(HerdResult result) => ByteSize.Format(result.PeakBytes);

    /// <summary>The seconds of the boot phase; in brackets the time of a boot that failed.</summary>
    public static string Seconds(HerdResult result)
    {
        var seconds = result.BootSeconds.ToString("0.00", CultureInfo.InvariantCulture);
        return result.Booted ? seconds : $"({seconds})";
    }

    /// <summary>The number of missing modules with the first names, or the reason why the boot failed.</summary>
    public static string Missing(HerdResult result)
    {
        if (!result.Booted)
            return $"does not boot: {FailureOf(result)}";
        var count = result.Missing.Count.ToString(CultureInfo.InvariantCulture);
        return result.Missing.Count == 0 ? count : $"{count}: {FittedTable.ListOf(result.Missing)}";
    }

    /// <summary>Why the boot failed, without a full stop.</summary>
    public static string FailureOf(HerdResult result) =>
        PlainText.Of(result.WhyNotBooted ?? "the reason is unknown").TrimEnd('.');
}
