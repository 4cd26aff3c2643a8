using Drover.Loading;
using Drover.Model.Scenarios;

namespace Drover.Model.Tests.Scenarios;

public sealed class BuiltInScenarioTests
{
    [Fact]
    public void Built_in_scenario_has_the_modules_of_a_real_CPU()
    {
        var scenario = ScenarioFile.BuiltIn;
        var cpu = Assert.Single(scenario.Devices, device => device.Path == "/devices/system/cpu/cpu{cpu}");
        Assert.True(cpu.IsPerCpu);
        var asked = ScenarioCatalog.Of(scenario).Resolve(cpu.Modaliases.Single()).Modules;
        Assert.Contains("kvm_amd", asked);
        Assert.Contains("acpi_cpufreq", asked);
        Assert.InRange(asked.Count, 8, 20);
    }

    [Fact]
    public void Write_reproduces_the_built_in_scenario_whose_modules_have_plans()
    {
        var scenario = ScenarioFile.BuiltIn;
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(Root(), "src/Drover.Model/Scenarios/builtin.json")),
            ScenarioFile.Write(scenario));
        var planner = new Planner(ScenarioCatalog.Of(scenario));
        Assert.All(scenario.Modules, module => Assert.True(planner.TryPlan(module.Name, out _, out _)));
        Assert.InRange(scenario.Modules.Count, 30, 60);
        Assert.Contains(scenario.Modules, module => module.InitError == "ENODEV");
        Assert.Contains(scenario.Devices, device => device.AppearsWith is not null);
        Assert.All(scenario.Modules, module => Assert.InRange(module.InitNs, 0, 200_000_000));
    }

    [Fact]
    public void Write_reproduces_the_scenario_of_the_labs_gates_kernel()
    {
        var scenario = ScenarioFile.Load(Path.Combine(Root(), "lab/scenarios/gates.json"));
        Assert.Equal(1, new CostModel().With(scenario.Costs).EmulatorThreads);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Root(), "lab/scenarios/gates.json")), ScenarioFile.Write(scenario));
    }

    static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Drover.slnx")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
