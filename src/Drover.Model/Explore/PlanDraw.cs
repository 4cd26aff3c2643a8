using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;

namespace Drover.Model.Explore;

/// <summary>Draws a small machine with faults: bugs need few tasks, and a million machines must be run.</summary>
static class PlanDraw
{
    const int MaxModules = 5, MaxDevices = 4, MaxCpus = 16, MaxFaults = 3;
    const int MaxEvents = 100; // faults begin within so many events; most schedules have fewer

    static readonly string[] s_initErrors = ["ENODEV", "ENODEV", "EIO", "EBUSY"];

    public static SchedulePlan Of(int seed)
    {
        var random = new Random(seed);
        var scenario = ScenarioOf(random);
        var options = new HerdOptions
        {
            Scenario = scenario,
            Seed = seed,
            Cpus = Chance(random, 4) ? random.Next(1, MaxCpus + 1) : random.Next(1, 5),
            Gate = (GateKind)random.Next(4),
            Loader = Chance(random, 3) ? LoaderKind.Drover : (LoaderKind)random.Next(6),
            MemoryBytes = scenario.MemoryBytes,
            KernelDecompresses = !Chance(random, 4),
            Kasan = Chance(random, 8),
            Costs = new CostModel(),
        };
        if (Chance(random, 6))
            options = options with { MemoryBytes = SmallMemory(random, options) };
        var faults = new Fault[random.Next(3) == 0 ? 0 : random.Next(1, MaxFaults + 1)];
        for (var i = 0; i < faults.Length; i++)
            faults[i] = FaultOf(random, scenario);
        return new SchedulePlan(options, faults);
    }

    /// <summary>The base system, a few workers, some or all modules: enough, enough with kills, or not.</summary>
    static long SmallMemory(Random random, HerdOptions options)
    {
        var costs = options.Costs!;
        var workers = random.Next(8) * costs.WorkerBytes;
        var modules = options.Scenario.Modules.Sum(module => module.ElfBytes + module.ImageBytes);
        var bytes = costs.BaseBytes + workers + (random.NextDouble() * 3 * modules);
        return (long)(options.Kasan ? bytes / (1 - costs.KasanShadow) * 1.1 : bytes);
    }

    static Scenario ScenarioOf(Random random)
    {
        var compression = Chance(random, 4) ? ModuleCompression.Zstd : ModuleCompression.None;
        var modules = new ScenarioModule[random.Next(1, MaxModules + 1)];
        for (var i = 0; i < modules.Length; i++)
            modules[i] = ModuleOf(random, modules, i, compression);
        var aliases = new ScenarioAlias[random.Next(1, 4)];
        for (var i = 0; i < aliases.Length; i++)
            aliases[i] = new($"a{i}:x", Some(random, modules.Length, 2).ConvertAll(at => modules[at].Name));
        var devices = new ScenarioDevice[random.Next(1, MaxDevices + 1)];
        for (var i = 0; i < devices.Length; i++)
        {
            var isPerCpu = Chance(random, 3);
            devices[i] = new ScenarioDevice
            {
                Path = isPerCpu ? $"/devices/d{i}/{Scenario.CpuMark}" : $"/devices/d{i}",
                Subsystem = "bus",
                Modaliases = Some(random, aliases.Length, 2).ConvertAll(at => aliases[at].Modalias),
                IsPerCpu = isPerCpu,
                AppearsWith = Chance(random, 4) ? modules[random.Next(modules.Length)].Name : null,
            };
        }
        return new Scenario
        {
            Name = "explored",
            Cpus = 1,
            MemoryBytes = 8L << 30,
            Compression = compression,
            Modules = modules,
            Aliases = aliases,
            Devices = devices,
        };
    }

    static ScenarioModule ModuleOf(Random random, ScenarioModule[] modules, int at, ModuleCompression compression)
    {
        var needed = new bool[at];
        for (var i = 0; i < at; i++)
        {
            if (!Chance(random, 3))
                continue;
            needed[i] = true;
            foreach (var indirect in modules[i].Dependencies)
                needed[Array.FindIndex(modules, module => module.Name == indirect)] = true;
        }
        var bytes = random.Next(4_000, 400_000);
        var fileBytes = compression is ModuleCompression.None ? bytes : bytes / 3;
        return new ScenarioModule
        {
            Name = $"m{at}",
            FileBytes = fileBytes,
            ElfBytes = bytes,
            ImageBytes = random.Next(bytes, 2 * bytes),
            TextBytes = bytes / 2,
            Dependencies = [.. Enumerable.Range(0, at).Where(i => needed[i]).Select(i => modules[i].Name)],
            // of any other module, also of one that depends on this one: softdeps may have cycles
            SoftdepsBefore = Chance(random, 6) ? Softdep() : [],
            SoftdepsAfter = Chance(random, 6) ? Softdep() : [],
            InitNs = random.Next(2_000_000),
            InitSleepNs = Chance(random, 5) ? random.Next(Chance(random, 4) ? 300_000_000 : 20_000_000) : 0,
            AsyncProbeNs = Chance(random, 5) ? random.Next(50_000_000) : 0,
            InitError = Chance(random, 5) ? s_initErrors[random.Next(s_initErrors.Length)] : null,
        };

        string[] Softdep() => random.Next(modules.Length) is var other && other != at ? [$"m{other}"] : [];
    }

    static Fault FaultOf(Random random, Scenario scenario)
    {
        var kind = (FaultKind)random.Next(Enum.GetValues<FaultKind>().Length);
        var isOfFile = kind is FaultKind.Unreadable or FaultKind.Rejected or FaultKind.Foreign or FaultKind.Requests;
        return new Fault(
            kind, isOfFile && Chance(random, 2) ? 0 : random.Next(MaxEvents), AnyOf(),
            random.Next(Chance(random, 3) ? 500_000_000 : 5_000_000), kind is FaultKind.Requests ? AnyOf() : "");

        string AnyOf() => scenario.Modules[random.Next(scenario.Modules.Count)].Name;
    }

    /// <summary>One to <paramref name="max"/> different numbers below <paramref name="below"/>.</summary>
    static List<int> Some(Random random, int below, int max)
    {
        var some = new List<int> { random.Next(below) };
        while (some.Count < Math.Min(max, below) && Chance(random, 3))
        {
            var next = random.Next(below);
            if (!some.Contains(next))
                some.Add(next);
        }
        return some;
    }

    static bool Chance(Random random, int oneIn) => random.Next(oneIn) == 0;
}
