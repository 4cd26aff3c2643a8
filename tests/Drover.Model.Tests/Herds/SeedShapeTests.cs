using Drover.Loading;

namespace Drover.Model.Tests.Herds;

/// <summary>What the seed tells of 255 CPUs, on the built-in machine: what is wasted, who boots, and what the gate costs whoever meets it.</summary>
public sealed class SeedShapeTests
{
    const int Cpus = 255;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Without_a_gate_udev_wastes_a_thousand_times_what_it_does_on_the_seeds_and_there_loses_dependents(int seed)
    {
        var none = Run(GateKind.None, HerdKind.Udev, seed);
        var exclusive = Run(GateKind.Exclusive, HerdKind.Udev, seed);
        Assert.True(none.WastedBytes >= 1000 * Math.Max(exclusive.WastedBytes, 1), $"{none.WastedBytes} without a gate, {exclusive.WastedBytes} with it");
        Assert.True(exclusive.Calls[Errno.ETXTBSY] > 1000);
        // of two controllers whose drivers need usbcore, one worker finds it busy and gives up
        Assert.NotEmpty(exclusive.Missing);
        Assert.All(exclusive.Missing, module => Assert.Matches("^[ex]hci_(pci|hcd)$", module));
        Assert.Empty(none.Missing);
        Assert.Empty(Run(GateKind.Idempotent, HerdKind.Udev, seed).Missing);
    }

    [Theory]
    [InlineData(GateKind.None)]
    [InlineData(GateKind.EarlyCheck)]
    [InlineData(GateKind.Exclusive)]
    [InlineData(GateKind.Idempotent)]
    public void Drover_wastes_nothing_and_brings_everything_whoever_decompresses(GateKind gate)
    {
        foreach (var kernelDecompresses in new[] { true, false })
        {
            var run = HerdRun.Run(Options(gate, HerdKind.Drover, seed: 1) with { KernelDecompresses = kernelDecompresses });
            Assert.Equal((0, 0), (run.WastedBytes, run.DuplicateBytes));
            Assert.Empty(run.Missing);
            Assert.Equal(run.Attempted, run.Calls.Values.Sum());
        }
    }

    [Theory]
    [InlineData(GateKind.None, HerdKind.Udev, false)]
    [InlineData(GateKind.Exclusive, HerdKind.Udev, true)]
    [InlineData(GateKind.Idempotent, HerdKind.Udev, true)]
    [InlineData(GateKind.None, HerdKind.Drover, true)]
    public void With_little_memory_and_KASAN_only_the_herd_without_a_gate_does_not_boot(GateKind gate, HerdKind herd, bool boots)
    {
        var run = HerdRun.Run(Options(gate, herd, seed: 1) with { MemoryBytes = 184 << 20, Kasan = true });
        Assert.Equal(boots, run.Booted);
        Assert.Equal(boots, run.WhyNotBooted is null);
    }

    static HerdResult Run(GateKind gate, HerdKind herd, int seed) => HerdRun.Run(Options(gate, herd, seed));

    static HerdOptions Options(GateKind gate, HerdKind herd, int seed) =>
        new() { Scenario = ScenarioFile.BuiltIn, Cpus = Cpus, Gate = gate, Herd = herd, Seed = seed };
}
