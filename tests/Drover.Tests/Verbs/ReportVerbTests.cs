using System.Xml.Linq;
using Drover.Devices;
using Drover.Loading;
using Drover.Tests.Report;

namespace Drover.Tests.Verbs;

/// <summary>drover report, and drover timeline where a daemon listens.</summary>
public sealed class ReportVerbTests : IDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("drover-report-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Two_recordings_are_compared_as_text_and_as_a_page()
    {
        var (before, after) = (Put("before.json", Recordings.Lab(Recordings.Herd(8))), Put("after.json", Recordings.Lab(Recordings.Herd(1), "drover")));
        var text = CommandLine.Run("report", before, after);
        Assert.Equal((0, ""), (text.Exit, text.Error));
        Assert.StartsWith("drover coldplug made 2 calls where udev made 16, ", text.Out, StringComparison.Ordinal);
        var page = $"{_directory}/page.html";
        File.WriteAllText(page, new string('x', 1 << 20));
        Assert.Equal(new CommandLine(0, "", ""), CommandLine.Run("report", before, after, "--html", page, "--title", "T & U"));
        Assert.Equal("T & U", XDocument.Load(page).Descendants("h1").Single().Value);
    }

    [Theory]
    [InlineData(1, "/nonexistent.json: ", "/nonexistent.json")]
    [InlineData(1, "not JSON", "FILE")]
    [InlineData(2, "needs a recording")]
    [InlineData(2, "--html needs the name of a file", "FILE", "--html", "")]
    [InlineData(2, "--title is the title of a page", "FILE", "--title", "T")]
    public void What_cannot_be_done_is_told(int exit, string message, params string[] args)
    {
        var file = Put("file", "{");
        var run = CommandLine.Run(["report", .. args.Select(arg => arg == "FILE" ? file : arg)]);
        Assert.Equal((exit, ""), (run.Exit, run.Out));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_timeline_is_the_daemons_and_a_recording_for_a_report()
    {
        using var machine = new DaemonMachine();
        static TimeSpan Ms(int ms) => TimeSpan.FromMilliseconds(ms);
        machine.Loads.Records.Add(new ModuleRecord("live", 1, 0, new ModuleOutcome("live", OutcomeKind.AlreadyLive), null, "live", null));
        machine.Loads.Records.Add(new ModuleRecord("core", 0, 1, new ModuleOutcome("core", OutcomeKind.Loaded), null, "core", Ms(30)) { FileBytes = 100, First = new(Ms(5000), [], Ms(5000), Ms(5030)) });
        machine.Loads.Records.Add(new ModuleRecord("disk", 9, 1, new ModuleOutcome("disk", OutcomeKind.Loaded), "/devices/d", "d:1", Ms(10)) { FileBytes = 200, Joined = 8, First = new(Ms(5001), ["core"], Ms(5030), Ms(5040)) });
        var runs = machine.Run("drover timeline", "drover timeline --json > t.json; drover report t.json", "drover timeline --html t.html; cat t.html", "drover timeline --html x --json");
        Assert.All(runs[..3], run => Assert.Equal((0, ""), (run.Exit, run.Error)));
        Assert.StartsWith("drover daemon on ", runs[0].Out, StringComparison.Ordinal);
        Assert.Contains("called the kernel 2 times for 2 modules in 0.04 s, none in vain.", runs[0].Out, StringComparison.Ordinal);
        Assert.Matches(@"\ndisk +0\.03 s +0\.01 s +needs core\n", runs[0].Out);
        Assert.Equal(runs[0].Out, runs[1].Out);
        Assert.Contains(XDocument.Parse(runs[2].Out).Descendants("title"), title => title.Value.StartsWith("disk: waiting, 29 ms from 0.001 s; for core", StringComparison.Ordinal));
        Assert.Equal(2, runs[3].Exit);
    }

    string Put(string name, string text)
    {
        File.WriteAllText($"{_directory}/{name}", text);
        return $"{_directory}/{name}";
    }
}
