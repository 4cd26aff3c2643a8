using Drover.Control;
using Drover.Host;
using Drover.Loading;
using Drover.Tests.Install;

namespace Drover.Tests.Host;

/// <summary>How long the last boots took.</summary>
public sealed class BootTimesFileTests : IDisposable
{
    readonly TestRoot _root = new();

    string File => _root["/drover/boot-times"];

    public void Dispose() => _root.Dispose();

    [Fact]
    public void The_last_load_of_each_boot_is_kept_and_a_restarted_daemon_changes_nothing()
    {
        for (var boot = 0; boot < 20; boot++)
        {
            BootTimesFile.Add(File, $"boot-{boot:00}", [Ended(7), Ended(boot + 10), Called()]);
            BootTimesFile.Add(File, $"boot-{boot:00}", [Ended(99)]);
        }
        Assert.Equal(Enumerable.Range(0, 11).Select(ago => (29 - ago) * 1_000_000L), BootTimesFile.Read(File));
    }

    [Fact]
    public void A_boot_without_a_load_is_not_noted()
    {
        BootTimesFile.Add(File, "boot", [Called()]);
        Assert.Empty(BootTimesFile.Read(File));
    }

    [Theory]
    [InlineData("boot 5\n\nboot x\nboot -1\nboot 1 2\nboot 99999999999999999999\nother 7\n", new[] { 5L, 7L })]
    [InlineData("", new long[0])]
    public void Damaged_lines_do_not_count(string text, long[] expected)
    {
        Directory.CreateDirectory(_root["/drover"]);
        System.IO.File.WriteAllText(File, text);
        Assert.Equal(expected, BootTimesFile.Read(File));
    }

    static ModuleRecord Ended(int seconds) => Of(new FirstLoad(
        TimeSpan.Zero, [], TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(seconds)));

    static ModuleRecord Called() => Of(new FirstLoad(TimeSpan.Zero, [], TimeSpan.FromSeconds(1)));

    static ModuleRecord Of(FirstLoad first) =>
        new("m", 1, 1, new ModuleOutcome("m", OutcomeKind.Loaded), null, "m", null) { First = first };
}
