using System.Xml.Linq;
using Drover.Study.Report;
using Drover.Study.Tests.Recordings;
using Drover.Tests;

namespace Drover.Study.Tests.Report;

/// <summary><c>drover report</c> as a whole.</summary>
public sealed class ReportVerbTests : IDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("drover-report-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Two_recordings_are_compared_as_text_and_as_a_page()
    {
        var before = Put("before.json", RecordingTexts.Lab(RecordingTexts.Herd(8)));
        var after = Put("after.json", RecordingTexts.Lab(RecordingTexts.Herd(1), "drover"));
        var text = CommandLineRun.Run("report", before, after);
        Assert.Equal((0, ""), (text.Exit, text.Error));
        Assert.StartsWith(
            "drover coldplug made 2 calls where udev made 16; bytes read in vain: 48.8 KiB instead of 3.1 MiB; "
            + "coldplug: 2.50 s instead of 2.50 s.\n", text.Out, StringComparison.Ordinal);
        var page = $"{_directory}/page.html";
        File.WriteAllText(page, new string('x', 1 << 20));
        var run = CommandLineRun.Run("report", before, after, "--html", page, "--title", "T & U");
        Assert.Equal((0, ""), (run.Exit, run.Out));
        Assert.Matches(@"^\S*/page\.html: written, [0-9.]+ KiB\n$", run.Error);
        Assert.Equal("T & U", XDocument.Load(page).Descendants("h1").Single().Value);
    }

    [Fact]
    public void Page_to_standard_output_is_the_whole_output()
    {
        var run = CommandLineRun.Run(
            "report", Put("run.json", RecordingTexts.Lab(RecordingTexts.Herd(2))), "--html", "-");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Equal("drover report", XDocument.Parse(run.Out).Descendants("h1").Single().Value);
    }

    [Fact]
    public void Watches_are_called_by_what_differs_in_their_paths()
    {
        var (a, b) = (Put("A/watch.jsonl", RecordingTexts.Watch(RecordingTexts.Herd(8))),
            Put("B/watch.jsonl", RecordingTexts.Watch(RecordingTexts.Herd(1))));
        var run = CommandLineRun.Run("report", a, b);
        // the time between a watch's first and last call is no time of a boot
        Assert.StartsWith(
            "B made 2 calls where A made 16; bytes read in vain: 48.8 KiB instead of 3.1 MiB.\nA on 8 CPUs ", run.Out,
            StringComparison.Ordinal);
        Assert.Contains("; first call to last call's end: 0.62 s.\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("\ntime: first call to last call's end ", run.Out, StringComparison.Ordinal);
        var labelled = CommandLineRun.Run("report", a, b, "--label", "udev", "--label=drover");
        Assert.StartsWith("drover made 2 calls where udev made 16; ", labelled.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Figures_of_different_kinds_are_not_compared()
    {
        var lab = Put("lab.json", RecordingTexts.Lab(RecordingTexts.Herd(8)));
        var model = Put("herd.json", """
            [{"gate": "none", "herd": "udev", "cpus": 8, "calls": {"0": 2}, "wastedBytes": 0, "attempted": 2,
              "bootSeconds": 0.5}]
            """);
        var run = CommandLineRun.Run("report", lab, model);
        Assert.StartsWith("udev, gate none made 2 calls where udev made 16.\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("\nbytes read in vain | memory wasted ", run.Out, StringComparison.Ordinal);
        Assert.Contains("\ntime: coldplug | boot phase ", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("watch", "watch.jsonl")]
    [InlineData("A B", "A/watch.jsonl", "B/watch.jsonl")]
    [InlineData("x y", "r/x/A/f", "r/y/A/f")]
    [InlineData("one two", "/d/one.jsonl", "/d/two.jsonl")]
    [InlineData("a b c", "/r/a/f.json", "/r/b/f.json", "/r/c/f.json")]
    [InlineData("f.json (1) f.json (2)", "f.json", "f.json")]
    [InlineData("d/f d/e/f", "d/f", "d/e/f")]
    public void Label_is_the_shortest_part_of_the_path_that_differs(string labels, params string[] paths) =>
        Assert.Equal(labels, string.Join(' ', Labels.DifferencesOf(paths)));

    [Theory]
    [InlineData(1, "drover: /nonexistent.json: No such file or directory\n", "/nonexistent.json")]
    [InlineData(1, "drover: /: Is a directory\n", "/")]
    [InlineData(1, "not JSON", "FILE")]
    [InlineData(2, "needs a recording")]
    [InlineData(2, "--html needs the name of a file", "FILE", "--html", "")]
    [InlineData(2, " would overwrite ", "FILE", "--html", "FILE")]
    [InlineData(1, "drover: /: Is a directory\n", "GOOD", "--html", "/")]
    [InlineData(1, "drover: /no/x: No such file or directory\n", "GOOD", "--html", "/no/x")]
    [InlineData(2, "--label is given once for each file: labels 2, files 1", "FILE", "--label", "a", "--label", "b")]
    [InlineData(2, "--title is the title of a page", "FILE", "--title", "T")]
    public void Error_has_a_message_and_an_exit_code(int exit, string message, params string[] args)
    {
        var file = Put("file", "{");
        var good = Put("good", RecordingTexts.Lab(RecordingTexts.Herd(8)));
        var names = args.Select(arg => arg switch { "FILE" => file, "GOOD" => good, _ => arg });
        var run = CommandLineRun.Run(["report", .. names]);
        Assert.Equal("{", File.ReadAllText(file));
        Assert.Equal((exit, ""), (run.Exit, run.Out));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    string Put(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName($"{_directory}/{name}")!);
        File.WriteAllText($"{_directory}/{name}", text);
        return $"{_directory}/{name}";
    }
}
