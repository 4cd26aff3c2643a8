using Drover.Lab.Guest;
using Drover.Lab.Host;
using Drover.Lab.Install;
using Drover.Lab.Reading;

namespace Drover.Lab.Tests.Install;

public class InstallRunTests
{
    static readonly BootReport
        s_before = Boot(
            "before", "/etc/a\n", Call("(udev-worker)", "0"), Call("(udev-worker)", "EEXIST"), Call("modprobe", "0")),
        s_drover = Boot("drover", null, Call("kernel call", "0"), Call("modprobe", "0")) with { Active = true },
        s_after = s_before with { Name = "after" };

    [Fact]
    public void Three_good_boots_have_no_problem()
    {
        Assert.Empty(InstallRun.Judge([s_before, s_drover, s_after]));
        Assert.Equal(
            (2, 0, 1, 1), (s_before.ByUdev, s_before.ByDrover, s_before.ByOthers, s_before.Duplicates));
    }

    [Fact]
    public void Calls_that_a_recording_lacks_are_counted_whenever_it_began()
    {
        const string Call = """{"type":"call","startUs":5000000,"syscall":"finit_module","module":"a","result":"0"}""";
        Assert.Equal(0, Recorded($"{Call}\n{Call}\n")?.Unrecorded);
        Assert.Equal(1, Recorded($"{Call}\n")?.Unrecorded);
        Assert.Null(Recorded(null)?.Unrecorded);
        Assert.Throws<LabException>(() => BootReport.Read("drover", Result("")));

        static BootReport? Recorded(string? calls) => BootReport.Read("drover", Result(calls is null ? null : $$"""
            {"type":"watch","startUs":28000000,"degraded":[]}
            {{calls}}{"type":"totals","inVainBytes":0,"wastedBytes":0,"lostEvents":0}
            """));

        static GuestResult Result(string? recording)
        {
            var files = new Dictionary<string, string>
            {
                ["trace"] = """
                    kernel call-7     [001] .....     5.000000: sys_finit_module(fd: 11, uargs: 7f00, flags: 0)
                    kernel call-7     [001] .....     5.100000: sys_finit_module -> 0x0
                    kernel call-7     [001] .....     5.200000: sys_finit_module(fd: 11, uargs: 7f00, flags: 0)
                    kernel call-7     [001] .....     5.300000: sys_finit_module -> 0x0
                    """,
                ["modules"] = "",
                ["uptime"] = "30.0 1.0",
                ["failed"] = "",
                ["active"] = "active",
            };
            if (recording is not null)
                files["boot.jsonl"] = recording;
            return new GuestResult(files, TimeSpan.Zero);
        }
    }

    [Fact]
    public void Each_problem_is_named()
    {
        Named("its unit is not active", s_before, s_drover with { Active = false }, s_after);
        Named("udev made 1 load calls", s_before, And("(udev-worker)", "0"), s_after);
        Named("1 duplicate calls", s_before, And("kernel call", "EBUSY"), s_after);
        Named("drover: lacks button", s_before, s_drover with { Live = [] }, s_after);
        Named("after: other modules than before: button", s_before, s_drover, s_after with { Live = [] });
        Named("after: /etc and /usr are not as before: was /etc/a; is /etc/b",
            s_before, s_drover, s_after with { Files = "/etc/b\n" });
        Named("after: udev alone should load", s_before, s_drover, s_after with { Calls = s_drover.Calls });
        Named("drover: units failed: a.service", s_before, s_drover with { FailedUnits = ["a.service"] }, s_after);
        Named("before: the change for the next boot ended with 1", s_before with { Status = 1 }, s_drover, s_after);
        Named("drover: the boot's recording lacks 2 calls", s_before, s_drover with { Unrecorded = 2 }, s_after);
        Named("drover: the trace lost 3 events", s_before, s_drover with { LostEvents = 3 }, s_after);
    }

    [Fact]
    public void An_upgrade_has_more_boots_that_are_checked()
    {
        var (earlier, downgraded) = (s_drover with { Name = "earlier" }, s_drover with { Name = "downgraded" });
        Assert.Empty(InstallRun.Judge([s_before, earlier, s_drover, downgraded, s_after]));
        foreach (var idle in (BootReport[])[earlier, s_drover, downgraded])
        {
            var boots = ((BootReport[])[s_before, earlier, s_drover, downgraded, s_after])
                .Select(boot => boot == idle ? boot with { Active = false } : boot);
            Named($"{idle.Name}: its unit is not active", [.. boots]);
        }
    }

    static void Named(string problem, params BootReport[] boots) =>
        Assert.Contains(InstallRun.Judge(boots), line => line.Contains(problem, StringComparison.Ordinal));

    static BootReport And(string comm, string result) =>
        s_drover with { Calls = [.. s_drover.Calls, Call(comm, result)] };

    static BootReport Boot(string name, string? files, params ModuleCall[] calls) =>
        new(name, calls, ["button"], 0, 40, [], Active: false, files, 0, new Dictionary<string, double>());

    static ModuleCall Call(string comm, string result) => new("finit_module", null, result, 1, comm, 1, 0.1, null);
}
