using Drover.Kernel;
using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;

namespace Drover.Model.Tests.Herds;

/// <summary>The experiment of commit 9828ed3f695a with 255 CPUs on the machines in the program:
/// waste, boots, lost modules.</summary>
public sealed class GateExperimentTests
{
    const int Cpus = 255;

    static readonly Scenario s_debian12 = BuiltInScenarios.Read(BuiltInScenarios.Debian12);
    static readonly Scenario s_debian13 = BuiltInScenarios.Read(BuiltInScenarios.Debian13);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Udev_wastes_memory_without_a_gate_and_loses_modules_with_the_exclusive_one(int seed)
    {
        var none = Run(GateKind.None, LoaderKind.Udev, seed);
        var exclusive = Run(GateKind.Exclusive, LoaderKind.Udev, seed);
        Assert.True(
            none.WastedBytes >= 1000 * Math.Max(exclusive.WastedBytes, 1),
            $"{none.WastedBytes} without a gate, {exclusive.WastedBytes} with it");
        Assert.True(exclusive.Calls[Errno.ETXTBSY] > 1000);
        // of two controllers whose drivers need usbcore, one worker gets ETXTBSY for it and gives up
        Assert.NotEmpty(exclusive.Missing);
        Assert.All(exclusive.Missing, module => Assert.Matches("^[ex]hci_(pci|hcd)$", module));
        Assert.Empty(none.Missing);
        Assert.Empty(Run(GateKind.Idempotent, LoaderKind.Udev, seed).Missing);
    }

    [Theory]
    [InlineData(GateKind.None)]
    [InlineData(GateKind.EarlyCheck)]
    [InlineData(GateKind.Exclusive)]
    [InlineData(GateKind.Idempotent)]
    public void Drover_loads_all_modules_without_waste_on_every_gate(GateKind gate)
    {
        foreach (var kernelDecompresses in new[] { true, false })
        {
            var run = HerdRun.Run(
                Options(gate, LoaderKind.Drover, seed: 1) with { KernelDecompresses = kernelDecompresses });
            Assert.Equal((0, 0), (run.WastedBytes, run.DuplicateBytes));
            Assert.Empty(run.Missing);
            Assert.Equal(run.Attempted, run.Calls.Values.Sum());
        }
    }

    [Theory]
    [InlineData(GateKind.None, LoaderKind.Udev, false)]
    [InlineData(GateKind.Exclusive, LoaderKind.Udev, true)]
    [InlineData(GateKind.Idempotent, LoaderKind.Udev, true)]
    [InlineData(GateKind.None, LoaderKind.Drover, true)]
    public void Only_udev_without_a_gate_fails_to_boot_with_little_memory_and_KASAN(
        GateKind gate, LoaderKind herd, bool boots)
    {
        var run = HerdRun.Run(Options(gate, herd, seed: 1) with { MemoryBytes = 184 << 20, Kasan = true });
        Assert.Equal(boots, run.Booted);
        Assert.Equal(boots, run.WhyNotBooted is null);
    }

    /// <summary>With fewer modules and shorter inits, there is less to save; Drover is sooner by what udev's workers
    /// wait.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void On_a_machine_of_today_Drover_makes_one_call_per_module_and_is_sooner(int seed)
    {
        foreach (var gate in Enum.GetValues<GateKind>())
        {
            var udev = HerdRun.Run(Of(LoaderKind.Udev));
            var drover = HerdRun.Run(Of(LoaderKind.Drover));
            Assert.Equal(s_debian13.Modules.Count, drover.Calls.Values.Sum());
            Assert.Empty(drover.Missing);
            Assert.True(udev.Calls.Values.Sum() > 5 * drover.Calls.Values.Sum(), $"{udev.Calls.Values.Sum()} calls");
            Assert.True(drover.BootSeconds < udev.BootSeconds, $"{gate}: {drover.BootSeconds}, {udev.BootSeconds}");

            HerdOptions Of(LoaderKind loader) => Options(gate, loader, seed) with { Scenario = s_debian13 };
        }
    }

    static HerdResult Run(GateKind gate, LoaderKind herd, int seed) => HerdRun.Run(Options(gate, herd, seed));

    static HerdOptions Options(GateKind gate, LoaderKind herd, int seed) =>
        new() { Scenario = s_debian12, Cpus = Cpus, Gate = gate, Loader = herd, Seed = seed };
}
