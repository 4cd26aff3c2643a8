using Drover.Lab.Compare;
using Drover.Lab.Guest;
using Drover.Lab.Report;

namespace Drover.Lab.Tests;

public sealed class CompareTests
{
    [Fact]
    public void Rounds_go_over_all_points_and_udev_leads_each_kernel()
    {
        var plan = Trial.Plan(["6.1"], [Gate.None, Gate.Exclusive], [8, 32], [Loader.Drover, Loader.Udev], runs: 2);

        Assert.Equal(
            ["6.1 8 CPUs udev", "6.1 8 CPUs drover", "6.1 32 CPUs udev", "6.1 32 CPUs drover"],
            plan.Where(trial => trial.Run == 1).Select(trial => trial.Point.ToString()));
        Assert.Equal([1, 1, 1, 1, 2, 2, 2, 2], plan.Select(trial => trial.Run));
    }

    [Fact]
    public void Only_the_gates_kernel_is_run_with_each_gate()
    {
        var plan = Trial.Plan(["6.12", "gates"], [Gate.None, Gate.Exclusive, Gate.Idempotent], [8], [Loader.Udev], runs: 1);

        Assert.Equal(["6.12 8 CPUs udev", "gates/none 8 CPUs udev", "gates/exclusive 8 CPUs udev", "gates/idempotent 8 CPUs udev"], plan.Select(trial => trial.Point.ToString()));
    }

    [Fact]
    public void A_row_stands_by_medians_to_udev_and_list_of_its_own_point()
    {
        var rows = Row.Of(Reports(
            (Loader.Udev, 10, ["a", "b"]), (Loader.Udev, 14, ["a", "c"]), (Loader.Udev, 30, ["a"]),
            (Loader.List, 2, ["a", "b", "c"]),
            (Loader.Drover, 3.5, ["a", "b", "c"]), (Loader.Drover, 2, ["a", "b"])));

        var drover = rows.Single(row => row.Loader == "drover");
        Assert.Equal(2.75 / 14, drover.ToUdev!.Value, precision: 6);
        Assert.Equal(2.75 / 2, drover.ToList!.Value, precision: 6);
        // measured by what any udev run ended with
        Assert.Equal(1, drover.RunsWithUdevsModules);
        Assert.Equal(["c"], drover.MissingOfUdevs);
    }

    [Fact]
    public void The_table_says_so_when_a_module_of_udevs_is_missing()
    {
        var table = CompareTable.Of(Row.Of(Reports((Loader.Udev, 10, ["a", "b"]), (Loader.Drover, 2, ["a"]))));

        Assert.Contains("| no 0/1", table);
        Assert.EndsWith("6.1 4 CPUs drover: not live in some run, though udev once had them: b", table.TrimEnd());
        Assert.All(table.Split('\n').Where(line => line.StartsWith('|')), line => Assert.Equal(20, line.Count(c => c == '|')));
    }

    [Fact]
    public void What_every_run_of_udevs_has_in_dev_is_wanted_of_the_daemon()
    {
        var reports = Reports((Loader.Udev, 10, []), (Loader.Udev, 10, []), (Loader.Daemon, 5, []));
        string[][] nodes = [["/dev/sr0", "/dev/once"], ["/dev/sr0", "/dev/rtc"], ["/dev/rtc", "/dev/once"]];
        var rows = Row.Of(reports.Zip(nodes).ToDictionary(pair => pair.First.Key, pair => pair.First.Value with { Nodes = pair.Second }));

        Assert.Equal([0, 2], rows.Select(row => row.RunsWithUdevsNodes));
        Assert.EndsWith("6.1 4 CPUs daemon: not in /dev in some run, though udev always has them: /dev/sr0", CompareTable.Of(rows).TrimEnd());
    }

    [Fact]
    public void A_median_of_an_even_number_lies_between() => Assert.Equal(new Spread(1, 2.5, 9), Spread.Of([9, 1, 2, 3]));

    static Dictionary<Trial, RunReport> Reports(params (Loader Loader, double Seconds, string[] Live)[] runs) =>
        runs.Index().ToDictionary(
            item => new Trial(new Point("6.1", Gate.None, 4, item.Item.Loader), item.Index),
            item => Report(item.Item.Loader, item.Item.Seconds, item.Item.Live));

    static RunReport Report(Loader loader, double seconds, string[] live) => new()
    {
        Kernel = "6.1",
        KernelRelease = "6.1.0-test",
        Gate = "none",
        Cpus = 4,
        Loader = loader.ToString().ToLowerInvariant(),
        LoaderStatus = 0,
        Calls = new Dictionary<string, int> { ["0"] = live.Length },
        CallsBySyscall = new Dictionary<string, IReadOnlyDictionary<string, int>>(),
        Attempted = live,
        Live = live,
        LiveBefore = [],
        WastedBytes = 0,
        WastedDuplicateBytes = 0,
        WastedBytesSource = "test",
        Memory = "4G",
        LoaderStartSeconds = 3,
        ColdplugSeconds = seconds,
        ColdplugCpuSeconds = seconds / 2,
        PeakMemoryBytes = 2_000_000,
        StartMemoryBytes = 1_000_000,
        LoaderMemoryBytes = 500_000,
        LoaderProcesses = 1,
        BootSeconds = 1,
        UnnamedCalls = 0,
        LostEvents = 0,
        KernelRequests = [],
        Warnings = [],
        Uevents = 0,
        SysfsDirectories = 0,
        SysfsWalkSeconds = 0,
        TracedCalls = [],
    };
}
