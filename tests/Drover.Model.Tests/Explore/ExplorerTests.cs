using System.Globalization;

namespace Drover.Model.Tests;

/// <summary>Random machines, herds, schedules and faults; after every event what must always hold. <c>DROVER_EXPLORE=N</c> runs N seeds, <c>DROVER_SEED</c> says the first.</summary>
public sealed class ExplorerTests
{
    const string Seeds = "20000";

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
    }

    static int Number(string variable, string otherwise) => int.Parse(Environment.GetEnvironmentVariable(variable) ?? otherwise, CultureInfo.InvariantCulture);

    static string TextOf(ExploreViolation violation) =>
        $"{violation.Invariant}: {violation.What}\n{string.Join('\n', violation.Schedule)}\n{string.Join('\n', violation.Trace)}\n{violation.Replay}";
}
