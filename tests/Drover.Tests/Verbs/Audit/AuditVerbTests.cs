using System.Formats.Tar;
using CsCheck;
using Drover.Linux.Tracing;
using Drover.Loading;
using Drover.Verbs;

namespace Drover.Tests.Verbs.Audit;

/// <summary>What <c>drover audit</c> prints.</summary>
public sealed class AuditVerbTests : IDisposable
{
    readonly RecordableRoot _root = new("drover-audit-");

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_foreign_machine_is_audited() => Audit("--cpus", "64").ShouldBe("audit.txt");

    [Fact]
    public void The_report_is_a_document() => Audit("--cpus", "4", "--json").ShouldBe("audit-json.txt");

    [Fact]
    public void A_kernels_configuration_tells_what_it_decompresses()
    {
        File.WriteAllText(_root.Make("boot/config-6.1.0-test"), "# CONFIG_MODULE_DECOMPRESS is not set\n");
        Assert.Contains("\"kernelDecompresses\": \"none\"", Audit("--cpus", "4", "--json").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recorded_machine_needs_nothing_else()
    {
        var file = _root.Make("machine.json");
        Assert.Equal(0, CommandLine.Run("scenario", "-r", _root.Path, "--sys", CommandLine.Sys, "--memory", "1G", "-o", file).Exit);
        var run = CommandLine.Run("audit", "--scenario", file, "--cpus", "4");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.StartsWith("udev calls the kernel ", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_machine_in_an_archive_is_that_of_the_same_files()
    {
        var tar = _root.Make("sys.tar");
        TarFile.CreateFromDirectory(CommandLine.Sys, tar, includeBaseDirectory: true);
        var run = CommandLine.Run("audit", "-r", _root.Path, "--tar", tar, "--release", "6.1.0-test", "--memory", "1G", "--cpus", "64");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Equal(Audit("--cpus", "64").Out.Split("\n\n")[..^1], run.Out.Split("\n\n")[..^2]);
    }

    [Fact]
    public void An_earlier_boot_tells_hopeless_drivers_and_what_comes_with_a_driver()
    {
        const string Disk = "/devices/pci0000:00/0000:00:1f.2/host0";
        var boot = Recording(
            "6.1.0-test",
            (Errno.ENODEV, "t_acpi_cpufreq", "/devices/system/cpu/cpu0"),
            (Errno.EBUSY, "t_acpi_cpufreq", "/devices/system/cpu/cpu1"),
            (Errno.None, "t_e1000e", "/devices/pci0000:00/0000:00:19.0"),
            (Errno.EEXIST, "t_e1000e", "/devices/pci0000:00/0000:00:19.0"),
            (Errno.None, "t_raid6_pq", Disk),
            (Errno.None, "t_btrfs", Disk),
            (Errno.None, "t_iTCO_wdt", null));
        var run = Audit("--boot", boot, "--cpus", "4");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        // the host asks for one module by its name, the other is what that needs, and its softdep makes three; t_e1000e did load
        Assert.Contains("Drover would call it 7 times and waste nothing.", run.Out, StringComparison.Ordinal);
        Assert.Contains($"\nt_btrfs         1      1           {Disk}\n", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("t_raid6_pq", run.Out, StringComparison.Ordinal);
        Assert.Contains("\nDrivers without hardware: udev tries each for every device that asks, Drover once.\nt_acpi_cpufreq\n", run.Out, StringComparison.Ordinal);
        Assert.EndsWith($"\nWhat no device asked for in {boot} is left out: t_iTCO_wdt.\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_daemons_timeline_is_an_earlier_boot_too()
    {
        var boot = _root.Make("timeline.json");
        File.WriteAllText(boot, """
            {"release": "6.1.0-test", "cpus": 4, "timeline": [
            {"module": "t_acpi_cpufreq", "firstAsker": "/devices/system/cpu/cpu0", "first": {"wantedAtUs": 1, "needed": [], "calledAtUs": 2, "endedAtUs": 3, "errno": "ENODEV"}},
            {"module": "t_raid6_pq", "first": {"wantedAtUs": 1, "needed": [], "calledAtUs": 2, "endedAtUs": 3, "errno": null}},
            {"module": "t_btrfs", "firstAsker": "/devices/late", "first": {"wantedAtUs": 1, "needed": ["t_raid6_pq"], "calledAtUs": 4, "endedAtUs": 5, "errno": null}}]}
            """);
        var run = Audit("--boot", boot, "--cpus", "4");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains(" times for 7 modules, ", run.Out, StringComparison.Ordinal);
        Assert.EndsWith("Drover once.\nt_acpi_cpufreq\n", run.Out, StringComparison.Ordinal);
    }

    /// <summary>Whatever processes called themselves, and whatever they opened.</summary>
    [Fact]
    public void Names_in_an_earlier_boot_may_be_anything() =>
        Gen.Select(Gen.String, Gen.String, Gen.Int[0, 139]).Array[1, 5].Sample(
            calls =>
            {
                var run = Audit("--boot", Recording("6.1.0-test", [.. calls.Select(call => ((Errno)call.Item3, call.Item1, (string?)$"/{call.Item2}")), (Errno.None, "t_btrfs", "/devices/late")]));
                // t_btrfs brings two more beside the four of the devices
                Assert.Equal(0, run.Exit);
                Assert.Contains(" times for 7 modules, ", run.Out, StringComparison.Ordinal);
            },
            iter: 100, threads: 1);

    [Fact]
    public void An_earlier_boot_of_another_kernel_is_told_of()
    {
        var boot = Recording("5.10.0", (Errno.None, "t_e1000e", "/devices/pci0000:00/0000:00:19.0"));
        Assert.Contains($"\n{boot} is of another kernel, 5.10.0: ", Audit("--boot", boot).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void An_earlier_boot_without_calls_is_none()
    {
        var boot = Recording("6.1.0-test");
        Assert.Equal(
            new CommandLine(1, "", $"drover: {boot} tells of no single call: an earlier boot is what 'drover watch --json' or 'drover timeline --json' wrote\n"),
            Audit("--boot", boot));
    }

    [Theory]
    [InlineData(" does not tell its kernel's release (proc/version, uname -a): say it with --release VERSION")]
    [InlineData(" does not tell how much memory its machine has (proc/meminfo): say it with --memory SIZE, such as --memory 16G", "--release", "6.1.0-test")]
    public void What_an_archive_lacks_is_to_be_said(string message, params string[] args)
    {
        var tar = _root.Make("sys.tar");
        TarFile.CreateFromDirectory(CommandLine.Sys, tar, includeBaseDirectory: true);
        Assert.Equal(new CommandLine(1, "", $"drover: {tar}{message}\n"), CommandLine.Run(["audit", "-r", _root.Path, "--tar", tar, .. args]));
    }

    [Theory]
    [InlineData("takes no arguments, and got 'x'", "x")]
    [InlineData("--cpus takes 1 to 8192, not '9000'", "--cpus", "9000")]
    [InlineData("--tar has a machine's /sys: leave out --sys", "--tar", "a", "--sys", "b")]
    [InlineData("--scenario is a machine that was recorded already: --boot has no meaning then", "--scenario", "a", "--boot", "b")]
    [InlineData("--scenario is a machine that was recorded already: --sys has no meaning then", "--scenario", "a", "--sys", "b")]
    public void A_mistake_is_named(string message, params string[] args) =>
        Assert.Equal(new CommandLine(2, "", $"drover: audit: {message} ('drover audit --help' tells more)\n"), CommandLine.Run(["audit", .. args]));

    /// <summary>A watch's file with these calls.</summary>
    string Recording(string kernel, params (Errno Result, string Module, string? Device)[] calls)
    {
        var file = _root.Make("boot.jsonl");
        using var writer = new StreamWriter(file);
        WatchRecording.WriteHeader(writer, new(kernel, 4, 0, SinceBoot: true, []));
        foreach (var (result, module, device) in calls)
            WatchRecording.WriteCall(writer, new() { Syscall = ModuleSyscall.FinitModule, Module = module, Result = result, StartUs = 1, Comm = "(udev-worker)", Tid = 1, Device = device });
        writer.WriteLine("{\"type\":\"totals\"}");
        return file;
    }

    CommandLine Audit(params string[] more) => CommandLine.Run(["audit", "-r", _root.Path, "--sys", CommandLine.Sys, "--memory", "1G", .. more]);
}
