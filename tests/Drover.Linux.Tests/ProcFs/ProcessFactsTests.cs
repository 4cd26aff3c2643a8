using Drover.Kernel;
using Drover.Linux.ProcFs;

namespace Drover.Linux.Tests.ProcFs;

public class ProcessFactsTests
{
    [Theory]
    [InlineData("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0", "kthreadd", 0, 2129984u)]
    [InlineData("7 (a) b (c) R 3 1 1 0 -1 4194560 9", "a) b (c", 3, 4194560u)]
    public void Name_parent_and_flags_are_read(string stat, string comm, int parent, uint flags)
    {
        Assert.True(ProcessFacts.TryParse(stat, out var foundComm, out var foundParent, out var foundFlags));
        Assert.Equal((comm, parent, flags), (foundComm, foundParent, foundFlags));
    }

    [Theory]
    [InlineData("")]
    [InlineData("7 (a")]
    [InlineData(") 7 (")]
    [InlineData("7 (a) R 3 1")]
    [InlineData("7 (a) R x 1 1 0 -1 4194560")]
    public void Other_text_is_refused(string stat) => Assert.False(ProcessFacts.TryParse(stat, out _, out _, out _));

    [Theory]
    [InlineData("Name:\tx\nUid:\t1000\t1001\t1002\t1003\nGid:\t1\t2\t3\t4", 1001u)]
    [InlineData("Name:\tx\nUid:\t1000", null)]
    [InlineData("Name:\tx", null)]
    [InlineData(null, null)]
    public void User_is_the_effective_one(string? status, uint? user) =>
        Assert.Equal(user, ProcessFacts.UserOf(status));

    [Fact]
    public void This_process_is_no_program_of_the_kernel()
    {
        var process = ProcessFacts.Of(Environment.ProcessId, 0)!;
        Assert.Equal(File.ReadAllText("/proc/self/comm").TrimEnd('\n'), process.Comm);
        Assert.False(process.IsKernel);
        Assert.Null(ProcessFacts.Of(int.MaxValue, 0));
    }

    [Theory]
    [InlineData("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0", true)]
    [InlineData("57 (kworker/u8:3-events_unbound) I 2 0 0 0 -1 69238880 0 0", true)]
    [InlineData("900 (a) S 0 0 0 0 -1 2129984 (x) S 1 900 900 0 -1 4194560 99 0", false)]
    [InlineData("1 (systemd) S 0 1 1 0 -1 4194560 99 0", false)]
    [InlineData("1 (systemd) S 0 1 1 0 -1", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Kernel_threads_are_recognized_by_their_flags(string? stat, bool isOne) =>
        Assert.Equal(isOne, ProcessFacts.IsKernelThread(stat));

    [Theory]
    [InlineData("/system.slice/backup.service", "backup.service")]
    [InlineData("/user.slice/user-1000.slice/session-3.scope", "session-3.scope")]
    [InlineData("/user.slice/user-1000.slice/user@1000.service/app.slice/x.service", "x.service")]
    [InlineData("/user.slice/user-1000.slice/user@1000.service/app.slice", "user@1000.service")]
    [InlineData("/system.slice/docker-0f.scope/init", "docker-0f.scope")]
    [InlineData("/docker/0f", "/docker/0f")]
    [InlineData("/", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Unit_is_the_last_part_of_the_control_group_that_is_one(string? cgroup, string? unit) =>
        Assert.Equal(unit, RequestingProcess.UnitOf(cgroup));
}
