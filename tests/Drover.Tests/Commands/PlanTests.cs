using System.Text.Json;

namespace Drover.Tests.Commands;

/// <summary>Output of --dry-run.</summary>
public class PlanTests
{
    [Fact]
    public void Dry_run_of_load_shows_steps_and_reasons_in_a_valid_order() =>
        CommandLineRun.Run("load", "--dry-run", "-r", CommandLineRun.Root, "t_btrfs", "my-network", "fs-ext4")
            .ShouldBe("plan-load.txt");

    [Fact]
    public void Dry_run_reports_a_cycle_and_an_unknown_name_and_fails() =>
        CommandLineRun.Run("load", "-n", "-r", CommandLineRun.Root, "ring-a", "nobody", "t_ptp")
            .ShouldBe("plan-load-problems.txt");

    [Fact]
    public void Dry_run_of_load_has_json() =>
        CommandLineRun.Run("load", "--dry-run", "--json", "-r", CommandLineRun.Root, "fs-btrfs", "t_iTCO_wdt")
            .ShouldBe("plan-load-json.txt");

    [Fact]
    public void Dry_run_of_coldplug_uses_the_devices_of_another_tree()
    {
        var run = CommandLineRun.Run("coldplug", "--dry-run", "-r", CommandLineRun.Root, "--sys", CommandLineRun.Sys);
        Assert.Equal((0, ""), (run.Exit, run.Error));
        // the order of a directory depends on the file system
        var lines = run.Out.Split('\n');
        Assert.Single(lines, line => line.Contains(" t_acpi_cpufreq  to load  asked ", StringComparison.Ordinal));
        Assert.Single(lines, line => line.Contains(" t_ptp           to load  dependency  t_e1000e ",
            StringComparison.Ordinal));
        Assert.Contains("-  t_ahci: built into the kernel", lines);
        Assert.Contains("-  t_iTCO_wdt is blacklisted in modprobe.d or on the kernel's command line", lines);
        Assert.Contains("9 devices, 8 modaliases (5 distinct): 4 modules to load, 0 live already", lines);
    }

    [Fact]
    public void Dry_run_names_install_commands_and_a_sysfs_without_devices()
    {
        using var root = new Kmod.ModuleRoot().Write("kernel/m.ko", new Kmod.TestModule())
            .Write("/etc/modprobe.d/m.conf", "install m /bin/false\n").Write("/sys/devices/x", "").Index();
        string[] place = ["-r", root.Path, "-k", Kmod.ModuleRoot.Release];
        var load = CommandLineRun.Run(["load", "-n", "m", .. place]);
        Assert.Contains("m       command  asked  m", load.Out, StringComparison.Ordinal);
        Assert.Contains("-  m: its install command runs in its place: /bin/false", load.Out, StringComparison.Ordinal);
        var coldplug = CommandLineRun.Run(["coldplug", "-n", "--sys", $"{root.Path}/sys", .. place]);
        Assert.Equal(1, coldplug.Exit);
        Assert.Equal($"drover: coldplug: there is no device in {root.Path}/sys\n", coldplug.Error);
    }

    [Theory]
    [InlineData("load", "t_ptp")]
    [InlineData("coldplug", "--sys", null)]
    public void Verbose_reports_ineffective_configuration(string verb, params string?[] rest)
    {
        var run = CommandLineRun.Run([verb, "-nv", "-r", CommandLineRun.Root,
            .. rest.Select(word => word ?? CommandLineRun.Sys)]);
        Assert.Equal("drover: FIXTURES/root/etc/modprobe.d/site.conf:4: \"nonsense\" is not a command of modprobe.d\n",
            run.Error);
    }

    [Fact]
    public void Dry_run_of_coldplug_has_json()
    {
        var run = CommandLineRun.Run("coldplug", "-n", "--json", "-r", CommandLineRun.Root, "--sys",
            CommandLineRun.Sys);
        Assert.Equal((0, ""), (run.Exit, run.Error));
        using var document = JsonDocument.Parse(run.Out);
        var plan = document.RootElement;
        Assert.Equal(
            """{"devices":9,"modaliases":8,"distinct":5,"areHere":false}""",
            JsonSerializer.Serialize(plan.GetProperty("devices")));
        var modules = plan.GetProperty("steps").EnumerateArray()
            .Select(step => step.GetProperty("module").GetString()!).ToList();
        Assert.Equal(["t_acpi_cpufreq", "t_e1000e", "t_pps_core", "t_ptp"], modules.Order(StringComparer.Ordinal));
        Assert.True(modules.IndexOf("t_pps_core") < modules.IndexOf("t_ptp")
            && modules.IndexOf("t_ptp") < modules.IndexOf("t_e1000e"));
        Assert.Equal(2, plan.GetProperty("remarks").GetArrayLength());
    }
}
