using Drover.Loading;
using Drover.Model.Scenarios;

namespace Drover.Model.Tests.Scenarios;

public sealed class BuiltInScenarioTests
{
    public static TheoryData<string> Names => new(BuiltInScenarios.Names);

    [Theory]
    [InlineData(BuiltInScenarios.Debian13, "crc32_pclmul")]
    [InlineData(BuiltInScenarios.Debian12, "acpi_cpufreq")]
    public void Built_in_scenario_has_the_modules_of_a_real_CPU(string name, string ofThisKernel)
    {
        var scenario = BuiltInScenarios.Read(name);
        var cpu = Assert.Single(scenario.Devices, device => device.Path == "/devices/system/cpu/cpu{cpu}");
        Assert.True(cpu.IsPerCpu);
        var asked = ScenarioCatalog.Of(scenario).Resolve(cpu.Modaliases.Single()).Modules;
        Assert.Contains("kvm_amd", asked);
        Assert.Contains(ofThisKernel, asked);
        Assert.InRange(asked.Count, 8, 20);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Write_reproduces_the_built_in_scenario_whose_modules_have_plans(string name)
    {
        var scenario = BuiltInScenarios.Read(name);
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(Root(), $"src/Drover.Model/Scenarios/{name}.json")),
            ScenarioFile.Write(scenario));
        var planner = new Planner(ScenarioCatalog.Of(scenario));
        Assert.All(scenario.Modules, module => Assert.True(planner.TryPlan(module.Name, out _, out _)));
        Assert.InRange(scenario.Modules.Count, 30, 60);
        Assert.Contains(scenario.Devices, device => device.AppearsWith is not null);
        Assert.All(scenario.Modules, module => Assert.InRange(module.InitNs, 0, 200_000_000));
    }

    [Fact]
    public void Drivers_that_find_no_hardware_are_in_the_scenario_of_Debian_12() => Assert.Contains(
        BuiltInScenarios.Read(BuiltInScenarios.Debian12).Modules, module => module.InitError == "ENODEV");

    [Theory]
    [InlineData("gates.json")]
    [InlineData("gates-arm64.json")]
    public void Write_reproduces_the_scenarios_of_the_labs_gates_kernel(string name)
    {
        var file = Path.Combine(Root(), "lab/scenarios", name);
        var scenario = ScenarioFile.Load(file);
        Assert.Equal(1, new CostModel().With(scenario.Costs).EmulatorThreads);
        Assert.Equal(File.ReadAllBytes(file), ScenarioFile.Write(scenario));
    }

    static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Drover.slnx")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
