using Drover.Text;

namespace Drover.Tests.Text;

public sealed class PlainTableTests
{
    [Fact]
    public void Cells_and_headings_have_no_control_characters()
    {
        var table = new PlainTable("A\a", "B");
        table.Add("\e[2J", "b\u009bm\nnext");
        using var writer = new StringWriter { NewLine = "\n" };
        table.WriteTo(writer);
        Assert.Equal("A?    B\n?[2J  b?m?next\n", writer.ToString());
    }
}
