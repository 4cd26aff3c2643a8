using Drover.Lab.Cli;

namespace Drover.Lab.Tests;

public sealed class ArgumentReaderTests
{
    [Fact]
    public void Both_ways_of_writing_a_value_are_read()
    {
        var arguments = new ArgumentReader(["--cpus", "8,32", "--memory=2G", "--verbose"], "--verbose");

        Assert.Equal([8, 32], arguments.Numbers("--cpus", 1, 255));
        Assert.Equal("2G", arguments.Memory("--memory", "4G"));
        Assert.True(arguments.Flag("--verbose"));
        arguments.End();
    }

    [Theory]
    [InlineData("4G", "4G")]
    [InlineData("4G,512M,512M", "4G 512M 512M")]
    public void Memory_is_one_size_for_all_or_one_for_each(string text, string sizes) =>
        Assert.Equal(sizes.Split(' '), new ArgumentReader(["--memory", text]).Memories("--memory", "1G", 3));

    [Theory]
    [InlineData("--cpus 0", "--cpus 0: it is a number from 1 to 255")]
    [InlineData("--cpus", "--cpus needs a value")]
    [InlineData("--memory 4", "--memory 4: it is a number with M or G, like 4G")]
    [InlineData("--memory 4G,2G", "--memory takes one size, not 2")]
    [InlineData("--gate nonesuch", "--gate nonesuch: it is one of none, exclusive")]
    [InlineData("cpus", "unexpected argument cpus")]
    [InlineData("--colour red", "there is no option --colour here")]
    public void What_is_wrong_is_named(string line, string message)
    {
        var problem = Assert.Throws<LabException>(() =>
        {
            var arguments = new ArgumentReader(line.Split(' '));
            arguments.Number("--cpus", 1, 255, fallback: 1);
            arguments.Memory("--memory", "4G");
            arguments.Choice("--gate", ["none", "exclusive"], "none");
            arguments.End();
        });
        Assert.StartsWith(message, problem.Message);
        Assert.Equal(LabException.Usage, problem.ExitCode);
    }
}
