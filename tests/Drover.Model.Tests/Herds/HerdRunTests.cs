namespace Drover.Model.Tests;

/// <summary>The seed's experiment in small, and what must hold of every run.</summary>
public sealed class HerdRunTests
{
    /// <summary>CPUs that want three modules and a hopeless driver, and a disk whose chain of modules others want, too.</summary>
    static readonly Scenario Server = new()
    {
        Name = "server",
        Cpus = 64,
        MemoryBytes = 8L << 30,
        Modules =
        [
            Module("cryptd", 40_000), Module("aesni", 300_000, "cryptd"), Module("kvm", 1_200_000), Module("kvm_intel", 500_000, "kvm"),
            Module("acpi_cpufreq", 40_000) with { InitError = "ENODEV" },
            Module("scsi_mod", 400_000), Module("libata", 500_000, "scsi_mod"), Module("ahci", 80_000, "scsi_mod", "libata") with { AsyncProbeNs = 50_000_000 },
            Module("sd_mod", 90_000, "scsi_mod"),
        ],
        Aliases =
        [
            new("cpu:x", ["aesni", "kvm_intel", "acpi_cpufreq"]), new("pci:ahci", ["ahci"]), new("pci:ahci2", ["ahci"]), new("scsi:disk", ["sd_mod"]),
        ],
        Devices =
        [
            new() { Path = "/devices/system/cpu/cpu{cpu}", Subsystem = "cpu", Modaliases = ["cpu:x"], IsPerCpu = true },
            new() { Path = "/devices/pci0/1", Subsystem = "pci", Modaliases = ["pci:ahci"] },
            new() { Path = "/devices/pci0/2", Subsystem = "pci", Modaliases = ["pci:ahci2"] },
            new() { Path = "/devices/pci0/1/host0/0:0:0:0", Subsystem = "scsi", Modaliases = ["scsi:disk"], AppearsWith = "ahci" },
        ],
    };

    public static TheoryData<GateKind, HerdKind> Everything => new(
        from gate in Enum.GetValues<GateKind>() from herd in Enum.GetValues<HerdKind>() select (gate, herd));

    [Theory]
    [MemberData(nameof(Everything))]
    public void Every_run_ends_and_adds_up(GateKind gate, HerdKind herd)
    {
        var result = HerdRun.Run(new HerdOptions { Scenario = Server, Gate = gate, Herd = herd });
        TestContext.Current.TestOutputHelper?.WriteLine($"{gate} {herd}: {string.Join(" ", result.Calls)} wasted {result.WastedBytes} peak {result.PeakVmallocBytes} {result.BootSeconds} s, missing {string.Join(" ", result.Missing)}, {result.Steps} steps");
        Assert.True(result.Booted);
        Assert.Equal(result.WastedBytes, result.Stats.WastedBytes);
        Assert.Equal(result.Live.Count, result.Calls[Loading.Errno.None] - (gate is GateKind.Idempotent ? result.Calls[Loading.Errno.None] - result.Live.Count : 0));
    }

    [Theory]
    [InlineData(GateKind.None)]
    [InlineData(GateKind.EarlyCheck)]
    [InlineData(GateKind.Exclusive)]
    [InlineData(GateKind.Idempotent)]
    public void Drover_makes_one_call_a_module_on_every_gate(GateKind gate)
    {
        var result = HerdRun.Run(new HerdOptions { Scenario = Server, Cpus = 255, Gate = gate, Herd = HerdKind.Drover });
        Assert.Equal(result.Attempted, result.Calls.Values.Sum());
        Assert.Equal(0, result.WastedBytes);
        Assert.Empty(result.Missing);
        Assert.Equal(8, result.Live.Count);
    }

    [Fact]
    public void One_seed_is_one_trace_and_another_is_another()
    {
        var options = new HerdOptions { Scenario = Server };
        var first = HerdRun.Run(options);
        Assert.Equal(first.TraceHash, HerdRun.Run(options).TraceHash);
        Assert.NotEqual(first.TraceHash, HerdRun.Run(options with { Seed = 2 }).TraceHash);
    }

    static ScenarioModule Module(string name, long bytes, params string[] dependencies) =>
        new() { Name = name, FileBytes = bytes, ElfBytes = bytes, ImageBytes = bytes, Dependencies = dependencies, InitNs = 2_000_000 };
}
