using Drover.Lab.Boots;

namespace Drover.Lab.Tests.Boots;

public class BootTimesTests
{
    const string
        Init = "    <...>-1    [002] .....     3.100000: sched_process_exec: filename=/init pid=1 old_pid=1",
        OtherInit = "    a-90   [001] .....     3.050000: sched_process_exec: filename=/init pid=90 old_pid=9",
        OtherNode = """  k-50   [001] .....     3.200000: node: (devtmpfs_create_node+0x0/0x160) name="pmem00" """,
        Node = """  k:1-45   [000] .....     4.250000: node: (devtmpfs_create_node+0x0/0x160) name="pmem0" """,
        Again = """  k:1-45   [000] .....     9.000000: node: (devtmpfs_create_node+0x0/0x160) name="pmem0" """,
        RunInit = "    init-1     [003] .....     5.400000: sched_process_exec: filename=/bin/run-init pid=1 old_pid=1",
        Systemd = "    run-init-1 [003] .....     5.500000: sched_process_exec: filename=/sbin/init pid=1 old_pid=1",
        End = "    end-300    [003] .....    11.750000: tracing_mark_write: lab settled";

    static readonly string[] s_trace = [OtherInit, Init, OtherNode, Node, RunInit, Systemd, Again, End];

    [Fact]
    public void Each_station_is_the_first_of_its_kind() =>
        Assert.Equal(new BootTimes(3.1, 4.25, 5.5, 8.123456, 11.75), Of(s_trace, "8123456\n"));

    [Theory]
    [InlineData(Init, "/init")]
    [InlineData(Node, "the node of pmem0")]
    [InlineData(Systemd, "systemd")]
    [InlineData(End, "the end")]
    public void A_missing_station_is_named(string line, string station)
    {
        var problem = Assert.Throws<FormatException>(
            () => Of([.. s_trace.Where(other => other != line && other != Again)], "8123456"));
        Assert.Equal($"the trace does not show {station}", problem.Message);
    }

    /// <summary>systemd's value for a unit that was never active.</summary>
    [Fact]
    public void A_target_that_was_not_reached_is_an_error() =>
        Assert.Throws<FormatException>(() => Of(s_trace, "0\n"));

    static BootTimes Of(string[] trace, string multiUser) => BootTimes.Of(string.Join('\n', trace), multiUser);
}
