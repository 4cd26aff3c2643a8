using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using Drover.Study.Scenarios;

namespace Drover.Study.Herd;

/// <summary>The runs of a command line, in the order of the report: by herd, by gate, along the sweep.</summary>
sealed record HerdArguments(IReadOnlyList<HerdOptions> Runs, Sweep? Sweep)
{
    public static readonly Option Cpus = new(
        "cpus", $"CPUs of the machine, 1 to {Sweep.MaxCpus}", "N", "255, or the scenario's", Kind: ValueKind.Count);
    public static readonly Option Gate = new(
        "gate", "the kernel's gate: none, early, exclusive, idempotent; several with commas, or all", "GATE", "all")
    {
        Words = HerdNames.GateWords,
    };
    public static readonly Option Herd = new(
        "herd", "the loader: udev, threads, modprobe, modules-load, spray, user-decompress, drover; several, or all",
        "WHO", "udev,drover")
    {
        Words = HerdNames.HerdWords,
    };
    public static readonly Option Memory = ScenarioSource.Memory with { Default = "the scenario's" };
    public static readonly Option Kasan = new("kasan", "a kernel with KASAN: larger modules, everything slower");
    public static readonly Option UserDecompress = new(
        "user-decompress", "a kernel that cannot decompress: loaders decompress and call init_module");
    public static readonly Option Seed = new(
        "seed", "seed of the random numbers; one seed is one trace", "N", "1", Kind: ValueKind.Count);
    public static readonly Option Cost = new(
        "cost", "a cost of the model, such as readNsPerByte=0.5; may be given several times", "NAME=VALUE");
    public static readonly Option SweepOption = new(
        "sweep", "runs along cpus=1..4096 (powers of two), cpus=1,8,64 or memory=256M..8G; with a chart", "RANGE")
    {
        Words = ["cpus=", "memory="],
    };

    /// <param name="builtIn">The built-in scenario of a name.</param>
    /// <exception cref="UsageException">Options contradict each other, or a value is out of range.</exception>
    /// <exception cref="CommandException">The scenario cannot be read.</exception>
    /// <exception cref="ScenarioException">The file is not a valid scenario.</exception>
    public static HerdArguments Read(Arguments arguments, Func<string, Scenario> builtIn)
    {
        var sweep = arguments.Text(SweepOption) is { } range ? Sweep.Parse(range) : null;
        if (sweep is { Axis: SweepAxis.Cpus } && arguments.Has(Cpus))
            throw new UsageException("--sweep varies the CPUs: leave out --cpus");
        if (sweep is { Axis: SweepAxis.Memory } && arguments.Has(Memory))
            throw new UsageException("--sweep varies the memory: leave out --memory");
        CheckCpus(arguments);
        ScenarioSource.CheckMemory(arguments);
        var gates = HerdNames.ReadGates(arguments, Gate);
        var herds = HerdNames.ReadHerds(arguments, Herd);
        List<(CostEntry Cost, double Value)> costs = [.. arguments.Texts(Cost).Select(ParseCost)];

        var (scenario, cpus) = ScenarioSource.Open(arguments, builtIn);
        var machine = new HerdOptions
        {
            Scenario = scenario,
            Cpus = arguments.Count(Cpus) ?? cpus,
            MemoryBytes = arguments.Size(Memory) ?? scenario.MemoryBytes,
            Kasan = arguments.Has(Kasan),
            KernelDecompresses = !arguments.Has(UserDecompress),
            Seed = arguments.Count(Seed) ?? 1,
            Costs = costs.Count == 0 ? null : costs.Aggregate(
                new CostModel().With(scenario.Costs), (model, cost) => cost.Cost.With(model, cost.Value)),
        };
        var lines = herds.SelectMany(_ => gates, (herd, gate) => machine with { Loader = herd, Gate = gate });
        return new(sweep is null ? [.. lines] : [.. lines.SelectMany(_ => sweep.Values, sweep.At)], sweep);
    }

    /// <exception cref="UsageException"><c>--cpus</c> is out of range.</exception>
    public static void CheckCpus(Arguments arguments)
    {
        if (arguments.Count(Cpus) > Sweep.MaxCpus)
            throw new UsageException($"--cpus takes 1 to {Sweep.MaxCpus}, not '{arguments.Text(Cpus)}'");
    }

    static (CostEntry Cost, double Value) ParseCost(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? text : text[..equals];
        if (CostTable.Find(name) is not { } cost)
        {
            List<string> names = [.. CostTable.All.Select(known => known.Name)];
            var hint = Nearest.Hint(name, names);
            if (hint.Length == 0)
                hint = $"; there are {string.Join(", ", names)}";
            throw new UsageException($"--cost: there is no cost '{name}'{hint}");
        }
        var number = text.AsSpan(equals + 1);
        if (equals < 0 || !double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            throw new UsageException($"--cost takes NAME=VALUE with a number, such as {name}=1.5, not '{text}'");
        return CostTable.ProblemOf(name, value) is { } problem
            ? throw new UsageException($"--cost {text}: {name} {problem}")
            : (cost, value);
    }
}

static class HerdNames
{
    const string All = "all";

    static readonly (string Name, GateKind Gate)[] s_gates =
    [
        ("none", GateKind.None), ("early", GateKind.EarlyCheck), ("exclusive", GateKind.Exclusive),
        ("idempotent", GateKind.Idempotent),
    ];

    static readonly (string Name, LoaderKind Herd)[] s_herds =
    [
        ("udev", LoaderKind.Udev), ("threads", LoaderKind.UdevThreads), ("modprobe", LoaderKind.Modprobe),
        ("modules-load", LoaderKind.ModulesLoad), ("spray", LoaderKind.Spray),
        ("user-decompress", LoaderKind.UserDecompress), ("drover", LoaderKind.Drover),
    ];

    public static IReadOnlyList<string> GateWords => [.. s_gates.Select(known => known.Name), All];
    public static IReadOnlyList<string> HerdWords => [.. s_herds.Select(known => known.Name), All];
    public static IEnumerable<GateKind> Gates => s_gates.Select(known => known.Gate);
    public static string Of(GateKind gate) => Array.Find(s_gates, known => known.Gate == gate).Name;
    public static string Of(LoaderKind herd) => Array.Find(s_herds, known => known.Herd == herd).Name;

    /// <summary><c>udev, gate none</c>.</summary>
    public static string LabelOf(LoaderKind herd, GateKind gate) => $"{Of(herd)}, gate {Of(gate)}";

    /// <summary><c>udev, gate none, 255 CPUs, 4 GiB, seed 1</c>.</summary>
    public static string TitleOf(HerdOptions options)
    {
        var memory = $"{ByteSize.Format(options.MemoryBytes)}{(options.Kasan ? ", KASAN" : "")}";
        return $"{LabelOf(options.Loader, options.Gate)}, {CpusOf(options.Cpus)}, {memory}, seed {options.Seed}";
    }

    public static string CpusOf(int cpus) => cpus == 1 ? "1 CPU" : $"{cpus} CPUs";

    /// <summary>The gates of an option, each once, in the order given; all of them without the option.</summary>
    /// <exception cref="UsageException">A name is unknown.</exception>
    public static IReadOnlyList<GateKind> ReadGates(Arguments arguments, Option option) =>
        arguments.Has(option) ? Read(arguments, option, s_gates) : [.. Gates];

    /// <summary>The herds of an option, each once, in the order given; udev and Drover without the option.</summary>
    /// <exception cref="UsageException">A name is unknown.</exception>
    public static IReadOnlyList<LoaderKind> ReadHerds(Arguments arguments, Option option) =>
        arguments.Has(option) ? Read(arguments, option, s_herds) : [LoaderKind.Udev, LoaderKind.Drover];

    static List<T> Read<T>(Arguments arguments, Option option, (string Name, T Value)[] known) =>
        arguments.Texts(option)
            .SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries))
            .SelectMany(name => Find(name, option, known)).Distinct().ToList();

    static IEnumerable<T> Find<T>(string name, Option option, (string Name, T Value)[] known)
    {
        if (name == All)
            return known.Select(one => one.Value);
        var index = Array.FindIndex(known, one => one.Name == name);
        if (index >= 0)
            return [known[index].Value];
        List<string> names = [.. known.Select(one => one.Name)];
        var hint = Nearest.Hint(name, [.. names, All]);
        throw new UsageException($"--{option.Name} takes {string.Join(", ", names)} or {All}, not '{name}'{hint}");
    }
}
