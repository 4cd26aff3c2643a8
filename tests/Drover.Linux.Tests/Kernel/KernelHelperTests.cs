using Drover.Linux.Kernel;

namespace Drover.Linux.Tests.Kernel;

public sealed class KernelHelperTests
{
    [Theory]
    [InlineData("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0", true)]
    [InlineData("57 (kworker/u8:3-events_unbound) I 2 0 0 0 -1 69238880 0 0", true)]
    [InlineData("900 (a) S 0 0 0 0 -1 2129984 (x) S 1 900 900 0 -1 4194560 99 0", false)]
    [InlineData("1 (systemd) S 0 1 1 0 -1 4194560 99 0", false)]
    [InlineData("1 (systemd) S 0 1 1 0 -1", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Kernel_threads_are_recognized_by_their_flags(string? stat, bool isOne) =>
        Assert.Equal(isOne, KernelHelper.IsKernelThread(stat));

    [Fact]
    public void IsThisProcess_is_false_for_a_process_started_by_a_user() => Assert.False(KernelHelper.IsThisProcess());
}
