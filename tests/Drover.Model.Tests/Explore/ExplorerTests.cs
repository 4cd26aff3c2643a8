using System.Globalization;
using Drover.Model.Explore;
using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;

namespace Drover.Model.Tests.Explore;

/// <summary>Random machines, loaders, schedules and faults. <c>DROVER_EXPLORE=N</c> runs N seeds, <c>DROVER_SEED</c>
/// is the first.</summary>
public sealed class ExplorerTests
{
    const string Seeds = "20000";

    /// <summary>All errors of load calls.</summary>
    static readonly string[] Errnos =
        [
            "EPERM", "ETXTBSY", "ENOMEM", "EIO", "EOPNOTSUPP", "EINVAL", "EKEYREJECTED", "ENOEXEC", "EEXIST", "EBUSY",
            "ENOENT", "ENODEV", "EINTR"
        ];

    [Fact]
    public void No_schedule_breaks_an_invariant()
    {
        var (first, seeds) = (Number("DROVER_SEED", "1"), Number("DROVER_EXPLORE", Seeds));
        var options = new ExploreOptions { FirstSeed = first, Seeds = seeds, MaxViolations = 3 };
        var began = TimeProvider.System.GetTimestamp();
        var report = Explorer.Run(options, null, TestContext.Current.CancellationToken);
        var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        var coverage = report.Coverage.Select(entry => $"{entry.Value,10} {entry.Key}");
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{report.Seeds} seeds, {report.Steps} steps, {seconds:0.0} s\n{string.Join('\n', coverage)}");
        Assert.True(report.Violations.Count == 0, string.Join("\n\n", report.Violations.Select(TextOf)));
        Assert.Equal(options.Seeds, report.Seeds);
        if (options.Seeds < 10_000)
            return;
        foreach (var fault in Enum.GetNames<FaultKind>())
            Assert.True(report.Coverage.GetValueOrDefault($"fault {fault}") > 0, $"no schedule met the fault {fault}");
        foreach (var error in Errnos)
            Assert.True(report.Coverage.GetValueOrDefault($"errno {error}") > 0, $"no call ended in {error}");
    }

    [Fact]
    public void The_number_of_threads_does_not_change_the_result()
    {
        var options = new ExploreOptions { FirstSeed = 77, Seeds = 500, Threads = 1 };
        var (one, more) = (Explorer.Run(options), Explorer.Run(options with { Threads = 3 }));
        Assert.Equal((one.Seeds, one.Steps), (more.Seeds, more.Steps));
        Assert.Equal(one.Coverage, more.Coverage);
    }

    [Fact]
    public void A_violation_is_reproducible_and_ends_its_trace()
    {
        var options = new ExploreOptions { Seeds = 4000, MaxViolations = 1, Parts = Mutants.AddsDuplicates };
        var violation = Assert.Single(Explorer.Run(options).Violations);
        var again = Assert.Single(
            Explorer.Run(options with { FirstSeed = violation.Seed, Seeds = 1, Threads = 1 }).Violations);
        Assert.Equal(TextOf(violation), TextOf(again));
        Assert.Equal($"drover herd --explore 1 --seed {violation.Seed}", violation.Replay);
        Assert.Equal((ModelEventKind.ModuleState, "unformed"), (violation.Trace[^1].Kind, violation.Trace[^1].What));
        Assert.Equal(
            2,
            violation.Trace.Count(
                happened => happened.What == "unformed" && happened.Module == violation.Trace[^1].Module));
    }

    [Fact]
    public void Run_stops_on_cancellation_and_reports_progress()
    {
        using var stop = new CancellationTokenSource();
        var last = default(ExploreProgress);
        var report = Explorer.Run(new ExploreOptions { Seeds = 1_000_000, Threads = 2 }, progress =>
        {
            last = progress;
            stop.Cancel();
        }, stop.Token);
        Assert.InRange(report.Seeds, 1, 999_999);
        Assert.Equal((report.Seeds, 1_000_000, 0), (last.Done, last.Seeds, last.Violations));
    }

    [Fact]
    public void An_init_that_requests_a_module_with_itself_as_softdep_gets_an_outcome()
    {
        // found by the explorer: the timeout held for the module, not for the softdeps after it
        var modules = new[] { Module("m0"), Module("m1") with { SoftdepsAfter = ["m0"] } };
        var scenario = new Scenario
        {
            Name = "recursive",
            Cpus = 1,
            MemoryBytes = 8L << 30,
            Modules = modules,
            Aliases = [new("x", ["m0"])],
            Devices = [new() { Path = "/devices/d", Modaliases = ["x"] }],
        };
        var plan = new SchedulePlan(
            new HerdOptions { Scenario = scenario, Cpus = 2, Loader = LoaderKind.Drover },
            [new Fault(FaultKind.Requests, 0, "m0", 0, "m1")]);
        Assert.Null(new ScheduleRun(plan, new Coverage()).Run());

        static ScenarioModule Module(string name) =>
            new() { Name = name, FileBytes = 4096, ElfBytes = 4096, ImageBytes = 4096 };
    }

    static int Number(string variable, string otherwise) =>
        int.Parse(Environment.GetEnvironmentVariable(variable) ?? otherwise, CultureInfo.InvariantCulture);

    static string TextOf(ExploreViolation violation)
    {
        var (what, trace) = ($"{violation.Invariant}: {violation.What}", string.Join('\n', violation.Trace));
        return string.Join('\n', [what, .. violation.Schedule, trace, violation.Replay]);
    }
}
