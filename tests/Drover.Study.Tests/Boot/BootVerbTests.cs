using System.Text.Json;
using System.Xml.Linq;
using Drover.CommandLine;
using Drover.Study.Boot;
using Drover.Study.Recordings;
using Drover.Study.Tests.Report;
using Drover.Tests;

namespace Drover.Study.Tests.Boot;

/// <summary><c>drover boot</c> of recorded boots.</summary>
public sealed class BootVerbTests : IDisposable
{
    const string Disk = "/devices/pci0000:00/0000:00:05.0";

    readonly string _directory = Directory.CreateTempSubdirectory("drover-boot-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Slow_driver_of_a_disk_that_a_mount_needs_is_named_with_the_unit_and_the_time()
    {
        var run = Boot(Units("dev-vdb.device", 6_400_000, 3_300_000), Watch(("fast", 3_200_000, 20_000, "/devices/x"),
            ("slowmod", 3_350_000, 3_000_000, Disk)));
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.StartsWith(
            "The boot took 8.000 s: kernel 1.000 s, initramfs 2.000 s, user space 5.000 s. "
            + "Longest: data.mount waited 3.100 s for dev-vdb.device while slowmod was loaded (3.000 s in the kernel), "
            + "the driver of a parent of that device.\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("\n  3.100 s  data.mount waits for slowmod: begin its load in the initramfs\n", run.Out,
            StringComparison.Ordinal);
        Assert.Matches(@"\nslowmod +3\.000 s +- +3\.350 s +ok ", run.Out);
    }

    [Fact]
    public void Mount_that_loads_its_file_system_itself_is_named()
    {
        var run = Boot(Units("dev-vdb.device", 3_310_000, 3_300_000, mountedUs: 6_500_000),
            Watch(("slowfs", 3_400_000, 3_000_000, null)));
        Assert.Contains("Longest: data.mount took 3.190 s to start while slowfs was loaded (3.000 s in the kernel).\n",
            run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Wait_without_a_load_blames_no_module()
    {
        var run = Boot(
            Units("dev-vdb.device", 6_400_000, 3_300_000), Watch(("quick", 3_400_000, 10_000, "/devices/x")));
        Assert.Contains("waited 3.100 s for dev-vdb.device; no module was loaded for most of that time.\n", run.Out,
            StringComparison.Ordinal);
        Assert.Contains("\n  nothing that concerns modules\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Boot_without_waits_says_so()
    {
        var run = Boot(Units("dev-vdb.device", 3_310_000, 3_300_000), Watch(("quick", 3_100_000, 10_000, Disk)));
        Assert.Contains("user space 5.000 s. No unit waited for a module.\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Loads_after_the_boot_are_left_out()
    {
        var run = Boot(Units("dev-vdb.device", 3_310_000, 3_300_000),
            Watch(("quick", 3_100_000, 10_000, Disk), ("late", 60_000_000, 4_000_000, null)));
        Assert.DoesNotContain("late", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_and_trace_have_the_same_loads()
    {
        var trace = $"{_directory}/trace.json";
        var run = Boot(Units("dev-vdb.device", 6_400_000, 3_300_000), Watch(("slowmod", 3_350_000, 3_000_000, Disk)),
            "--json", "--trace", trace);
        using var json = JsonDocument.Parse(run.Out);
        var wait = json.RootElement.GetProperty("waits")[0];
        Assert.Equal(("data.mount", "dev-vdb.device", "slowmod", true), (wait.GetProperty("unit").GetString(),
            wait.GetProperty("device").GetString(), wait.GetProperty("module").GetString(),
            wait.GetProperty("isProven").GetBoolean()));
        using var events = JsonDocument.Parse(File.ReadAllText(trace));
        var load = events.RootElement.EnumerateArray()
            .Single(slice => slice.GetProperty("name").GetString() == "slowmod");
        Assert.Equal(("X", 3_350_000, 3_000_000), (load.GetProperty("ph").GetString(),
            load.GetProperty("ts").GetInt64(), load.GetProperty("dur").GetInt64()));
    }

    [Fact]
    public void Text_that_is_not_systemd_s_is_an_error()
    {
        var run = Boot("no units\n", Watch(("m", 1, 1, null)));
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.EndsWith(
            "units.txt: no units: use what 'drover boot --save' or 'systemctl show' wrote\n", run.Error,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pci:v00008086d000010D3sv00008086sd0000A01Fbc02sc00i00", "Intel Corporation 82574L")]
    [InlineData("pci:v00008086d0000FFFFsv00008086sd0000A01Fbc02sc00i00", "Intel Corporation")]
    [InlineData("pci:v0000FFFFd0000FFFFsv00008086sd0000A01Fbc02sc00i00", null)]
    [InlineData("usb:v046DpC52Bd1201", "Logitech Receiver")]
    [InlineData("acpi:PNP0C0C:", null)]
    [InlineData("sdio:c00v02D0dA9A6", "Broadcom Corp. BCM43438")]
    [InlineData("pci:v", null)]
    public void Device_has_its_name_of_the_lists(string modalias, string? name)
    {
        File.WriteAllText($"{_directory}/pci.ids",
            "# a list\n8086  Intel Corporation\n\t10d3  82574L\n\t\t8086 a01f  x\n9999  No\n");
        File.WriteAllText($"{_directory}/usb.ids", "046d  Logitech\n\tc52b  Receiver\n");
        var call = new RecordedCall { Module = "m", StartNs = 0, TookNs = 1, Result = "0", Request = modalias };
        Assert.Equal(name, new DeviceNames("/nonexistent", Hwdb, _directory).Of(call));
    }

    /// <summary>What <c>systemd-hwdb query</c> prints.</summary>
    static string Hwdb(string modalias) => modalias.StartsWith("sdio:", StringComparison.Ordinal)
        ? "ID_MODEL_FROM_DATABASE=BCM43438\nID_VENDOR_FROM_DATABASE=Broadcom Corp.\n"
        : "";

    [Fact]
    public void Phases_are_those_of_firmware_kernel_initramfs_switch_root_and_systemd()
    {
        var units = "FirmwareTimestampMonotonic=7000000\nLoaderTimestampMonotonic=2000000\n"
            + "UnitsLoadFinishTimestampMonotonic=3200000\n"
            + Units("dev-vdb.device", 3_310_000, 3_300_000)
            + "\n\nId=initrd-switch-root.service\nInactiveExitTimestampMonotonic=2900000\n";
        var run = Boot(units, Watch(("quick", 3_100_000, 10_000, Disk)));
        Assert.StartsWith(
            "The boot took 8.000 s: kernel 1.000 s, initramfs 1.900 s, switch root 0.100 s, "
            + "systemd's own start 0.200 s, units 4.800 s; before that, firmware and boot loader 7.000 s. ", run.Out,
            StringComparison.Ordinal);
        Assert.Matches(@"\nfirmware +5\.000 s +-7\.000 s\n", run.Out);
    }

    [Fact]
    public void Initramfs_without_systemd_begins_where_the_kernel_says_so()
    {
        var units = Units("dev-vdb.device", 3_310_000, 3_300_000)
            .Replace("InitRDTimestampMonotonic=1000000", "InitRDTimestampMonotonic=0", StringComparison.Ordinal)
            + "\n\n{\"MESSAGE\":\"Run /init as init process\",\"__MONOTONIC_TIMESTAMP\":\"2900000\","
            + "\"_SOURCE_MONOTONIC_TIMESTAMP\":\"1250000\"}\n";
        var run = Boot(units, Watch(("quick", 3_100_000, 10_000, Disk)));
        Assert.StartsWith(
            "The boot took 8.000 s: kernel 1.250 s, initramfs 1.750 s, user space 5.000 s.", run.Out,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Kernel_log_that_does_not_show_the_initramfs_is_said()
    {
        var units = Units("dev-vdb.device", 3_310_000, 3_300_000)
            .Replace("InitRDTimestampMonotonic=1000000", "InitRDTimestampMonotonic=0", StringComparison.Ordinal);
        var run = Boot(units, Watch(("quick", 3_100_000, 10_000, Disk)));
        Assert.Contains(
            "\nnot known: where the kernel ends and the initramfs begins: the kernel's log has no line of it, or only "
            + "root may read it\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Boot_that_systemd_has_not_ended_is_said_to_go_on()
    {
        var units = Units("dev-vdb.device", 3_310_000, 3_300_000)
            .Replace("FinishTimestampMonotonic=8000000", "FinishTimestampMonotonic=0", StringComparison.Ordinal);
        var run = Boot(units, Watch(("quick", 3_100_000, 10_000, Disk)));
        Assert.StartsWith(
            "systemd has not ended this boot; up to the last load it took 3.110 s: kernel 1.000 s, ", run.Out,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Station_that_contradicts_another_is_left_out()
    {
        var units = Units("dev-vdb.device", 3_310_000, 3_300_000)
            .Replace("InitRDTimestampMonotonic=1000000", "InitRDTimestampMonotonic=4000000", StringComparison.Ordinal);
        var run = Boot(units, Watch(("quick", 3_100_000, 10_000, Disk)));
        Assert.StartsWith(
            "The boot took 8.000 s: kernel 4.000 s, initramfs 4.000 s.", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Last_boots_are_those_of_the_journal()
    {
        const string Journal = """
            {"__REALTIME_TIMESTAMP":"1795900000000000","KERNEL_USEC":"1000000","USERSPACE_USEC":"5000000"}
            {"__REALTIME_TIMESTAMP":"1795990000000000","KERNEL_USEC":"1","INITRD_USEC":"2","USERSPACE_USEC":"9000000"}
            {"MESSAGE":"other"}
            {broken
            """;
        var run = Boot($"{Units("dev-vdb.device", 3_310_000, 3_300_000)}\n\n{Journal}\n",
            Watch(("quick", 3_100_000, 10_000, Disk)));
        Assert.Matches(
            @"2026-11-29 \d\d:\d\d +9\.000 s +0\.000 s +0\.000 s +9\.000 s\n"
            + @"2026-11-28 \d\d:\d\d +6\.000 s +1\.000 s +in kernel +5\.000 s\n", run.Out);
    }

    [Fact]
    public void Times_without_a_load_have_their_reason()
    {
        var run = Boot(Units("dev-vdb.device", 6_400_000, 3_300_000, mountedUs: 7_500_000),
            Watch(("early", 2_000_000, 10_000, "/devices/x"), ("quick", 6_300_000, 200_000, "/devices/x")));
        Assert.Matches(@"\n0\.000 s +2\.000 s +the kernel starts, with its built-in drivers\n", run.Out);
        Assert.Matches(@"\n2\.010 s +4\.290 s +nothing to load was asked for\n", run.Out);
        Assert.Matches(@"\n6\.500 s +1\.500 s +disk: data\.mount was starting\n", run.Out);
    }

    [Fact]
    public void Load_divides_into_what_the_trace_saw()
    {
        var watch = Watch(("slowmod", 3_350_000, 3_000_000, Disk)).Replace(
            "\"device\"", "\"readAfterUs\":1000,\"laidOutAfterUs\":21000,\"formedAfterUs\":26000,\"device\"",
            StringComparison.Ordinal);
        var run = Boot(Units("dev-vdb.device", 6_400_000, 3_300_000), watch);
        Assert.Matches(@"\nslowmod +3\.000 s +- +0\.020 s +0\.005 s +2\.974 s +3\.350 s +ok ", run.Out);
        Assert.DoesNotContain("not known: how a load divides", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Module_that_fails_slowly_should_not_be_loaded()
    {
        var watch = Watch(("nohw", 3_350_000, 300_000, Disk)).Replace(
            "\"result\":\"0\"", "\"result\":\"ENODEV\"", StringComparison.Ordinal);
        var run = Boot(Units("dev-vdb.device", 3_310_000, 3_300_000), watch);
        Assert.Contains(
            "\n  0.300 s  nohw fails with ENODEV, 1 times: do not load it (one call's time)\n"
            + "           echo 'blacklist nohw' >> /etc/modprobe.d/nohw.conf\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_has_phases_units_and_modules_on_one_axis()
    {
        var file = $"{_directory}/page.html";
        var run = Boot(Units("dev-vdb.device", 6_400_000, 3_300_000), Watch(("slowmod", 3_350_000, 3_000_000, Disk)),
            "--html", file);
        Assert.Equal((0, ""), (run.Exit, run.Out));
        var page = XDocument.Load(file);
        var chart = Assert.Single(ChartData.Of(page));
        Assert.Equal(
            ["kernel", "initramfs", "user space", "data.mount", "slowmod"], chart.Rows("parts"));
        Assert.Equal(["slowmod"], chart.Rows("modules"));
        Assert.Equal([(3_300_000L, 3_100_000L, 1), (6_400_000L, 10_000L, 4)],
            ChartData.Bars(chart.Lanes("parts")[3]).Select(bar => (bar.From, bar.Length, bar.State)));
        Assert.Contains(page.Descendants("p"), text =>
            text.Value.Contains("data.mount waited 3.100 s for dev-vdb.device", StringComparison.Ordinal));
    }

    /// <summary>A boot of Debian 13 in the lab: lab/boot --slow-module.</summary>
    [Fact]
    public void Slow_module_of_a_real_boot_is_named_with_the_unit_that_asked_for_it()
    {
        var fixtures = $"{Repository.Root}/tests/Drover.Study.Tests/Fixtures/slow-module";
        var boot = new BootAnalysis(
            RecordingFile.Load($"{fixtures}/timeline.json")[0],
            SystemdBoot.Parse(File.ReadAllText($"{fixtures}/units.txt")), hasDracut: false);
        // the tables of names differ between machines
        var report = new BootReport(boot, new DeviceNames("/nonexistent", _ => "", "/nonexistent"));
        using var output = new StringWriter { NewLine = "\n" };
        report.WriteText(new Terminal(output, TextWriter.Null, isWatched: false));
        new CommandLineRun(0, output.ToString(), "").ShouldBe("boot-slow-module.txt");
        Assert.StartsWith(
            "slow.mount took 3.390 s to start, of which the load of slowfs, which it asked for, took 3.120 s.",
            report.Verdict().Split("Longest: ")[1], StringComparison.Ordinal);
    }

    /// <summary>As of a daemon that is started by hand.</summary>
    [Theory]
    [InlineData(4, null, true)]
    [InlineData(56_391, null, false)]
    [InlineData(4, 3, true)]
    [InlineData(20, 3, false)]
    public void Time_before_the_first_load_is_the_kernels_at_the_start_only(int loadAt, int? userAt, bool isKernels)
    {
        var recording = RecordingFile.Read($$"""
            {"type":"watch","version":1,"kernel":"6.1","cpus":1,"startUs":0,"sinceBoot":true,"degraded":[]}
            {"type":"call","startUs":{{loadAt}}000000,"tookUs":1000,"syscall":"finit_module","module":"loop",
            "namedBy":"module","result":"0","waited":false,"readBytes":1,"wastedBytes":0,"comm":"x","pid":1,"tid":1,
            "device":null}
            {"type":"totals"}
            """, "test")[0];
        var systemd = userAt is null ? null : SystemdBoot.Parse(
            $"UserspaceTimestampMonotonic={userAt}000000\nFinishTimestampMonotonic=30000000\n\n"
            + "Id=a.service\nInactiveExitTimestampMonotonic=29000000\nActiveEnterTimestampMonotonic=29100000\n");
        var gap = new BootAnalysis(recording, systemd, hasDracut: false).Gaps[0];
        Assert.Equal((0L, loadAt * 1_000_000L), (gap.FromUs, gap.ToUs));
        Assert.Equal(isKernels
            ? "the kernel starts, with its built-in drivers"
            : "the kernel starts; what records the loads, or the first request, came long after it", gap.Why);
    }

    [Theory]
    [InlineData("--save needs the name of a file", "--save", "")]
    [InlineData("--save only writes systemd's times: leave out --json", "--save", "x", "--json")]
    [InlineData("--html and --json both write to standard output", "--json", "--html", "-")]
    [InlineData("--html and --trace both write to standard output", "--trace", "-", "--html", "-")]
    public void Options_that_contradict_each_other_are_mistakes(string message, params string[] arguments)
    {
        var run = CommandLineRun.Run(["boot", .. arguments]);
        Assert.Equal((2, $"drover: boot: {message}. Try 'drover boot --help'.\n"), (run.Exit, run.Error));
    }

    /// <summary>A mount that comes after a device and a target.</summary>
    static string Units(string device, long deviceUs, long targetUs, long? mountedUs = null) => $"""
        InitRDTimestampMonotonic=1000000
        UserspaceTimestampMonotonic=3000000
        FinishTimestampMonotonic=8000000

        Id={device}
        InactiveExitTimestampMonotonic={deviceUs}
        ActiveEnterTimestampMonotonic={deviceUs}
        SysFSPath=/sys{Disk}/virtio1/block/vdb

        Id=local-fs-pre.target
        InactiveExitTimestampMonotonic={targetUs}
        ActiveEnterTimestampMonotonic={targetUs}
        After=

        Id=data.mount
        InactiveExitTimestampMonotonic={Math.Max(deviceUs, targetUs)}
        ActiveEnterTimestampMonotonic={mountedUs ?? deviceUs + 10_000}
        After={device} local-fs-pre.target -.mount
        """;

    static string Watch(params (string Module, long StartUs, long TookUs, string? Device)[] calls) =>
        "{\"type\":\"watch\",\"version\":1,\"kernel\":\"6.12\",\"cpus\":4,\"startUs\":0,\"sinceBoot\":true,"
        + "\"degraded\":[]}\n"
        + string.Concat(calls.Select(call => JsonSerializer.Serialize(new
        {
            type = "call",
            startUs = call.StartUs,
            tookUs = call.TookUs,
            syscall = "finit_module",
            module = call.Module,
            namedBy = "module",
            result = "0",
            waited = false,
            readBytes = 1000,
            wastedBytes = 0,
            comm = "(udev-worker)",
            pid = 1,
            tid = 1,
            device = call.Device,
        }) + "\n")) + "{\"type\":\"totals\"}\n";

    CommandLineRun Boot(string units, string watch, params string[] more)
    {
        File.WriteAllText($"{_directory}/units.txt", units);
        File.WriteAllText($"{_directory}/boot.jsonl", watch);
        return CommandLineRun.Run(
            ["boot", "--systemd", $"{_directory}/units.txt", "--recording", $"{_directory}/boot.jsonl", .. more]);
    }
}
