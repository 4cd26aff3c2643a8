using Drover.CommandLine;
using Drover.Linux.Files;
using Drover.Study.Drawing;

namespace Drover.Study.Tests.Drawing;

public sealed class FittedTableTests
{
    [Fact]
    public void Table_in_a_pipe_is_plain_text_of_any_width()
    {
        var wide = new string('x', 300);
        Assert.Equal($"NAME  VALUE\na     [b]\nlong  {wide}\n", Write(null, wide));
    }

    [Fact]
    public void Table_on_a_terminal_wraps_and_has_bold_headings_unless_NO_COLOR_is_set()
    {
        var lines = Write(new TerminalSize(24, 20), "some words in a long cell").Split('\n');
        var isPlain = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 }
            || Environment.GetEnvironmentVariable("TERM") is null or "dumb";
        Assert.Equal(isPlain, lines[0] == "NAME  VALUE");
        Assert.Equal(!isPlain, lines[0].StartsWith("\e[1mNAME\e[0m  ", StringComparison.Ordinal));
        Assert.Equal(["a     [b]", "long  some words in", "      a long cell", ""], lines[1..]);
    }

    [Fact]
    public void ListOf_names_the_first_and_counts_the_rest()
    {
        Assert.Equal("a, b?", FittedTable.ListOf(["a", "b\e"]));
        Assert.Equal("a, b, c, d and 2 more", FittedTable.ListOf(["a", "b", "c", "d", "e", "f"]));
    }

    static string Write(TerminalSize? screen, string cell)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        var table = new FittedTable("NAME", "VALUE");
        table.Add("a", "[b]");
        table.Add("long", cell);
        table.WriteTo(new Terminal(writer, TextWriter.Null, isWatched: false, screen));
        return writer.ToString();
    }
}
