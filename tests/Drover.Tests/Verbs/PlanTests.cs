using System.Text.Json;

namespace Drover.Tests.Verbs;

/// <summary>What --dry-run says.</summary>
public class PlanTests
{
    [Fact]
    public void A_load_is_planned_with_reasons_in_an_order_that_works() =>
        CommandLine.Run("load", "--dry-run", "-r", CommandLine.Root, "t_btrfs", "my-network", "fs-ext4").ShouldBe("plan-load.txt");

    [Fact]
    public void A_cycle_and_an_unknown_name_are_told_and_fail() =>
        CommandLine.Run("load", "-n", "-r", CommandLine.Root, "ring-a", "nobody", "t_ptp").ShouldBe("plan-load-problems.txt");

    [Fact]
    public void A_load_is_planned_as_json() =>
        CommandLine.Run("load", "--dry-run", "--json", "-r", CommandLine.Root, "fs-btrfs", "t_iTCO_wdt").ShouldBe("plan-load-json.txt");

    [Fact]
    public void A_coldplug_is_planned_for_the_devices_of_a_foreign_tree()
    {
        var run = CommandLine.Run("coldplug", "--dry-run", "-r", CommandLine.Root, "--sys", CommandLine.Sys);
        Assert.Equal((0, ""), (run.Exit, run.Error));
        // a directory's order is its file system's
        var lines = run.Out.Split('\n');
        Assert.Single(lines, line => line.Contains(" t_acpi_cpufreq  to load  asked ", StringComparison.Ordinal));
        Assert.Single(lines, line => line.Contains(" t_ptp           to load  dependency  t_e1000e ", StringComparison.Ordinal));
        Assert.Contains("-  t_ahci: built into the kernel", lines);
        Assert.Contains("-  t_iTCO_wdt is blacklisted in modprobe.d or on the kernel's command line", lines);
        Assert.Contains("9 devices, 8 modaliases (5 distinct): 4 modules to load, 0 live already", lines);
    }

    [Theory]
    [InlineData("load", "t_ptp")]
    [InlineData("coldplug", "--sys", null)]
    public void Verbose_tells_what_in_the_configuration_means_nothing(string verb, params string?[] rest)
    {
        var run = CommandLine.Run([verb, "-nv", "-r", CommandLine.Root, .. rest.Select(word => word ?? CommandLine.Sys)]);
        Assert.Equal("drover: FIXTURES/root/etc/modprobe.d/site.conf:4: \"nonsense\" is not a command of modprobe.d\n", run.Error);
    }

    [Fact]
    public void A_coldplug_is_planned_as_json()
    {
        var run = CommandLine.Run("coldplug", "-n", "--json", "-r", CommandLine.Root, "--sys", CommandLine.Sys);
        Assert.Equal((0, ""), (run.Exit, run.Error));
        using var document = JsonDocument.Parse(run.Out);
        var plan = document.RootElement;
        Assert.Equal("""{"devices":9,"modaliases":8,"distinct":5,"areHere":false}""", JsonSerializer.Serialize(plan.GetProperty("devices")));
        var modules = plan.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("module").GetString()!).ToList();
        Assert.Equal(["t_acpi_cpufreq", "t_e1000e", "t_pps_core", "t_ptp"], modules.Order(StringComparer.Ordinal));
        Assert.True(modules.IndexOf("t_pps_core") < modules.IndexOf("t_ptp") && modules.IndexOf("t_ptp") < modules.IndexOf("t_e1000e"));
        Assert.Equal(2, plan.GetProperty("remarks").GetArrayLength());
    }
}
