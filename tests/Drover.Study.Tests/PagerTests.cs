using Drover.CommandLine;
using Drover.Text;

namespace Drover.Study.Tests;

public sealed class PagerTests : IDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("drover-pager-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Pager_gets_the_bytes_of_the_text()
    {
        Assert.Equal("", Run("cat >shown", "a\n", "b\udcff\n"));
        Assert.Equal([(byte)'a', (byte)'\n', (byte)'b', 0xff, (byte)'\n'], File.ReadAllBytes($"{_directory}/shown"));
    }

    /// <summary>More than a pipe holds.</summary>
    static readonly string s_long = new('x', 4 << 20);

    [Theory]
    [InlineData("head -c 2 >shown")]
    [InlineData("head -c 2 >shown; exit 3")]
    [InlineData("head -c 200000 >whole; head -c 2 whole >shown; exit 127")]
    public void Reader_who_quits_does_not_stop_the_command(string command)
    {
        Assert.Equal("", Run(command, "ab", s_long, "the end"));
        Assert.Equal("ab", File.ReadAllText($"{_directory}/shown"));
    }

    [Fact]
    public void Text_goes_to_the_terminal_where_no_pager_can_be_started()
    {
        Assert.Equal("a\nb\udcff\n", Run("nothing-of-this-name", "a\n", "b\udcff\n"));
        Assert.Equal("a\n", Run("/etc/passwd", "a\n"));
        Assert.Equal($"a\n{s_long}b\n", Run("nothing-of-this-name", "a\n", s_long, "b\n"));
    }

    /// <summary>What is on the terminal in the end.</summary>
    string Run(string command, params string[] texts)
    {
        var output = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(output, TextWriter.Null, isWatched: false);
        using (var pager = Pager.Start($"exec 2>/dev/null; cd {_directory}; {command}", terminal)!)
        {
            using var writer = new ByteWriter(pager, bufferBytes: 0);
            foreach (var part in texts.SelectMany(text => text.Chunk(4096)))
                writer.Write(part);
        }
        return output.ToString();
    }
}
