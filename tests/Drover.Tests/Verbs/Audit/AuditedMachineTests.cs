using Drover.Model;
using Drover.Modules;
using Drover.Report;
using Drover.Verbs.Audit;
using Drover.Verbs.Herd;

namespace Drover.Tests.Verbs.Audit;

/// <summary>What an audit makes of a machine before and after its modules are loaded.</summary>
public class AuditedMachineTests
{
    static readonly LoadPath Path = new("6.1.0", GateKind.None, 30, ModuleCompression.None, ModuleCompression.None);

    static Scenario Machine => ScenarioFile.BuiltIn with { Modules = [.. ScenarioFile.BuiltIn.Modules.Select(module => module with { InitError = null })] };

    [Fact]
    public void Where_nothing_is_live_all_is_to_be_loaded()
    {
        var machine = AuditedMachine.Of(Machine, Path, Live(), []);
        Assert.Equal((AuditState.BeforeColdplug, 0, Machine.Modules.Count), (machine.State, machine.Live, machine.Scenario.Modules.Count));
        Assert.Empty(machine.Hopeless);
    }

    [Fact]
    public void What_is_live_before_the_coldplug_costs_nobody_a_call()
    {
        var machine = AuditedMachine.Of(Machine, Path, Live("cryptd", "crypto_simd", "aesni_intel"), []);
        Assert.Equal(AuditState.BeforeColdplug, machine.State);
        var drover = HerdRun.Run(AuditBoots.Plan(machine, 8)[1].Options);
        Assert.Equal(Machine.Modules.Count - 3, RunCells.CallsOf(drover));
    }

    [Fact]
    public void On_a_settled_machine_what_is_not_live_is_hopeless_unless_it_was_not_tried()
    {
        // amd64_edac needs edac_mce_amd
        string[] failed = ["acpi_cpufreq", "edac_mce_amd", "amd64_edac"];
        var machine = AuditedMachine.Of(Machine, Path, Live([.. Machine.Modules.Select(module => module.Name).Except(failed)]), []);
        Assert.Equal(AuditState.Settled, machine.State);
        Assert.Equal(["acpi_cpufreq", "edac_mce_amd"], machine.Hopeless.Select(module => module.Name).Order());
        var drover = HerdRun.Run(AuditBoots.Plan(machine, 8)[1].Options);
        Assert.Equal(Machine.Modules.Count - 1, RunCells.CallsOf(drover));
    }

    [Fact]
    public void On_a_settled_machine_what_an_earlier_boot_has_shown_goes_before_a_guess()
    {
        // one was removed by hand since
        string[] gone = ["acpi_cpufreq", "psmouse"];
        var boot = new EarlierBoot("boot.jsonl", Recording.Of("boot", "a watch", [Call("acpi_cpufreq", "EBUSY"), Call("acpi_cpufreq", "EINVAL"), Call("psmouse", "0")]));
        var machine = AuditedMachine.Of(Machine, Path, Live([.. Machine.Modules.Select(module => module.Name).Except(gone)]), [], boot);
        Assert.Equal(AuditState.Settled, machine.State);
        Assert.Equal([("acpi_cpufreq", "EINVAL")], machine.Hopeless.Select(module => (module.Name, module.InitError!)));

        static RecordedCall Call(string module, string result) => new() { Module = module, Result = result, StartNs = 0, TookNs = 1, Asker = "/devices/a" };
    }

    [Fact]
    public void Each_cpu_is_a_device_that_asks()
    {
        var machine = AuditedMachine.Of(Machine with { Cpus = 32 }, Path, null, []);
        var asked = Asked.Of(machine);
        Assert.Equal(asked.OrderByDescending(one => one.Times), asked);
        // one of each CPU, and one of each of ACPI's processors
        Assert.Equal(64, asked.Single(one => one.Module == "acpi_cpufreq").Times);
        Assert.Equal(machine.Scenario.Devices.Sum(device => device.IsPerCpu ? 32 : 1), machine.Devices);
    }

    static HashSet<string> Live(params string[] names) => [.. names];
}
