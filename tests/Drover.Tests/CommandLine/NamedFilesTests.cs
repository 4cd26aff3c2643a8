namespace Drover.Tests.CommandLine;

/// <summary>No output takes the place of what the same command reads or writes.</summary>
public sealed class NamedFilesTests : IDisposable
{
    const string Text = "{ what would be lost }";

    readonly string _directory = Directory.CreateTempSubdirectory("drover-named-").FullName;

    public NamedFilesTests()
    {
        File.WriteAllText($"{_directory}/k", Text);
        File.CreateSymbolicLink($"{_directory}/link", "k");
        Directory.CreateSymbolicLink($"{_directory}/folder", ".");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("report k --html k")]
    [InlineData("report x k --html link")]
    [InlineData("boot --recording k --html k")]
    [InlineData("boot --recording k --trace folder/k")]
    [InlineData("boot --systemd k --html k")]
    [InlineData("audit --boot k --metrics k")]
    [InlineData("audit --tar k --metrics k")]
    [InlineData("audit --scenario k --metrics k")]
    [InlineData("herd --scenario k --html k")]
    [InlineData("scenario --from k -o k")]
    [InlineData("scenario --from debian13 --timings k -o k")]
    [InlineData("policy learn x k -o k")]
    public void Output_does_not_overwrite_what_is_read(string command)
    {
        var run = Run(command);
        Assert.Equal(Text, File.ReadAllText($"{_directory}/k"));
        Assert.Equal((2, ""), (run.Exit, run.Out));
        Assert.Contains(
            $" would overwrite {_directory}/k, which is read. Try 'drover ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("boot --html new --trace new")]
    [InlineData("boot --html new --trace folder/new")]
    [InlineData("boot --html k --trace link")]
    public void Two_outputs_do_not_overwrite_one_another(string command)
    {
        var run = Run(command);
        Assert.Equal(2, run.Exit);
        Assert.StartsWith("drover: boot: --html and --trace both write ", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists($"{_directory}/new"));
        Assert.Equal(Text, File.ReadAllText($"{_directory}/k"));
    }

    [Fact]
    public void Standard_input_may_be_the_file()
    {
        var run = NativeShell.Run("drover report - --html k <k", _directory);
        Assert.Equal((2, "", Text), (run.Exit, run.Output, File.ReadAllText($"{_directory}/k")));
    }

    [Theory]
    [InlineData("herd --cpus 2 --gate none --herd drover --scenario debian13 --html -")]
    [InlineData("report /dev/null --html /dev/null")]
    public void Name_of_a_built_in_scenario_and_a_device_are_no_files_to_lose(string command) =>
        Assert.DoesNotContain("would overwrite", Run(command).Error, StringComparison.Ordinal);

    CommandLineRun Run(string command) => CommandLineRun.Run([.. command.Split(' ').Select(word =>
        word is "k" or "link" or "folder/k" or "new" or "folder/new" ? $"{_directory}/{word}"
        : word is "x" ? "/dev/null" : word)]);
}
