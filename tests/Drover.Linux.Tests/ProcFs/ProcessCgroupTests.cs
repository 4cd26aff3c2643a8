using Drover.Linux.ProcFs;

namespace Drover.Linux.Tests.ProcFs;

public class ProcessCgroupTests
{
    [Theory]
    [InlineData("0::/system.slice/cron.service\n", "/system.slice/cron.service")]
    [InlineData("12:memory:/a\n1:name=systemd:/b\n0::/c", "/c")]
    [InlineData("12:memory:/a\n1:name=systemd:/b", "/b")]
    [InlineData("12:memory:/a\n10::/x", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void The_unified_hierarchy_comes_first(string? text, string? path) =>
        Assert.Equal(path, ProcessCgroup.PathIn(text));

    [Fact]
    public void A_process_that_does_not_exist_has_none() => Assert.Null(ProcessCgroup.Of(int.MaxValue));
}
