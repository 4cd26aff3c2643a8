using Drover.Kernel;
using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using Drover.Study.Audit;
using Drover.Study.Herd;
using Drover.Study.Recordings;

namespace Drover.Study.Tests.Audit;

/// <summary>Machines before and after their modules are loaded.</summary>
public class AuditedMachineTests
{
    static readonly LoadPath s_path = new("6.1.0", GateKind.None, 30, ModuleCompression.None, ModuleCompression.None);

    static Scenario Machine { get; } = WithoutFailures(BuiltInScenarios.Read(BuiltInScenarios.Debian12));

    static Scenario WithoutFailures(Scenario scenario) =>
        scenario with { Modules = [.. scenario.Modules.Select(module => module with { InitError = null })] };

    [Fact]
    public void All_modules_are_loaded_when_none_is_live()
    {
        var machine = AuditedMachine.Of(Machine, s_path, Live(), []);
        Assert.Equal((AuditState.BeforeColdplug, 0), (machine.State, machine.Live));
        Assert.Equal(Machine.Modules.Count, machine.Scenario.Modules.Count);
        Assert.Empty(machine.FailingModules);
    }

    [Fact]
    public void Live_modules_before_the_coldplug_cost_no_call()
    {
        var machine = AuditedMachine.Of(Machine, s_path, Live("cryptd", "crypto_simd", "aesni_intel"), []);
        Assert.Equal(AuditState.BeforeColdplug, machine.State);
        var drover = HerdRun.Run(AuditVerb.BootsOf(machine, 8)[1].Options);
        Assert.Equal(Machine.Modules.Count - 3, HerdFigures.CallsOf(drover));
    }

    [Fact]
    public void Modules_that_are_not_live_on_a_settled_machine_fail_unless_untried()
    {
        // amd64_edac needs edac_mce_amd
        string[] failed = ["acpi_cpufreq", "edac_mce_amd", "amd64_edac"];
        var live = Live([.. Machine.Modules.Select(module => module.Name).Except(failed)]);
        var machine = AuditedMachine.Of(Machine, s_path, live, []);
        Assert.Equal(AuditState.Settled, machine.State);
        Assert.Equal(["acpi_cpufreq", "edac_mce_amd"], machine.FailingModules.Select(module => module.Name).Order());
        var drover = HerdRun.Run(AuditVerb.BootsOf(machine, 8)[1].Options);
        Assert.Equal(Machine.Modules.Count - 1, HerdFigures.CallsOf(drover));
    }

    [Fact]
    public void Result_of_an_earlier_boot_is_preferred_to_a_guess()
    {
        // the earlier boot loaded psmouse: it was removed later
        string[] gone = ["acpi_cpufreq", "psmouse"];
        RecordedCall[] calls = [Call("acpi_cpufreq", "EBUSY"), Call("acpi_cpufreq", "EINVAL"), Call("psmouse", "0")];
        var boot = new EarlierBoot("boot.jsonl", Recording.Of("boot", "a watch", calls));
        var live = Live([.. Machine.Modules.Select(module => module.Name).Except(gone)]);
        var machine = AuditedMachine.Of(Machine, s_path, live, [], boot);
        Assert.Equal(AuditState.Settled, machine.State);
        var failing = Assert.Single(machine.FailingModules);
        Assert.Equal(("acpi_cpufreq", "EINVAL"), (failing.Name, failing.InitError));

        static RecordedCall Call(string module, string result) =>
            new() { Module = module, Result = result, StartNs = 0, TookNs = 1, Requester = "/devices/a" };
    }

    [Fact]
    public void Device_of_each_cpu_counts_once_a_cpu()
    {
        var machine = AuditedMachine.Of(Machine with { Cpus = 32 }, s_path, null, []);
        var requests = machine.Requests();
        Assert.Equal(requests.OrderByDescending(one => one.Times), requests);
        // the CPUs, and ACPI's processors
        Assert.Equal(64, requests.Single(one => one.Module == "acpi_cpufreq").Times);
        Assert.Equal(machine.Scenario.Devices.Sum(device => device.IsPerCpu ? 32 : 1), machine.Devices);
    }

    static HashSet<string> Live(params string[] names) => [.. names];
}
