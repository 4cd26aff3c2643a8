using System.Text;
using Drover.Linux.Sysfs;

namespace Drover.Linux.Tests.Sysfs;

public sealed class SysPathTests
{
    [Theory]
    [InlineData("bus/pci/devices", "../../../devices/pci0000:00/0000:00:01.0", "devices/pci0000:00/0000:00:01.0")]
    [InlineData("class/net", "../../devices/virtual/net/lo", "devices/virtual/net/lo")]
    [InlineData("class/net", "eth0", "class/net/eth0")]
    [InlineData("class/net", "./../net//x/", "class/net/x")]
    [InlineData("class/net", "../..", "")]
    [InlineData("class/net", "../../../etc", "")]
    [InlineData("class/net", "../../../etc/../class", "")]
    [InlineData("class/net", "/sys/devices/x", "")]
    public void Resolve_uses_the_text_of_a_link_and_stays_below_the_root(string directory, string target,
        string expected) =>
        Assert.Equal(expected, Resolve(directory, target, 64));

    [Theory]
    [InlineData(5, "")]
    [InlineData(6, "a/bbbb")]
    public void Resolve_fails_when_the_buffer_is_too_small(int room, string expected) =>
        Assert.Equal(expected, Resolve("a", "bbbb", room));

    [Fact]
    public void Join_appends_a_NUL_or_fails()
    {
        Assert.Equal("ab/c\0"u8.ToArray(), SysPath.Join(new byte[5], "ab"u8, "c"u8).ToArray());
        Assert.Empty(SysPath.Join(new byte[4], "ab"u8, "c"u8).ToArray());
    }

    static string Resolve(string directory, string target, int room)
    {
        var result = new byte[room];
        return Encoding.ASCII.GetString(result, 0,
            SysPath.Resolve(Encoding.ASCII.GetBytes(directory), Encoding.ASCII.GetBytes(target), result));
    }
}
