using System.Text.Json;
using System.Xml.Linq;
using Drover.CommandLine;
using Drover.Control;
using Drover.Host;
using Drover.Linux.ProcFs;
using Drover.Loading;
using StudyMain = Drover.Study.Program;

namespace Drover.Tests.Host;

/// <summary><c>drover</c> runs drover-study for that program's verbs.</summary>
public class StudyProgramTests
{
    public static TheoryData<string> VerbNames => new(StudyMain.Verbs.Select(verb => verb.Name));

    [Fact]
    public void Drover_lists_the_verbs_of_drover_study_as_that_program_does() =>
        Assert.Equal(StudyMain.Verbs.Select(verb => new StudyVerb(verb.Name, verb.Summary, verb.Examples[0])),
            StudyProgram.Verbs);

    [Theory]
    [MemberData(nameof(VerbNames))]
    public void Drover_study_runs_its_verbs_and_their_help(string verb)
    {
        Assert.True(StudyProgram.Runs([verb]));
        Assert.True(StudyProgram.Runs([verb, "--help"]));
        Assert.True(StudyProgram.Runs(["help", verb]));
        Assert.False(StudyProgram.Runs(["load", verb]));
        Assert.False(StudyProgram.Runs([]));
    }

    [Fact]
    public void Drover_study_alone_names_itself_in_help_texts_and_hints()
    {
        Assert.Equal(
            [
                "Usage: drover-study COMMAND [OPTION…] [ARGUMENT…]",
                "  -h, --help     show this help, or a command's: drover-study COMMAND --help", "  drover-study audit",
            ],
            Run("--help").Split('\n').Where(line => line.Contains("drover-study COMMAND", StringComparison.Ordinal)
                || line.EndsWith("drover-study audit", StringComparison.Ordinal)));
        Assert.Contains("Usage: drover-study why [OPTION…]", Run("why", "--help"), StringComparison.Ordinal);
        Assert.Contains("  drover-study why nouveau", Run("help", "why"), StringComparison.Ordinal);
        Assert.EndsWith("Try 'drover-study why --help'.\n", Run("why"), StringComparison.Ordinal);
        Assert.EndsWith("Try 'drover-study --help'.\n", Run("what"), StringComparison.Ordinal);
        Assert.Equal("drover: 'coldplug' is a command of drover: 'drover coldplug'. Try 'drover-study --help'.\n",
            Run("coldplug", "--dry-run"));
        Assert.Equal(
            Program.Verbs.Select(verb => verb.Name).Concat(Drover.Kmod.KmodTool.All.Select(tool => tool.Name)).Order(),
            StudyMain.OfDrover.Order());
        // what loads stays drover's
        Assert.Contains("'drover seal'", Run("policy", "--help"), StringComparison.Ordinal);

        static string Run(params string[] args)
        {
            using var output = new StringWriter();
            StudyMain.Run(args, new Terminal(output, output, isWatched: false), StudyMain.Name);
            return output.ToString();
        }
    }

    [Fact]
    public void Missing_drover_study_is_an_error_with_advice()
    {
        Assert.SkipWhen(File.Exists("/usr/lib/drover/drover-study"), "drover-study is installed on this machine");
        var run = RunAlone("d/drover herd");
        Assert.Equal((1, ""), (run.Exit, run.Output));
        Assert.Contains("put it at /usr/lib/drover/drover-study or /", run.Error, StringComparison.Ordinal);
        Assert.Contains("/d/drover-study (in a source tree", run.Error, StringComparison.Ordinal);
    }

    /// <summary>It would execute itself for ever.</summary>
    [Theory]
    [InlineData("ln -s drover d/drover-study")]
    [InlineData("ln d/drover d/drover-study")]
    [InlineData("cp d/drover d/drover-study")]
    public void Drover_in_the_place_of_drover_study_is_an_error(string put)
    {
        var run = RunAlone($"{put}; timeout 10 d/drover herd --cpus 2");
        Assert.Equal((1, ""), (run.Exit, run.Output));
        Assert.EndsWith("/d/drover-study is drover itself: put drover-study in its place\n", run.Error,
            StringComparison.Ordinal);
    }

    /// <summary>With a copy of drover in the directory d, alone.</summary>
    static (int Exit, string Output, string Error) RunAlone(string command) => NativeShell.Run(
        $"cd $(mktemp -d) && trap 'rm -r $PWD' EXIT && mkdir d && cp {Repository.NativeBinary} d/drover && {command}");

    [Fact]
    public void Timeline_of_the_daemon_is_a_recording_for_report()
    {
        using var machine = new DaemonMachine();
        static TimeSpan Ms(int ms) => TimeSpan.FromMilliseconds(ms);
        machine.Loads.Records.Add(new ModuleRecord("live", 1, 0, new ModuleOutcome("live", OutcomeKind.AlreadyLive),
            null, "live", null));
        machine.Loads.Records.Add(new ModuleRecord("core", 0, 1, new ModuleOutcome("core", OutcomeKind.Loaded), null,
            "core", Ms(30))
        { FileBytes = 100, First = new(Ms(5000), [], Ms(5000), Ms(5030)) });
        machine.Loads.Records.Add(new ModuleRecord("disk", 9, 1, new ModuleOutcome("disk", OutcomeKind.Loaded),
            "/devices/d", "d:1", Ms(10))
        {
            FileBytes = 200,
            Joined = 8,
            First = new(Ms(5001), ["core"], Ms(5030), Ms(5040))
        });
        var runs = machine.Run("drover timeline", "drover timeline --json > t.json; drover report t.json",
            "drover timeline --html t.html; cat t.html", "drover timeline --html x --json");
        Assert.Equal([0, 0, 0], runs[..3].Select(run => run.Exit));
        Assert.Equal(["", ""], runs[..2].Select(run => run.Error));
        Assert.StartsWith("t.html: written, ", runs[2].Error, StringComparison.Ordinal);
        Assert.StartsWith("drover daemon on ", runs[0].Out, StringComparison.Ordinal);
        Assert.Contains(
            "called the kernel 2 times for 2 modules, none in vain; first request to last call's end: 0.04 s.",
            runs[0].Out, StringComparison.Ordinal);
        Assert.Matches(@"\ndisk +0\.03 s +0\.01 s +needs core\n", runs[0].Out);
        Assert.Equal(runs[0].Out, runs[1].Out);
        // the data that the page's script draws
        Assert.Contains(XDocument.Parse(runs[2].Out).Descendants("figure"),
            figure => figure.Element("script")!.Value.Contains("\"disk\"", StringComparison.Ordinal));
        Assert.Equal(2, runs[3].Exit);
    }

    [Fact]
    public void Timeline_ends_with_the_boot_unless_it_is_asked_for_more()
    {
        using var machine = new DaemonMachine();
        foreach (var (module, atMs) in new[] { ("core", 0), ("disk", 9000), ("late", 45_000) })
        {
            TimeSpan At(int ms) => TimeSpan.FromMilliseconds(5000 + atMs + ms);
            machine.Loads.Records.Add(new ModuleRecord(
                module, 0, 1, new ModuleOutcome(module, OutcomeKind.Loaded), null, module, At(30) - At(0))
            {
                First = new(At(0), [], At(0), At(30)),
            });
        }
        var runs = machine.Run(
            "drover timeline", "drover timeline --all", "drover timeline --until 1s", "drover timeline --since 1s",
            "drover timeline --json", "drover timeline --all --until 1s", "drover timeline --since 5s --until 1s");
        string[][] modules = [["core", "disk"], ["core", "disk", "late"], ["core"], ["disk"], ["core", "disk"]];
        for (var i = 0; i < modules.Length; i++)
        {
            var found = new[] { "core", "disk", "late" }
                .Where(module => runs[i].Out.Contains(module, StringComparison.Ordinal));
            Assert.Equal(modules[i], found);
        }
        Assert.Equal(
            "drover: timeline: 1 of 3 loads are left out, requested 45.0 s to 45.0 s after the first; --all shows "
            + "them\n", runs[0].Error);
        Assert.Equal(("", runs[0].Error), (runs[1].Error, runs[4].Error));
        Assert.Equal([2, 2], runs[5..].Select(run => run.Exit));
        Assert.StartsWith("drover: timeline: --since is later than --until.", runs[6].Error, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(runs[4].Out);
        Assert.Equal(1, json.RootElement.GetProperty("version").GetInt32());
        Assert.Equal(
            SysModule.Live("/sys/module/") ?? new HashSet<string>(),
            json.RootElement.GetProperty("liveModules").EnumerateArray().Select(name => name.GetString()!).ToHashSet());
    }
}
