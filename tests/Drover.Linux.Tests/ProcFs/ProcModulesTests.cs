using CsCheck;
using Drover.Kernel;
using Drover.Linux.ProcFs;

namespace Drover.Linux.Tests.ProcFs;

public sealed class ProcModulesTests
{
    [Fact]
    public void Parse_reads_the_lines_of_the_kernel()
    {
        var modules = ProcModules.Parse(
            """
            zfs 4001792 7 - Live 0xffffffffc1a2b000 (POE)
            ext4 905216 1 - Loading 0xffffffffc0a00000
            jbd2 167936 2 ext4,ocfs2, Live 0x0000000000000000
            ipv6 647168 -1 [permanent], Unloading 0xffffffffc0b00000
            nf_nat 61440 3 xt_nat,[permanent], Live 0xffffffffc0c00000
            small 16384 - - Live 0xc0000000

            """);
        Assert.Equal(["zfs", "ext4", "jbd2", "ipv6", "nf_nat", "small"], modules.Select(m => m.Name));
        Assert.Equal([4001792, 905216, 167936, 647168, 61440, 16384], modules.Select(m => m.Bytes));
        Assert.Equal([7, 1, 2, -1, 3, null], modules.Select(m => m.References));
        Assert.Equal(["", "", "ext4,ocfs2", "", "xt_nat", ""], modules.Select(m => string.Join(',', m.Users)));
        Assert.Equal([false, false, false, true, true, false], modules.Select(m => m.Permanent));
        Assert.Equal(
            [InitState.Live, InitState.Coming, InitState.Live, InitState.Going, InitState.Live, InitState.Live],
            modules.Select(m => m.State));
        Assert.Equal([0xffffffffc1a2b000, 0xffffffffc0a00000, 0, 0xffffffffc0b00000, 0xffffffffc0c00000, 0xc0000000],
            modules.Select(m => m.Address));
        Assert.Equal(["POE", "", "", "", "", ""], modules.Select(m => m.Taints));
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("ext4 1 1 - Live")]
    [InlineData("ext4 x 1 - Live 0x0")]
    [InlineData("ext4 1 x - Live 0x0")]
    [InlineData("ext4 1 1 - Lively 0x0")]
    [InlineData("ext4 1 1 - Live 0")]
    [InlineData("ext4 1 1 - Live 0xg")]
    [InlineData(" 1 1 - Live 0x0")]
    [InlineData("ext4 1 1 - Live 0x0 (O) more")]
    public void Parse_skips_malformed_lines(string line) =>
        Assert.Equal(["good"], ProcModules.Parse($"{line}\ngood 1 0 - Live 0x0\n").Select(m => m.Name));

    [Fact]
    public void Parse_ignores_noise() =>
        Gen.String.Sample(text => Assert.DoesNotContain(ProcModules.Parse(text), m => m.Name.Length == 0));

    [Fact]
    public void Read_agrees_with_cat_on_this_machine()
    {
        var modules = ProcModules.Read();
        Assert.Equal(File.Exists("/proc/modules"), modules is not null);
        if (modules is not null)
        {
            Assert.Equal(TestProcess.Run("cut", "-d ", "-f1", "/proc/modules")
                .Split('\n', StringSplitOptions.RemoveEmptyEntries), modules.Select(m => m.Name));
        }
    }
}
