using System.Formats.Tar;
using System.IO.Compression;
using CsCheck;
using Drover.CommandLine;
using Drover.Kernel;
using Drover.Linux.Tracing;
using Drover.Model.Herds;
using Drover.Study.Audit;
using Drover.Study.Recordings;
using Drover.Study.Tests.Herd;
using Drover.Tests;

namespace Drover.Study.Tests.Audit;

/// <summary>The output of <c>drover audit</c>.</summary>
public sealed class AuditVerbTests : IDisposable
{
    readonly RecordableRoot _root = new("drover-audit-");

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Other_machine_is_audited() => Audit("--cpus", "64").ShouldBe("audit.txt");

    [Fact]
    public void Json_is_a_document() => Audit("--cpus", "4", "--json").ShouldBe("audit-json.txt");

    [Fact]
    public void Kernel_configuration_says_what_it_decompresses()
    {
        File.WriteAllText(_root.Make("boot/config-6.1.0-test"), "# CONFIG_MODULE_DECOMPRESS is not set\n");
        var json = Audit("--cpus", "4", "--json").Out;
        Assert.Contains("\"kernelDecompresses\": \"none\"", json, StringComparison.Ordinal);
    }

    [Fact]
    public void Symbols_say_what_a_kernel_decompresses()
    {
        CompressModules();
        var map = _root.Make("boot/System.map-6.1.0-test");
        foreach (var (text, expected) in new[]
        {
            ("ffff T load_module\nffff t module_decompress\n", "\"gzip\""), ("ffff T load_module\n", "\"none\""),
            ("ffff B The real System.map is in another package\n", "null"),
        })
        {
            File.WriteAllText(map, text);
            var json = Audit("--cpus", "4", "--json").Out;
            Assert.Contains($"\"kernelDecompresses\": {expected}", json, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Other_kernel_is_not_judged_by_this_machine()
    {
        // without --sys the devices are this machine's, and its modules and formats are those of its own kernel
        CompressModules();
        var run = CommandLineRun.Run("audit", "-r", _root.Path, "--cpus", "4", "--json", "--boot", Recording(
            "6.1.0-test", (Errno.None, "t_e1000e", "/devices/late")));
        Assert.Equal(0, run.Exit);
        Assert.Contains("\"kernelDecompresses\": null", run.Out, StringComparison.Ordinal);
        Assert.Contains("\"live\": null", run.Out, StringComparison.Ordinal);
        Assert.Contains("\"state\": \"unknown\"", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_side_of_the_kernel_gives_both_verdicts()
    {
        CompressModules();
        var run = Audit("--cpus", "4");
        Assert.Matches("^If this kernel decompresses gzip: udev calls .* If it does not: udev calls ", run.Out);
        Assert.Contains("\nudev, if it does not  ", run.Out, StringComparison.Ordinal);
        Assert.Contains("Whether it decompresses gzip is not known", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, 0.5, " Its boot would be slower: 1.000 s instead of 0.500 s, ")]
    [InlineData(1, 0.5, " Its boot would be slower: 1.000 s instead of 0.500 s, ")]
    [InlineData(1, 2, " Its boot would be faster: 1.000 s instead of 2.000 s.")]
    public void Slower_or_faster_boot_is_said(int cpus, double udev, string sentence)
    {
        var verb = new AuditVerb((options, _, _) => FakeEngine.ResultOf(options) with
        {
            Calls = new Dictionary<Errno, long> { [Errno.None] = options.Loader is LoaderKind.Drover ? 4 : 3 + cpus },
            BootSeconds = options.Loader is LoaderKind.Drover ? 1 : udev,
        });
        using var output = new StringWriter { NewLine = "\n" };
        verb.Run(
            Arguments.Parse(["-r", _root.Path, "--sys", CommandLineRun.Sys, "--memory", "1G"], verb.Options),
            new Terminal(output, TextWriter.Null, isWatched: false));
        Assert.Contains(sentence, output.ToString().Split('\n')[0], StringComparison.Ordinal);
        Assert.DoesNotContain("change nothing", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("root:x:0:0:root:/root:/bin/bash\n")]
    [InlineData("")]
    public void Other_file_is_no_archive(string text)
    {
        var file = _root.Make("passwd");
        File.WriteAllText(file, text.Length == 0 ? "" : string.Concat(Enumerable.Repeat(text, 100)));
        var run = CommandLineRun.Run("audit", "-r", _root.Path, "--tar", file, "--memory", "1G");
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.StartsWith($"drover: {file}: ", run.Error, StringComparison.Ordinal);
        Assert.EndsWith("not a tar archive\n", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Archive_of_an_unknown_compression_is_named_with_it()
    {
        var file = _root.Make("sos.tar.bz2");
        File.WriteAllText(file, "BZh91AY&SY");
        var run = CommandLineRun.Run("audit", "-r", _root.Path, "--tar", file, "--memory", "1G");
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.EndsWith(
            "compressed by bzip2, which is not supported: decompress it first\n", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Devices_of_this_machine_below_another_root_are_named_as_such() =>
        Assert.Contains(
            $"drover: the devices are this machine's, not those of {_root.Path}: --sys names a copy of its /sys\n",
            CommandLineRun.Run("audit", "-r", _root.Path, "--memory", "1G").Error, StringComparison.Ordinal);

    [Fact]
    public void Recorded_machine_needs_no_other_files()
    {
        var file = _root.Make("machine.json");
        var recorded = CommandLineRun.Run(
            "scenario", "-r", _root.Path, "--sys", CommandLineRun.Sys, "--memory", "1G", "-o", file);
        Assert.Equal(0, recorded.Exit);
        var run = CommandLineRun.Run("audit", "--scenario", file, "--cpus", "4");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.StartsWith("udev calls the kernel ", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Archive_gives_the_same_audit_as_its_files()
    {
        var tar = _root.Make("sys.tar");
        TarFile.CreateFromDirectory(CommandLineRun.Sys, tar, includeBaseDirectory: true);
        var run = CommandLineRun.Run(
            "audit", "-r", _root.Path, "--tar", tar, "--release", "6.1.0-test", "--memory", "1G", "--cpus", "64");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Equal(Audit("--cpus", "64").Out.Split("\n\n")[..^2], run.Out.Split("\n\n")[..^3]);
    }

    [Fact]
    public void Earlier_boot_adds_failing_drivers_and_devices_of_drivers()
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
        // the disk requests t_btrfs, which has a dependency and a softdep; t_e1000e was loaded
        Assert.Contains("Drover would call it 7 times and waste nothing.", run.Out, StringComparison.Ordinal);
        Assert.Contains($"\nt_btrfs         1      1           {Disk}\n", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("t_raid6_pq", run.Out, StringComparison.Ordinal);
        Assert.Contains(
            "\nDrivers without hardware: udev tries each for every device that asks, Drover once.\nt_acpi_cpufreq\n",
            run.Out, StringComparison.Ordinal);
        Assert.Contains(
            $"\nModules that no device requested in {boot} are left out: t_iTCO_wdt.\n", run.Out,
            StringComparison.Ordinal);
        Assert.Contains("\nwhat would help, by the time it would save at most\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Timeline_of_a_daemon_is_an_earlier_boot()
    {
        var boot = _root.Make("timeline.json");
        File.WriteAllText(boot, """
            {"release": "6.1.0-test", "cpus": 4, "timeline": [
            {"module": "t_acpi_cpufreq", "firstAsker": "/devices/system/cpu/cpu0",
             "first": {"wantedAtUs": 1, "needed": [], "calledAtUs": 2, "endedAtUs": 3, "errno": "ENODEV"}},
            {"module": "t_raid6_pq",
             "first": {"wantedAtUs": 1, "needed": [], "calledAtUs": 2, "endedAtUs": 3, "errno": null}},
            {"module": "t_btrfs", "firstAsker": "/devices/late",
             "first": {"wantedAtUs": 1, "needed": ["t_raid6_pq"], "calledAtUs": 4, "endedAtUs": 5, "errno": null}}]}
            """);
        var run = Audit("--boot", boot, "--cpus", "4");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains(" times for 7 modules, ", run.Out, StringComparison.Ordinal);
        Assert.Contains("Drover once.\nt_acpi_cpufreq\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Earlier_boot_may_contain_any_names() =>
        Gen.Select(Gen.String, Gen.String, Gen.Int[0, 139]).Array[1, 5].Sample(
            calls =>
            {
                var others = calls.Select(call => ((Errno)call.Item3, call.Item1, (string?)$"/{call.Item2}"));
                var boot = Recording("6.1.0-test", [.. others, (Errno.None, "t_btrfs", "/devices/late")]);
                var run = Audit("--boot", boot);
                // the four modules of the devices, t_btrfs and its two dependencies
                Assert.Equal(0, run.Exit);
                Assert.Contains(" times for 7 modules, ", run.Out, StringComparison.Ordinal);
            },
            iter: 100, threads: 1);

    [Fact]
    public void Earlier_boot_of_another_kernel_is_reported()
    {
        var boot = Recording("5.10.0", (Errno.None, "t_e1000e", "/devices/pci0000:00/0000:00:19.0"));
        var run = Audit("--boot", boot);
        Assert.Contains($"\n{boot} is of another kernel, 5.10.0: ", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Earlier_boot_without_calls_is_an_error()
    {
        var boot = Recording("6.1.0-test");
        var run = Audit("--boot", boot);
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.StartsWith($"drover: {boot} contains no calls: ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(" lacks the kernel's release (proc/version, uname -a): add --release")]
    [InlineData(" lacks the size of the memory (proc/meminfo): add --memory SIZE", "--release", "6.1.0-test")]
    public void Missing_fact_of_an_archive_is_an_error(string message, params string[] args)
    {
        var tar = _root.Make("sys.tar");
        TarFile.CreateFromDirectory(CommandLineRun.Sys, tar, includeBaseDirectory: true);
        var run = CommandLineRun.Run(["audit", "-r", _root.Path, "--tar", tar, .. args]);
        Assert.Equal(new CommandLineRun(1, "", $"drover: {tar}{message}\n"), run);
    }

    [Theory]
    [InlineData("unexpected argument 'x': it takes options only", "x")]
    [InlineData("--cpus takes 1 to 8192, not '9000'", "--cpus", "9000")]
    [InlineData("--memory takes 1M to 4P, not '10'", "--memory", "10")]
    [InlineData("--tar has a machine's /sys: leave out --sys", "--tar", "a", "--sys", "b")]
    [InlineData("--scenario is a recorded machine: leave out --boot", "--scenario", "a", "--boot", "b")]
    [InlineData("--scenario is a recorded machine: leave out --sys", "--scenario", "a", "--sys", "b")]
    public void Usage_error_is_reported(string message, params string[] args)
    {
        var run = CommandLineRun.Run(["audit", .. args]);
        Assert.Equal((2, ""), (run.Exit, run.Out));
        Assert.StartsWith($"drover: audit: {message}", run.Error, StringComparison.Ordinal);
    }

    /// <summary>The first bytes of a file decide, whatever its name.</summary>
    void CompressModules()
    {
        foreach (var file in Directory.GetFiles(_root.Path, "*.ko", SearchOption.AllDirectories))
        {
            var image = File.ReadAllBytes(file);
            using var gzip = new GZipStream(File.Create(file), CompressionMode.Compress);
            gzip.Write(image);
        }
    }

    /// <summary>A recording of a watch.</summary>
    string Recording(string kernel, params (Errno Result, string Module, string? Device)[] calls)
    {
        var file = _root.Make("boot.jsonl");
        using var writer = new StreamWriter(file);
        new WatchHeader(kernel, 4, 0, SinceBoot: true, []).WriteTo(writer);
        foreach (var (result, module, device) in calls)
        {
            WatchCall.Of(new()
            {
                Syscall = ModuleSyscall.FinitModule,
                Module = module,
                Result = result,
                StartUs = 1,
                Comm = "(udev-worker)",
                Tid = 1,
                Device = device,
            }).WriteTo(writer);
        }
        new WatchTotals().WriteTo(writer);
        return file;
    }

    CommandLineRun Audit(params string[] more) =>
        CommandLineRun.Run(["audit", "-r", _root.Path, "--sys", CommandLineRun.Sys, "--memory", "1G", .. more]);
}
