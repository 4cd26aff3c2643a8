using Drover.Commands;
using Drover.Devices;
using Drover.Kernel;
using Drover.Loading;

namespace Drover.Tests.Commands;

/// <summary>The report of a coldplug; Drover.Devices.Tests tests the coldplug itself.</summary>
public class ColdplugReportTests
{
    static readonly AliasReport Cpu = new("cpu:type:x86", 32, "/devices/system/cpu/cpu0",
        [new("acpi_cpufreq", OutcomeKind.Failed, Errno.ENODEV, "finit_module: ENODEV (no hardware for it)"),
            new("aesni_intel", OutcomeKind.Loaded)], Attempts: 2);

    static readonly AliasReport Disk = new("pci:v00001AF4d00001042", 1, "/devices/pci0000:00/0000:00:02.0",
        [new("virtio_pci", OutcomeKind.Failed, Errno.ENOENT, "unknown symbol: its dependency virtio is not live")],
            Attempts: 1);

    static readonly AliasReport Nobody = new("platform:nobody", 1, "/devices/platform/nobody", [], Attempts: 0);

    [Fact]
    public void Table_has_counts_and_each_failure_with_its_reason() =>
        Print(Report(Cpu, Disk, Nobody)).ShouldBe("coldplug-table.txt");

    [Fact]
    public void Empty_coldplug_is_a_table_of_zeros() =>
        Print(Report() with { Devices = 0, Modaliases = 0, Counts = new LoaderStatistics() })
            .ShouldBe("coldplug-nothing.txt");

    [Fact]
    public void Json_report_is_complete()
    {
        using var output = new StringWriter { NewLine = "\n" };
        ColdplugVerb.WriteJson(Report(Cpu, Disk, Nobody), interrupted: false, output);
        new CommandLineRun(0, output.ToString(), "").ShouldBe("coldplug-json.txt");
    }

    [Fact]
    public void Missing_hardware_is_no_failure_but_other_errors_are()
    {
        Assert.True(ColdplugVerb.IsComplete(Report(Cpu, Nobody)));
        Assert.False(ColdplugVerb.IsComplete(Report(Cpu, Disk)));
    }

    static ColdplugReport Report(params AliasReport[] aliases) => new()
    {
        Devices = 34,
        Modaliases = 34,
        Aliases = aliases,
        Scans = 1,
        TimesLost = 0,
        Took = TimeSpan.FromMilliseconds(1234),
        Counts = new LoaderStatistics
        {
            Calls = 3,
            Attempted = 3,
            CallsByErrno = new Dictionary<Errno, long> { [Errno.ENODEV] = 1, [Errno.ENOENT] = 1, [Errno.None] = 1 },
            PeakBytesInFlight = 1 << 20,
            PeakCallsInFlight = 2,
        },
    };

    static CommandLineRun Print(ColdplugReport report)
    {
        using var output = new StringWriter { NewLine = "\n" };
        ColdplugVerb.WriteTable(report, output);
        return new CommandLineRun(0, output.ToString(), "");
    }
}
