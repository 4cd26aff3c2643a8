using Drover.Devices;
using Drover.Loading;
using Drover.Verbs;

namespace Drover.Tests.Verbs;

/// <summary>How a coldplug's end is told; what a coldplug does is Drover.Devices.Tests' business.</summary>
public class ColdplugReportTests
{
    static readonly AliasReport Cpu = new("cpu:type:x86", 32, "/devices/system/cpu/cpu0",
        [new("acpi_cpufreq", OutcomeKind.Failed, Errno.ENODEV, "finit_module: ENODEV (no hardware for it)"), new("aesni_intel", OutcomeKind.Loaded)], Attempts: 2);

    static readonly AliasReport Disk = new("pci:v00001AF4d00001042", 1, "/devices/pci0000:00/0000:00:02.0",
        [new("virtio_pci", OutcomeKind.Failed, Errno.ENOENT, "unknown symbol: its dependency virtio is not live")], Attempts: 1);

    static readonly AliasReport Nobody = new("platform:nobody", 1, "/devices/platform/nobody", [], Attempts: 0);

    [Fact]
    public void The_table_tells_counts_and_every_failure_with_reason() => Print(Report(Cpu, Disk, Nobody)).ShouldBe("coldplug-table.txt");

    [Fact]
    public void Nothing_to_do_is_a_table_of_zeroes() => Print(Report() with { Devices = 0, Modaliases = 0, Counts = new LoaderCounts() }).ShouldBe("coldplug-nothing.txt");

    [Fact]
    public void The_json_report_has_all_of_it()
    {
        using var output = new StringWriter { NewLine = "\n" };
        ColdplugJsonReport.Write(Report(Cpu, Disk, Nobody), interrupted: false, output);
        new CommandLine(0, output.ToString(), "").ShouldBe("coldplug-json.txt");
    }

    [Fact]
    public void A_driver_without_hardware_is_no_failure_and_anything_else_is()
    {
        Assert.True(ColdplugVerb.LoadedAllThatCouldBe(Report(Cpu, Nobody)));
        Assert.False(ColdplugVerb.LoadedAllThatCouldBe(Report(Cpu, Disk)));
    }

    static ColdplugReport Report(params AliasReport[] aliases) => new()
    {
        Devices = 34,
        Modaliases = 34,
        Aliases = aliases,
        Looks = 1,
        TimesLost = 0,
        Took = TimeSpan.FromMilliseconds(1234),
        Counts = new LoaderCounts
        {
            Calls = 3,
            Attempted = 3,
            CallsByErrno = new Dictionary<Errno, long> { [Errno.ENODEV] = 1, [Errno.ENOENT] = 1, [Errno.None] = 1 },
            PeakBytesInFlight = 1 << 20,
            PeakCallsInFlight = 2,
        },
    };

    static CommandLine Print(ColdplugReport report)
    {
        using var output = new StringWriter { NewLine = "\n" };
        ColdplugTable.Write(report, output);
        return new CommandLine(0, output.ToString(), "");
    }
}
