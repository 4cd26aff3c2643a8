using Drover.Lab.Guest;
using Drover.Lab.Torture;

namespace Drover.Lab.Tests.Torture;

public sealed class TortureReportTests
{
    [Fact]
    public void A_good_guest_has_no_problems()
    {
        var report = Report();
        Assert.Empty(report.Problems());
        Assert.Equal((3, 1, 600), (report.Requests[0], report.Kills, report.Seconds));
    }

    [Theory]
    [InlineData("asked", "0\n1\n", "1 requests failed")]
    [InlineData("modules.after", "loop 1 0 - Live 0x0\n", "not live any more: evdev")]
    [InlineData("memory.after", "900000\n", "102.4 MB of memory are gone")]
    [InlineData("daemon.after", "20000\n", "the daemon has grown by 10.2 MB")]
    [InlineData("daemon.memory.events", "max 7\noom_kill 2\n", "the daemon was killed 2 times for its memory")]
    [InlineData(
        "daemon.pids.events", "max 0\n", "the daemon never needed more than 9 threads: its limit was not tried")]
    [InlineData("kills", "", "1 duplicate calls, more than the 0 kills")]
    public void A_problem_is_reported(string file, string text, string problem) =>
        Assert.Equal([problem], Report(file, text).Problems());

    static TortureReport Report(string? file = null, string text = "")
    {
        var files = new Dictionary<string, string>
        {
            ["facts"] = "tortureStart=10\ntortureEnd=610\n",
            ["asked"] = "0\n0\n0\n",
            ["kills"] = "\n",
            ["modules.before"] = "evdev 1 0 - Live 0x0\n",
            ["modules.after"] = "evdev 1 0 - Live 0x0\nloop 1 0 - Live 0x0\n",
            ["memory.before"] = "1000000\n",
            ["memory.after"] = "999000\n",
            ["daemon.before"] = "10000\n",
            ["daemon.after"] = "10500\n",
            ["daemon.pids.max"] = "9\n",
            ["daemon.pids.events"] = "max 5\n",
            ["daemon.memory.max"] = "33554432\n",
            ["daemon.memory.events"] = "low 0\nmax 3\noom 0\noom_kill 0\n",
            ["trace"] = """
                 drover-12      [001] .....    10.000000: sys_finit_module(fd: 3, uargs: 0, flags: 0)
                 drover-12      [001] .....    10.100000: sys_finit_module -> 0xffffffffffffffef

                """,
        };
        if (file is not null)
            files[file] = text;
        return TortureReport.Of(new GuestResult(files, TimeSpan.Zero));
    }
}
