using Drover.Linux.Tracing;
using Drover.Loading;
using Drover.Verbs;

namespace Drover.Tests.Verbs;

public sealed class WatchTableTests
{
    [Fact]
    public void While_it_goes_on_the_totals_come_first_then_the_costliest_modules_that_can_be_seen()
    {
        var tally = Tally();
        using var writer = new StringWriter { NewLine = "\n" };
        WatchTable.WriteSoFar(writer, tally, Joiner(), most: 2);

        var lines = writer.ToString().Split('\n');
        Assert.Equal(WatchTable.Totals(tally), lines[0]);
        Assert.Equal("", lines[1]);
        Assert.Equal(["MODULE", "m9", "m8", ""], lines[2..].Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public void At_the_end_every_module_is_there_the_costliest_first_and_the_totals_last()
    {
        var tally = Tally();
        using var writer = new StringWriter { NewLine = "\n" };
        WatchTable.Write(writer, tally, Joiner());

        var lines = writer.ToString().Split('\n');
        Assert.Equal(["MODULE", "m9", "m8", "m7", "m6", "m5", "m4", "m3", "m2", "m1", "m0", ""], lines[..12].Select(line => line.Split(' ')[0]));
        Assert.Equal([WatchTable.Totals(tally), ""], lines[12..]);
    }

    [Fact]
    public void A_row_has_calls_bytes_in_vain_time_first_and_last_seen_how_they_ended_and_who_asked()
    {
        var tally = new WatchTally();
        tally.Add(Failed("kvm", 2048) with { StartUs = 1_000_000, TookUs = 500_000, Device = "/devices/a" });
        tally.Add(Failed("kvm", 1024) with { StartUs = 3_000_000, TookUs = 250_000, Device = "/devices/b" });
        using var writer = new StringWriter { NewLine = "\n" };
        WatchTable.Write(writer, tally, Joiner());

        Assert.Contains("kvm     2      3 KiB    0.75 s  1.00 s  3.25 s  2 EEXIST  2 udevd, for 2 devices, first /devices/a\n", writer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_a_process_gave_itself_do_not_reach_the_terminal_as_commands()
    {
        var tally = new WatchTally();
        var call = Failed("k\e[2J", 1) with { Comm = "\e]0;x\a" };
        tally.Add(call);
        using var writer = new StringWriter { NewLine = "\n" };
        WatchTable.Write(writer, tally, Joiner());
        writer.WriteLine(WatchTable.Line(call));

        Assert.DoesNotContain('\e', writer.ToString());
        Assert.DoesNotContain('\a', writer.ToString());
    }

    /// <summary>Ten modules, m9 the costliest.</summary>
    static WatchTally Tally()
    {
        var tally = new WatchTally();
        for (var i = 0; i < 10; i++)
            tally.Add(Failed($"m{i}", 1000 * (i + 1)));
        return tally;
    }

    static TracedCall Failed(string module, long bytes) =>
        new() { Syscall = ModuleSyscall.FinitModule, Module = module, NamedBy = NamedBy.Module, Result = Errno.EEXIST, StartUs = 1, Comm = "udevd", Tid = 1, ReadBytes = bytes };

    static CallJoiner Joiner() => new(_ => { }, (_, _) => null);
}
