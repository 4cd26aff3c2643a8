using System.Globalization;

namespace Drover.Model.Tests;

/// <summary>Random machines, herds, schedules and faults; after every event what must always hold. <c>DROVER_EXPLORE=N</c> runs N seeds, <c>DROVER_SEED</c> says the first.</summary>
public sealed class ExplorerTests
{
    const string Seeds = "20000";

    /// <summary>What calls can end in, all of it.</summary>
    static readonly string[] Errnos =
        ["EPERM", "ETXTBSY", "ENOMEM", "EIO", "EOPNOTSUPP", "EINVAL", "EKEYREJECTED", "ENOEXEC", "EEXIST", "EBUSY", "ENOENT", "ENODEV", "EINTR"];

    [Fact]
    public void No_schedule_breaks_an_invariant()
    {
        var options = new ExploreOptions { FirstSeed = Number("DROVER_SEED", "1"), Seeds = Number("DROVER_EXPLORE", Seeds), MostViolations = 3 };
        var began = TimeProvider.System.GetTimestamp();
        var report = Explorer.Run(options, null, TestContext.Current.CancellationToken);
        var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        TestContext.Current.TestOutputHelper?.WriteLine($"{report.Seeds} seeds, {report.Steps} steps, {seconds:0.0} s\n{string.Join('\n', report.Coverage.Select(entry => $"{entry.Value,10} {entry.Key}"))}");
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
    public void One_seed_is_one_run_with_any_number_of_threads()
    {
        var options = new ExploreOptions { FirstSeed = 77, Seeds = 500, Threads = 1 };
        var (one, more) = (Explorer.Run(options), Explorer.Run(options with { Threads = 3 }));
        Assert.Equal((one.Seeds, one.Steps), (more.Seeds, more.Steps));
        Assert.Equal(one.Coverage, more.Coverage);
    }

    [Fact]
    public void A_violation_is_the_same_every_time_and_its_trace_ends_where_it_is_seen()
    {
        var options = new ExploreOptions { Seeds = 4000, MostViolations = 1, Mutation = Mutation.DuplicateIsAdded };
        var violation = Assert.Single(Explorer.Run(options).Violations);
        var again = Assert.Single(Explorer.Run(options with { FirstSeed = violation.Seed, Seeds = 1, Threads = 1 }).Violations);
        Assert.Equal(TextOf(violation), TextOf(again));
        Assert.Equal($"drover herd --explore 1 --seed {violation.Seed}", violation.Replay);
        Assert.Equal((HerdEventKind.ModuleState, "unformed"), (violation.Trace[^1].Kind, violation.Trace[^1].What));
        Assert.Equal(2, violation.Trace.Count(happened => happened.What == "unformed" && happened.Module == violation.Trace[^1].Module));
    }

    [Fact]
    public void It_stops_when_told_to_and_tells_how_far_it_is()
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
    public void A_module_whose_init_asks_for_one_that_wants_it_afterwards_gets_an_answer()
    {
        // found by the explorer: rule 11 held for the module, not for the softdeps after it
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
        var plan = new SchedulePlan(new HerdOptions { Scenario = scenario, Cpus = 2, Herd = HerdKind.Drover }, [new Fault(FaultKind.Requests, 0, "m0", 0, "m1")]);
        Assert.Null(new ScheduleRun(plan, new Coverage()).Run());

        static ScenarioModule Module(string name) => new() { Name = name, FileBytes = 4096, ElfBytes = 4096, ImageBytes = 4096 };
    }

    static int Number(string variable, string otherwise) => int.Parse(Environment.GetEnvironmentVariable(variable) ?? otherwise, CultureInfo.InvariantCulture);

    static string TextOf(ExploreViolation violation) =>
        $"{violation.Invariant}: {violation.What}\n{string.Join('\n', violation.Schedule)}\n{string.Join('\n', violation.Trace)}\n{violation.Replay}";
}
