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
    public void Text_that_does_not_fit_the_terminal_ends_with_an_ellipsis()
    {
        var lines = Write(new TerminalSize(24, 20), "some words in a long cell", hasColors: false).Split('\n');
        Assert.Equal(["NAME  VALUE", "a     [b]", "long  some words in…", ""], lines);
        lines = Write(new TerminalSize(24, 20), "/devices/pci0000:00/usb1", hasColors: false).Split('\n');
        Assert.Equal("long  …i0000:00/usb1", lines[2]);
    }

    [Theory]
    [InlineData(80, "WHO      HOW MANY  WHAT IT IS CALLED      WHERE")]
    [InlineData(40, "WHO      HOW MANY  WHAT IT IS CA…  WHERE")]
    [InlineData(32, "WHO      WHAT IT I…  WHERE")]
    [InlineData(20, "WHO      WHAT IT I…")]
    [InlineData(5, "WHO      WHAT IT I…")]
    public void Columns_that_matter_least_are_left_out(int columns, string headings)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        var table = new FittedTable("WHO", "HOW MANY", "WHAT IT IS CALLED", "WHERE")
        {
            Optional = ["HOW MANY", "WHERE"],
        };
        table.Add("someone", "1,234", "a name of 21 letters.", "here");
        table.WriteTo(writer, columns);
        Assert.Equal(headings, writer.ToString().Split('\n')[0]);
    }

    [Fact]
    public void Headings_are_bold_and_errnos_red_with_colours()
    {
        var lines = Write(null, "3 EEXIST, 1 ok", hasColors: true).Split('\n');
        Assert.StartsWith("\e[1mNAME\e[0m  ", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"^long  3 \e\[[0-9;]*mEEXIST\e\[0m, 1 ok$", lines[2]);
        Assert.DoesNotContain('\e', Write(new TerminalSize(24, 80), "EEXIST", hasColors: false));
    }

    [Fact]
    public void ListOf_names_the_first_and_counts_the_rest()
    {
        Assert.Equal("a, b?", FittedTable.ListOf(["a", "b\e"]));
        Assert.Equal("a, b, c, d and 2 more", FittedTable.ListOf(["a", "b", "c", "d", "e", "f"]));
    }

    static string Write(TerminalSize? screen, string cell, bool? hasColors = null)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        var table = new FittedTable("NAME", "VALUE");
        table.Add("a", "[b]");
        table.Add("long", cell);
        table.WriteTo(new Terminal(writer, TextWriter.Null, isWatched: false, screen) { HasColors = hasColors });
        return writer.ToString();
    }
}
