using System.Text.Json;
using Drover.Lab.Compare;
using Drover.Lab.Guest;
using Drover.Lab.Host;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;

namespace Drover.Lab.Tests.Compare;

public sealed class CompareTests
{
    static readonly GuestSystem s_debian12 = GuestSystem.Parse("debian12");

    [Fact]
    public void Rounds_cover_all_points_and_udev_comes_first()
    {
        var plan = Trial.Plan(
            [s_debian12], [Gate.None, Gate.Exclusive], [8, 32], [GuestLoader.Drover, GuestLoader.Udev], runs: 2);

        Assert.Equal(
            ["8 CPUs, udev", "8 CPUs, drover", "32 CPUs, udev", "32 CPUs, drover"],
            plan.Where(trial => trial.Run == 1).Select(trial => trial.Point.ToString()[("debian12, ".Length)..]));
        Assert.Equal([1, 1, 1, 1, 2, 2, 2, 2], plan.Select(trial => trial.Run));
    }

    [Fact]
    public void Only_the_gates_kernel_runs_with_each_gate()
    {
        var plan = Trial.Plan(
            [GuestSystem.Parse("6.12"), GuestSystem.Parse("gates/arm64")], Enum.GetValues<Gate>(), [8],
            [GuestLoader.Udev], runs: 1);

        Assert.Equal(
            ["6.12", "gates/arm64 none", "gates/arm64 early", "gates/arm64 exclusive", "gates/arm64 idempotent"],
            plan.Select(trial => trial.Point.Place));
    }

    [Fact]
    public void A_row_compares_medians_with_udev_and_list_of_its_point()
    {
        var rows = CompareRow.Of(Reports(
            (GuestLoader.Udev, 10, ["a", "b"]), (GuestLoader.Udev, 14, ["a", "c"]), (GuestLoader.Udev, 30, ["a"]),
            (GuestLoader.List, 2, ["a", "b", "c"]),
            (GuestLoader.Drover, 3.5, ["a", "b", "c"]), (GuestLoader.Drover, 2, ["a", "b"])));

        var drover = rows.Single(row => row.Loader == "drover");
        Assert.Equal(2.75 / 14, drover.ToUdev!.Value, precision: 6);
        Assert.Equal(2.75 / 2, drover.ToList!.Value, precision: 6);
        // measured by what any udev run ended with
        Assert.Equal(1, drover.RunsWithUdevsModules);
        Assert.Equal(["c"], drover.MissingOfUdevs);
    }

    [Fact]
    public void The_table_names_missing_modules_of_udev()
    {
        var reports = Reports((GuestLoader.Udev, 10, ["a", "b"]), (GuestLoader.Drover, 2, ["a"]));
        var table = CompareTable.Of(CompareRow.Of(reports));

        Assert.Contains("| no 0/1", table);
        Assert.EndsWith("debian12 4 CPUs drover: not live in some run, though udev once had them: b", table.TrimEnd());
        var lines = table.Split('\n').Where(line => line.StartsWith('|'));
        Assert.All(lines, line => Assert.Equal(20, line.Count(c => c == '|')));
    }

    [Fact]
    public void The_daemon_is_compared_with_the_nodes_of_all_udev_runs()
    {
        var reports = Reports((GuestLoader.Udev, 10, []), (GuestLoader.Udev, 10, []), (GuestLoader.Daemon, 5, []));
        string[][] nodes = [["/dev/sr0", "/dev/once"], ["/dev/sr0", "/dev/rtc"], ["/dev/rtc", "/dev/once"]];
        var rows = CompareRow.Of(reports.Zip(nodes)
            .ToDictionary(pair => pair.First.Key, pair => pair.First.Value with { Nodes = pair.Second }));

        Assert.Equal([2, 0], rows.Select(row => row.RunsWithUdevsNodes));
        Assert.EndsWith("debian12 4 CPUs daemon: not in /dev in some run, though udev always has them: /dev/sr0",
            CompareTable.Of(rows).TrimEnd());
    }

    [Fact]
    public void The_median_of_an_even_number_is_the_middle() =>
        Assert.Equal(new Spread(1, 2.5, 9), Spread.Of([9, 1, 2, 3]));

    [Fact]
    public void A_saved_report_is_read_back_and_a_partial_one_is_an_error()
    {
        var file = Path.GetTempFileName();
        try
        {
            var report = Report(GuestLoader.Drover, 2, ["a"]) with { BinarySha256 = "1234" };
            ReportFile.Write(file, report);
            var text = File.ReadAllText(file);
            var saved = ReportFile.Read<RunReport>(file);
            ReportFile.Write(file, saved);
            Assert.Equal(text, File.ReadAllText(file));

            var trial = new Trial(new Point(s_debian12, Gate.None, 4, GuestLoader.Drover), 1);
            var settings = new RunSettings("4G", null, null, null, "", null, null);
            Assert.True(trial.Matches(saved, settings, "1234"));
            Assert.False(trial.Matches(saved, settings, "5678"));
            Assert.False(trial.Matches(saved, settings with { Memory = "2G" }, "1234"));
            Assert.False(trial.Matches(saved, settings with { Clock = Clock.Host }, "1234"));
            // another run has another seed
            Assert.False((trial with { Run = 2 }).Matches(saved, settings, "1234"));

            File.WriteAllText(file, """{"kernel": "debian12"}""");
            Assert.Throws<JsonException>(() => ReportFile.Read<RunReport>(file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    static Dictionary<Trial, RunReport> Reports(params (GuestLoader Loader, double Seconds, string[] Live)[] runs) =>
        runs.Index().ToDictionary(
            item => new Trial(new Point(s_debian12, Gate.None, 4, item.Item.Loader), item.Index),
            item => Report(item.Item.Loader, item.Item.Seconds, item.Item.Live));

    static RunReport Report(GuestLoader loader, double seconds, string[] live) => new(
        Kernel: "debian12", Gate: "none", Cpus: 4, Loader: loader.OptionName(),
        Calls: new Dictionary<string, int> { ["0"] = live.Length }, Attempted: live, Live: live, Nodes: [],
        WastedBytes: 0, WastedDuplicateBytes: 0, Memory: "4G", LoaderStartSeconds: 3, ColdplugSeconds: seconds,
        EventSeconds: null, ColdplugCpuSeconds: seconds / 2, PeakMemoryBytes: 2_000_000, LoaderMemoryBytes: 500_000,
        KernelRelease: "6.1.0-test", WastedBytesSource: "test", LoaderStatus: 0, StartMemoryBytes: 1_000_000,
        LoaderProcesses: 1, BootSeconds: 1, LiveBefore: [],
        CallsBySyscall: new Dictionary<string, IReadOnlyDictionary<string, int>>(), UnnamedCalls: 0, LostEvents: 0,
        KernelRequests: [], Warnings: [], Uevents: 0, SysfsDirectories: 0, SysfsWalkSeconds: 0, BinarySha256: null,
        ModuleStats: null, DroverErrors: null, Watch: null, FileBytes: new Dictionary<string, long>(), Audit: null,
        Clock: "instructions", Threads: "single", Seed: 1, Instructions: null, TracedCalls: []);
}
