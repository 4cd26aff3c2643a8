using Drover.Kernel;

namespace Drover.Linux.Tests;

public class AutoloadTests
{
    [Theory]
    [InlineData("fs-ext4", "file system")]
    [InlineData("net-pf-16-proto-10", "socket protocol")]
    [InlineData("char-major-10-232", "character device")]
    [InlineData("block-major-7-0", "block device")]
    [InlineData("crypto-xts(aes)-all", "crypto algorithm")]
    [InlineData("binfmt-464c", "program format")]
    [InlineData("netdev-eth0", "network interface")]
    [InlineData("rtnl-link-wireguard", "network link type")]
    [InlineData("xt_conntrack", "packet filter")]
    [InlineData("tty-ldisc-3", "line discipline")]
    [InlineData("spi:spidev", "device")]
    [InlineData("loop", "module by name")]
    public void Kind_follows_from_the_name(string name, string kind) => Assert.Equal(kind, Autoload.KindOf(name));
}
