using CsCheck;
using Drover.Kernel;
using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using Drover.Model.Tests.Scenarios;

namespace Drover.Model.Tests.Herds;

/// <summary>A small server on every gate with every loader.</summary>
public sealed class HerdRunTests
{
    /// <summary>CPUs with three modules and a driver without hardware; a disk whose modules have
    /// common dependencies.</summary>
    static readonly Scenario Server = new()
    {
        Name = "server",
        Cpus = 64,
        MemoryBytes = 8L << 30,
        Modules =
        [
            Module("cryptd", 40_000),
            Module("aesni", 300_000, "cryptd"),
            Module("kvm", 1_200_000),
            Module("kvm_intel", 500_000, "kvm"),
            Module("acpi_cpufreq", 40_000) with { InitError = "ENODEV" },
            Module("scsi_mod", 400_000),
            Module("libata", 500_000, "scsi_mod"),
            Module("ahci", 80_000, "scsi_mod", "libata") with { AsyncProbeNs = 50_000_000 },
            Module("sd_mod", 90_000, "scsi_mod"),
        ],
        Aliases =
        [
            new("cpu:x", ["aesni", "kvm_intel", "acpi_cpufreq"]),
            new("pci:ahci", ["ahci"]),
            new("pci:ahci2", ["ahci"]),
            new("scsi:disk", ["sd_mod"]),
        ],
        Devices =
        [
            new() { Path = "/devices/system/cpu/cpu{cpu}", Subsystem = "cpu", Modaliases = ["cpu:x"], IsPerCpu = true },
            new() { Path = "/devices/pci0/1", Subsystem = "pci", Modaliases = ["pci:ahci"] },
            new() { Path = "/devices/pci0/2", Subsystem = "pci", Modaliases = ["pci:ahci2"] },
            new() { Path = "/devices/pci0/1/h0", Subsystem = "scsi", Modaliases = ["scsi:disk"], AppearsWith = "ahci" },
        ],
    };

    public static TheoryData<GateKind, LoaderKind> Everything => new(
        from gate in Enum.GetValues<GateKind>() from loader in Enum.GetValues<LoaderKind>() select (gate, loader));

    [Theory]
    [InlineData("setupTurns", 1e15)]
    [InlineData("jitter", 1e15)]
    [InlineData("lookupNs", 1e15)]
    public void Run_that_would_not_end_is_given_up(string cost, double value)
    {
        var scenario = Server with { Costs = new Dictionary<string, double> { [cost] = value } };
        var problem = Assert.Throws<ScenarioException>(() => HerdRun.Run(new HerdOptions { Scenario = scenario }));
        Assert.StartsWith("scenario 'server' does not end in the model: ", problem.Message, StringComparison.Ordinal);
    }

    /// <summary>Whatever valid scenario a file has.</summary>
    [Fact]
    public void Every_scenario_ends_or_is_given_up() => Gen
        .Select(RandomScenario.Any, Gen.Enum<GateKind>(), Gen.Enum<LoaderKind>(), Gen.Bool)
        .Sample((scenario, gate, loader, kasan) =>
        {
            try
            {
                var options = new HerdOptions
                {
                    Scenario = scenario,
                    Cpus = Math.Min(scenario.Cpus, 32),
                    Gate = gate,
                    Loader = loader,
                    Kasan = kasan,
                };
                Assert.True(HerdRun.Run(options).Steps > 0);
            }
            catch (ScenarioException)
            {
                // a sentence for the user
            }
        }, iter: 30, threads: 1);

    /// <summary>Twenty modules that all need the same four.</summary>
    [Fact]
    public void Threads_of_modules_load_try_shared_dependencies_again_and_one_thread_does_not()
    {
        var names = Enumerable.Range(0, 20).Select(i => $"m{i:D2}").ToArray();
        string[] shared = ["d0", "d1", "d2", "d3"];
        var scenario = Server with
        {
            Modules = [.. shared.Select(name => Module(name, 200_000)),
                .. names.Select(name => Module(name, 100_000, shared))],
            Aliases = [new("all", names)],
            Devices = [new() { Path = "/devices/all", Subsystem = "pci", Modaliases = ["all"] }],
        };

        HerdResult Run(int cpus, LoaderKind loader) => HerdRun.Run(
            new HerdOptions { Scenario = scenario, Cpus = cpus, Gate = GateKind.None, Loader = loader });

        var (one, many, drover) =
            (Run(1, LoaderKind.ModulesLoad), Run(64, LoaderKind.ModulesLoad), Run(64, LoaderKind.Drover));
        Assert.Equal([24L, 24L], new[] { one, drover }.Select(run => run.Calls.Values.Sum()));
        Assert.True(many.Calls.Values.Sum() > 24, "duplicates");
        Assert.All([one, many, drover], run => Assert.Equal(24, run.Live.Count));
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public void Every_run_ends_with_consistent_counts(GateKind gate, LoaderKind loader)
    {
        var result = HerdRun.Run(new HerdOptions { Scenario = Server, Gate = gate, Loader = loader });
        Assert.True(result.Booted);
        Assert.Equal(result.WastedBytes, result.Stats.WastedBytes);
        if (gate is not GateKind.Idempotent)
            Assert.Equal(result.Live.Count, result.Calls[Errno.None]);
    }

    [Theory]
    [InlineData(GateKind.None)]
    [InlineData(GateKind.EarlyCheck)]
    [InlineData(GateKind.Exclusive)]
    [InlineData(GateKind.Idempotent)]
    public void Drover_makes_one_call_per_module_on_every_gate(GateKind gate)
    {
        var result = HerdRun.Run(
            new HerdOptions { Scenario = Server, Cpus = 255, Gate = gate, Loader = LoaderKind.Drover });
        Assert.Equal(result.Attempted, result.Calls.Values.Sum());
        Assert.Equal(0, result.WastedBytes);
        Assert.Empty(result.Missing);
        Assert.Equal(8, result.Live.Count);
    }

    [Fact]
    public void A_seed_determines_the_trace()
    {
        var options = new HerdOptions { Scenario = Server };
        var first = HerdRun.Run(options);
        Assert.Equal(first.TraceHash, HerdRun.Run(options).TraceHash);
        Assert.NotEqual(first.TraceHash, HerdRun.Run(options with { Seed = 2 }).TraceHash);
    }

    static ScenarioModule Module(string name, long bytes, params string[] dependencies) => new()
    {
        Name = name,
        FileBytes = bytes,
        ElfBytes = bytes,
        ImageBytes = bytes,
        Dependencies = dependencies,
        InitNs = 2_000_000,
    };
}
