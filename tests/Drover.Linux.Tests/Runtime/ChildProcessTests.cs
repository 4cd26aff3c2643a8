using Drover.Kernel;
using Drover.Linux.Runtime;

namespace Drover.Linux.Tests.Runtime;

public class ChildProcessTests
{
    static readonly Dictionary<string, string> s_none = [];

    [Theory]
    [InlineData("exit 3", 3)]
    [InlineData("kill -9 $$", 137)]
    [InlineData("kill -PIPE $$", 141)] // which .NET ignores
    [InlineData("test \"$1\" = 'two words'", 0)]
    [InlineData("test \"$DROVER_TEST\" = x=y && test -n \"$PATH\"", 0)]
    public void Run_returns_the_exit_status_of_the_program(string script, int expected)
    {
        var variables = new Dictionary<string, string> { ["DROVER_TEST"] = "x=y" };
        Assert.Equal(Errno.None, ChildProcess.Run(["sh", "-c", script, "sh", "two words"], variables, out var status));
        Assert.Equal(expected, status);
    }

    [Fact]
    public void Run_reports_a_missing_program() =>
        Assert.Equal(Errno.ENOENT, ChildProcess.Run(["/does/not/exist"], s_none, out _));
}
