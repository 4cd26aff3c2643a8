using Drover.Tests.Install;

namespace Drover.Tests.CommandLine;

public sealed class MetricsFileTests : IDisposable
{
    readonly TestRoot _root = new();

    string Folder => _root["/metrics"];

    public MetricsFileTests() => Directory.CreateDirectory(Folder);

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData("status --socket none --metrics DIR", "--metrics: DIR is a directory: name a file in it, as "
        + "drover.prom")]
    [InlineData("status --socket none --metrics DIR/none/a.prom", "--metrics: there is no directory DIR/none: install "
        + "node_exporter (prometheus-node-exporter), whose textfile collector reads it, or name a file elsewhere")]
    [InlineData("audit --scenario debian13 --cpus 2 --metrics DIR/none/a.prom", "--metrics: there is no directory "
        + "DIR/none: install node_exporter (prometheus-node-exporter), whose textfile collector reads it, or name a "
        + "file elsewhere")]
    [InlineData("status --socket none --metrics /proc/a.prom",
        "--metrics: /proc/a.prom.part: No such file or directory")]
    public void A_file_that_cannot_be_written_is_named_and_nothing_stays(string command, string message)
    {
        var run = CommandLineRun.Run(Here(command).Split(' '));
        Assert.Equal((1, "", $"drover: {Here(message)}\n"), (run.Exit, run.Out, run.Error));
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
        Assert.False(File.Exists($"{Folder}.part"));
    }

    [Theory]
    [InlineData("status")]
    [InlineData("audit --scenario debian13")]
    public void Metrics_are_not_JSON(string verb)
    {
        var run = CommandLineRun.Run([.. verb.Split(' '), "--json", "--metrics", $"{Folder}/a.prom"]);
        Assert.Equal((2, ""), (run.Exit, run.Out));
        Assert.Contains("--json and --metrics exclude each other", run.Error, StringComparison.Ordinal);
    }

    string Here(string text) => text.Replace("DIR", Folder, StringComparison.Ordinal);
}
