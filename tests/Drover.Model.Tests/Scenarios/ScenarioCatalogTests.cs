using CsCheck;
using Drover.Kernel;
using Drover.Loading;
using Drover.Model.Scenarios;
using Drover.Modules;

namespace Drover.Model.Tests.Scenarios;

public sealed class ScenarioCatalogTests
{
    [Fact]
    public void Catalog_resolves_every_alias_to_its_modules_in_order() => RandomScenario.Any.Sample(scenario =>
    {
        var catalog = ScenarioCatalog.Of(scenario);
        foreach (var (modalias, modules) in scenario.Aliases)
            Assert.Equal(modules, catalog.Resolve(modalias).Modules);
        foreach (var module in scenario.Modules)
            Assert.Equal([module.Name], catalog.Resolve(module.Name).Modules);
    }, iter: 300);

    [Theory]
    [InlineData("pci:v*d1", "pci:v1d1")]
    [InlineData("pci:v?d1", "pci:v1d1")]
    [InlineData("pci:[ab]", "pci:a")]
    [InlineData("pci:a\\b", "pci:ab")]
    [InlineData("pci:**", "pci:")]
    [InlineData("pci:[]", "pci:")]
    [InlineData("pci:v*[", "pci:v")]
    public void A_modalias_with_glob_characters_matches_only_itself(string modalias, string other)
    {
        if (!ModuleName.TryNormalizeAlias(modalias, out _))
        {
            Assert.Throws<ScenarioException>(() => ScenarioCatalog.Of(With(modalias)));
            return;
        }
        var catalog = ScenarioCatalog.Of(With(modalias));
        Assert.Equal(["ahci"], catalog.Resolve(modalias).Modules);
        Assert.Empty(catalog.Resolve(other).Modules);
    }

    [Fact]
    public void Catalog_escapes_every_character_of_the_longest_modalias()
    {
        var modalias = "x:" + new string('\\', 1021);
        Assert.Equal(["ahci"], ScenarioCatalog.Of(With(modalias)).Resolve(modalias).Modules);
    }

    [Fact]
    public void Planner_sees_dependencies_and_softdeps_of_a_catalog()
    {
        var scenario = With("pci:x") with
        {
            Compression = ModuleCompression.Xz,
            Modules =
            [
                Module("scsi_mod"), Module("libata", "scsi_mod"), Module(
                    "libahci", "scsi_mod", "libata"), Module("crc"),
                Module(
                    "ahci", "scsi_mod", "libata",
                    "libahci") with { SoftdepsBefore = ["crc"], SoftdepsAfter = ["sd_mod"] }, Module(
                        "sd_mod", "scsi_mod"),
            ],
        };
        Assert.True(new Planner(ScenarioCatalog.Of(scenario)).TryPlan("ahci", out var planned, out _));
        Assert.Equal(["scsi_mod", "libata", "libahci"], planned.HardDependencies);
        Assert.Equal(["crc"], planned.Before.Select(soft => soft.Name));
        Assert.Equal(["sd_mod"], planned.After.Select(soft => soft.Name));
        Assert.Equal("/scenario/ahci.ko.xz", planned.Path);
        Assert.Equal(planned.Path, ScenarioCatalog.PathOf(scenario, "ahci"));
    }

    [Fact]
    public void Planner_plans_every_module_of_any_scenario() => RandomScenario.Any.Sample(scenario =>
    {
        var planner = new Planner(ScenarioCatalog.Of(scenario));
        foreach (var module in scenario.Modules)
        {
            Assert.True(planner.TryPlan(module.Name, out var planned, out var cycle), cycle);
            Assert.Equal(module.Dependencies, planned.HardDependencies);
        }
    }, iter: 100);

    static Scenario With(string modalias) => new()
    {
        Name = "one disk controller",
        Cpus = 1,
        MemoryBytes = 1 << 30,
        Modules = [Module("ahci")],
        Aliases = [new(modalias, ["ahci"])],
        Devices = [],
    };

    static ScenarioModule Module(string name, params string[] dependencies) =>
        new() { Name = name, FileBytes = 10, ElfBytes = 10, ImageBytes = 10, Dependencies = dependencies };
}
