using Drover.Lab.Boots;
using Drover.Lab.Install;
using Drover.Lab.Prepare;
using Drover.Lab.Reading;

namespace Drover.Lab.Tests.Boots;

public class BootTableTests
{
    static readonly GuestSystem s_system = GuestSystem.Parse("debian13");

    [Fact]
    public void A_row_has_medians_of_the_seeds_and_ratios_to_udevs()
    {
        WholeBoot[] boots =
        [
            Boot(BootLoader.Udev, 1, 3, 5, 10, 400e6), Boot(BootLoader.Udev, 2, 3, 6, 11, 400e6),
            Boot(BootLoader.Udev, 3, 3, 9, 16, 401e6),
            Boot(BootLoader.Drover, 1, 3, 4.5, 9.9, 408.3e6),
        ];

        var rows = BootTable.Of(new Dictionary<GuestSystem, IReadOnlyList<WholeBoot>> { [s_system] = boots })
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1]).ToList();

        Assert.Equal(
            ["debian13", "udev", "3", "2", "0", "1", "3.000", "6.000 (5.000…9.000)", "–", "3.000 (2.000…6.000)", "–"],
            rows[2][..11]);
        Assert.Equal(
            [
                "debian13", "drover", "1", "2", "0", "1", "3.000", "4.500", "0.750", "1.500", "0.500", "7.000", "9.900",
                "0.900", "6.900", "0.863", "12.000", "1.000", "408", "+8.3",
            ],
            rows[3]);
    }

    [Fact]
    public void Good_boots_have_no_problem() =>
        Assert.Empty(BootTable.Problems(s_system, [Udev(), Drover()]));

    [Fact]
    public void Each_problem_is_named()
    {
        Named("drover, seed 1: lacks button", Drover(live: ["ext4"]));
        Named("drover, seed 1: 1 duplicate calls", Drover(Call("kernel call", "EEXIST")));
        Named("drover, seed 1: udev made 1 load calls", Drover(Call("(udev-worker)", "0")));
        var drover = Drover();
        Named("Drover's unit is not active", drover with { Report = drover.Report with { Active = false } });
        Named("failed: a.service", drover with { Report = drover.Report with { FailedUnits = ["a.service"] } });
        Named("the trace lost 3 events", drover with { Report = drover.Report with { LostEvents = 3 } });
    }

    static void Named(string problem, WholeBoot boot) => Assert.Contains(
        BootTable.Problems(s_system, [Udev(), boot]), line => line.Contains(problem, StringComparison.Ordinal));

    static WholeBoot Udev() => Boot(BootLoader.Udev, 1, 3, 5, 10, 400e6);

    static WholeBoot Drover(ModuleCall? call = null, IReadOnlyList<string>? live = null)
    {
        var boot = Boot(BootLoader.Drover, 1, 3, 5, 10, 400e6);
        return boot with
        {
            Report = boot.Report with
            {
                Calls = call is null ? boot.Report.Calls : [.. boot.Report.Calls, call],
                Live = live ?? boot.Report.Live,
            },
        };
    }

    static WholeBoot Boot(BootLoader loader, int seed, double init, double node, double multiUser, double peak)
    {
        var comm = loader == BootLoader.Udev ? "(udev-worker)" : "kernel call";
        var report = new BootReport(
            "", [Call(comm, "0"), Call("modprobe", "0")], ["button"], 0, 40, [], Active: loader != BootLoader.Udev,
            null, 0, new Dictionary<string, double>());
        return new(loader, seed, new BootTimes(init, node, 7, multiUser, 12), report, (long)peak);
    }

    static ModuleCall Call(string comm, string result) => new("finit_module", null, result, 1, comm, 1, 0.1, null);
}
