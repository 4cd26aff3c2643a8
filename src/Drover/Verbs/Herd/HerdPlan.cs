using System.Globalization;
using Drover.Cli;
using Drover.Model;

namespace Drover.Verbs.Herd;

/// <summary>The runs that a command line asks for, in the order of the report: by herd, by gate, along the sweep. Immutable.</summary>
sealed record HerdPlan(IReadOnlyList<HerdOptions> Runs, Sweep? Sweep)
{
    public static readonly Option Cpus = new("cpus", $"CPUs of the machine, 1 to {Sweep.MostCpus}", "N", "255, or what the scenario has", Kind: ValueKind.Count);

    public static readonly Option Gate = new("gate", "the kernel's gate: none, early, exclusive, idempotent; several with commas, or all", "GATE", "all");

    public static readonly Option Herd = new("herd", "who loads: udev, threads, modprobe, spray, user-decompress, drover; several, or all", "WHO", "udev,drover");

    public static readonly Option Memory = new("memory", "memory of the machine", "SIZE", "what the scenario has", Kind: ValueKind.Bytes);

    public static readonly Option Kasan = new("kasan", "a kernel with KASAN: larger modules, everything slower");

    public static readonly Option UserDecompress = new("user-decompress", "a kernel that cannot decompress: whoever loads does it, through init_module");

    public static readonly Option Seed = new("seed", "another course of chance; one seed is one trace", "N", "1", Kind: ValueKind.Count);

    public static readonly Option Cost = new("cost", "a cost of the model, such as readNsPerByte=0.5; may be given several times", "NAME=VALUE");

    public static readonly Option SweepOption = new("sweep", "runs along cpus=1..4096 (powers of two), cpus=1,8,64 or memory=256M..8G; with a chart", "RANGE");

    /// <summary>Of whatever unit: what a scenario may have, too.</summary>
    const double MostCost = 1e15;

    /// <param name="builtIn">The scenario that is meant where no file is named.</param>
    /// <exception cref="UsageException">It contradicts itself, or a value is out of range.</exception>
    /// <exception cref="CannotException">The scenario cannot be read.</exception>
    /// <exception cref="ScenarioException">The scenario is none.</exception>
    public static HerdPlan Read(Arguments arguments, Func<Scenario> builtIn)
    {
        var sweep = arguments.Text(SweepOption) is { } range ? Sweep.Parse(range) : null;
        if (sweep is { Axis: SweepAxis.Cpus } && arguments.Has(Cpus))
            throw new UsageException("--sweep varies the CPUs: leave out --cpus");
        if (sweep is { Axis: SweepAxis.Memory } && arguments.Has(Memory))
            throw new UsageException("--sweep varies the memory: leave out --memory");
        if (arguments.Count(Cpus) > Sweep.MostCpus)
            throw new UsageException($"--cpus takes 1 to {Sweep.MostCpus}, not '{arguments.Text(Cpus)}'");
        if (arguments.Size(Memory) > Sweep.MostMemoryBytes)
            throw new UsageException($"--memory takes at most {Sweep.MostMemoryBytes >> 30}G, not '{arguments.Text(Memory)}'");
        var gates = HerdNames.ReadGates(arguments, Gate);
        var herds = HerdNames.ReadHerds(arguments, Herd);
        var ownCosts = arguments.Texts(Cost).Select(ParseCost).ToList();

        var (scenario, cpus) = ScenarioSource.Open(arguments, builtIn);
        var machine = new HerdOptions
        {
            Scenario = scenario,
            Cpus = arguments.Count(Cpus) ?? cpus,
            MemoryBytes = arguments.Size(Memory) ?? scenario.MemoryBytes,
            Kasan = arguments.Has(Kasan),
            KernelDecompresses = !arguments.Has(UserDecompress),
            Seed = arguments.Count(Seed) ?? 1,
            Costs = ownCosts.Count == 0 ? null : ownCosts.Aggregate(new CostModel().With(scenario.Costs), (costs, own) => own.Cost.With(costs, own.Value)),
        };
        var lines = herds.SelectMany(herd => gates, (herd, gate) => machine with { Herd = herd, Gate = gate });
        return new HerdPlan(sweep is null ? [.. lines] : [.. lines.SelectMany(_ => sweep.Values, sweep.At)], sweep);
    }

    static (CostEntry Cost, double Value) ParseCost(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? text : text[..equals];
        if (CostTable.Find(name) is not { } cost)
        {
            var names = CostTable.All.Select(known => known.Name).ToList();
            var hint = Nearest.Hint(name, names);
            throw new UsageException($"--cost: there is no cost '{name}'{(hint.Length > 0 ? hint : $"; there are {string.Join(", ", names)}")}");
        }
        return equals >= 0 && double.TryParse(text.AsSpan(equals + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= MostCost
            ? (cost, value)
            : throw new UsageException($"--cost takes NAME=VALUE with a number of at least 0, such as {name}=1.5, not '{text}'");
    }
}
