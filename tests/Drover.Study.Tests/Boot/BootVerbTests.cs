using System.Text.Json;
using Drover.Study.Boot;
using Drover.Study.Recordings;
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
        Assert.EndsWith("units.txt is not the output of 'systemctl show'\n", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pci:v00008086d000010D3sv00008086sd0000A01Fbc02sc00i00", "Intel Corporation 82574L")]
    [InlineData("pci:v00008086d0000FFFFsv00008086sd0000A01Fbc02sc00i00", "Intel Corporation")]
    [InlineData("pci:v0000FFFFd0000FFFFsv00008086sd0000A01Fbc02sc00i00", null)]
    [InlineData("usb:v046DpC52Bd1201", "Logitech Receiver")]
    [InlineData("acpi:PNP0C0C:", null)]
    [InlineData("pci:v", null)]
    public void Device_has_its_name_of_the_lists(string modalias, string? name)
    {
        File.WriteAllText($"{_directory}/pci.ids",
            "# a list\n8086  Intel Corporation\n\t10d3  82574L\n\t\t8086 a01f  x\n9999  No\n");
        File.WriteAllText($"{_directory}/usb.ids", "046d  Logitech\n\tc52b  Receiver\n");
        var call = new RecordedCall { Module = "m", StartNs = 0, TookNs = 1, Result = "0", Request = modalias };
        Assert.Equal(name, new DeviceNames("/nonexistent", _directory).Of(call));
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
