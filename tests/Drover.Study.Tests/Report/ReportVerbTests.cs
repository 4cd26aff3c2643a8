using System.Xml.Linq;
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
        Assert.StartsWith("drover coldplug made 2 calls where udev made 16, ", text.Out, StringComparison.Ordinal);
        var page = $"{_directory}/page.html";
        File.WriteAllText(page, new string('x', 1 << 20));
        var run = CommandLineRun.Run("report", before, after, "--html", page, "--title", "T & U");
        Assert.Equal(new CommandLineRun(0, "", ""), run);
        Assert.Equal("T & U", XDocument.Load(page).Descendants("h1").Single().Value);
    }

    [Theory]
    [InlineData(1, "drover: /nonexistent.json: No such file or directory\n", "/nonexistent.json")]
    [InlineData(1, "drover: /: Is a directory\n", "/")]
    [InlineData(1, "not JSON", "FILE")]
    [InlineData(2, "needs a recording")]
    [InlineData(2, "--html needs the name of a file", "FILE", "--html", "")]
    [InlineData(2, "would overwrite a recording", "FILE", "--html", "FILE")]
    [InlineData(1, "/: the page cannot be written: it is a directory", "GOOD", "--html", "/")]
    [InlineData(1, "/no/x: the page cannot be written: there is no such directory", "GOOD", "--html", "/no/x")]
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
        File.WriteAllText($"{_directory}/{name}", text);
        return $"{_directory}/{name}";
    }
}
