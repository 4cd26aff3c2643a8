using Drover.CommandLine;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.Tracing;
using Drover.Study.Watch;

namespace Drover.Study.Tests.Watch;

public sealed class WatchTableTests
{
    [Fact]
    public void Screen_shows_totals_then_the_costliest_modules_that_fit()
    {
        var tally = Tally();
        using var writer = new StringWriter { NewLine = "\n" };
        WatchTable.WriteScreen(writer, tally, WatchOrder.Vain, Joiner(), new TerminalSize(2, 200));

        var lines = writer.ToString().Split('\n');
        Assert.Equal(WatchTable.Summary(tally.Totals(Joiner())), lines[0]);
        Assert.Equal("", lines[1]);
        Assert.Equal(["MODULE", "m9", "m8", ""], lines[2..].Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public void Screen_cuts_cells_at_the_width_of_the_terminal()
    {
        using var writer = new StringWriter { NewLine = "\n" };
        WatchTable.WriteScreen(writer, Tally(), WatchOrder.Vain, Joiner(), new TerminalSize(50, 60));

        var lines = writer.ToString().Split('\n')[1..];
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 59));
        Assert.Equal(10, lines.Count(line => line.StartsWith('m')));
    }

    [Fact]
    public void Report_has_all_modules_the_costliest_first_and_the_totals_last()
    {
        var tally = Tally();
        var lines = Report(tally).Split('\n');
        string[] names = ["MODULE", "m9", "m8", "m7", "m6", "m5", "m4", "m3", "m2", "m1", "m0", ""];
        Assert.Equal(names, lines[..12].Select(line => line.Split(' ')[0]));
        Assert.Equal([WatchTable.Summary(tally.Totals(Joiner())), ""], lines[12..]);
    }

    [Fact]
    public void Row_has_calls_bytes_in_vain_times_results_and_callers()
    {
        var tally = new WatchTally();
        tally.Add(Failed("kvm", 2048) with { StartUs = 1_000_000, TookUs = 500_000, Device = "/devices/a" });
        tally.Add(Failed("kvm", 1024) with { StartUs = 3_000_000, TookUs = 250_000, Device = "/devices/b" });
        Assert.Contains(
            "kvm     2      3 KiB    0.75 s  1.00 s  3.25 s  2 EEXIST  2 udevd, for 2 devices, first /devices/a\n",
            Report(tally), StringComparison.Ordinal);
    }

    [Fact]
    public void Control_characters_in_names_do_not_reach_the_terminal()
    {
        var tally = new WatchTally();
        var call = Failed("k\e[2J", 1) with { Comm = "\e]0;x\a" };
        tally.Add(call);
        var request = new TracedRequest(1, "fs-\e[2J", "\e]0;x\a", 1, 1);
        tally.Add(request);
        var text = Report(tally) + WatchTable.Line(call) + WatchTable.Line(request);
        Assert.DoesNotContain('\e', text);
        Assert.DoesNotContain('\a', text);
    }

    [Fact]
    public void Requests_of_the_kernel_have_a_table_with_kind_and_first_process()
    {
        var tally = new WatchTally();
        tally.Add(new TracedRequest(2_000_000, "fs-xfs", "mount", 811, 811));
        tally.Add(new TracedRequest(3_000_000, "net-pf-21", "ip", 0, 90));
        tally.Add(new TracedRequest(4_000_000, "fs-xfs", "other", 7, 7));
        var lines = Report(tally).Split('\n');
        Assert.Equal(
            [
                "THE KERNEL ASKS FOR  KIND             TIMES  FIRST   FIRST FOR",
                "fs-xfs               file system      2      2.00 s  mount (811)",
                "net-pf-21            socket protocol  1      3.00 s  ip (90)",
                "",
            ],
            lines[..4]);
        Assert.Equal(
            "2.00 s fs-xfs: the kernel asks for a file system, for mount (811)",
            WatchTable.Line(tally.Requests.First().First));
    }

    [Fact]
    public void Requests_of_the_kernel_are_counted_for_a_bounded_number_of_names()
    {
        var tally = new WatchTally();
        for (var i = 0; i < 2 * WatchTally.MaxRequests; i++)
            tally.Add(new TracedRequest(i, $"fs-{i}", "mount", 1, 1));
        Assert.Equal(WatchTally.MaxRequests, tally.Requests.Count);
    }

    [Fact]
    public void Totals_add_up()
    {
        var tally = new WatchTally();
        var call = new TracedCall
        {
            Syscall = ModuleSyscall.FinitModule,
            Module = "kvm",
            StartUs = 1,
            Comm = "m",
            Tid = 1,
            ReadBytes = 10,
        };
        tally.Add(call with { Result = Errno.None });
        tally.Add(call with { Result = Errno.None, HasWaited = true, ReadBytes = 0 });
        tally.Add(call with { Result = Errno.EEXIST, WastedBytes = 20 });
        tally.Add(call with { Result = null, Module = null });
        tally.Add(call with { Result = Errno.None, Syscall = ModuleSyscall.DeleteModule });

        var totals = tally.Totals(Joiner());
        Assert.Equal(
            (4, 1, 1, 1, 1), (totals.Calls, totals.Loads, totals.Waited, totals.Removals, totals.Unnamed));
        Assert.Equal((10, 20), (totals.InVainBytes, totals.WastedBytes));
        Assert.Equal(["0: 2", "EEXIST: 1", "in flight: 1"], totals.ByResult!.Select(one => $"{one.Key}: {one.Value}"));
        Assert.Equal("kvm", tally.Modules(WatchOrder.Vain)[0].Name);
        Assert.Equal(4, tally.Modules(WatchOrder.Vain)[0].Calls);
    }

    static string Report(WatchTally tally)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        WatchTable.Write(new Terminal(writer, TextWriter.Null, isWatched: false), tally, WatchOrder.Vain, Joiner());
        return writer.ToString();
    }

    /// <summary>Ten modules, m9 the costliest.</summary>
    static WatchTally Tally()
    {
        var tally = new WatchTally();
        for (var i = 0; i < 10; i++)
            tally.Add(Failed($"m{i}", 1000 * (i + 1)));
        return tally;
    }

    static TracedCall Failed(string module, long bytes) => new()
    {
        Syscall = ModuleSyscall.FinitModule,
        Module = module,
        NamedBy = NamedBy.Module,
        Result = Errno.EEXIST,
        StartUs = 1,
        Comm = "udevd",
        Tid = 1,
        ReadBytes = bytes,
    };

    static CallJoiner Joiner() => new(_ => { }, (_, _) => null);
}
