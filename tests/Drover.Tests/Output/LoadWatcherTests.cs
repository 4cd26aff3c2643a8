using Drover.Loading;
using Drover.Modules;
using Drover.Output;

namespace Drover.Tests.Output;

public class LoadWatcherTests
{
    static readonly LoadCall Call = new("loop", "/lib/modules/6.1/loop.ko", LoadVia.FinitModule, "");
    static readonly ModuleFileFacts File = new(default, default, 65_536, 131_072, ModuleCompression.None);

    [Fact]
    public void Where_nobody_watches_there_is_no_progress() => Assert.Equal("", Watch(isWatched: false, isVerbose: false));

    [Fact]
    public void On_a_terminal_a_line_is_written_over_and_taken_away()
    {
        // the second text comes too soon after the first to be seen
        Assert.Equal("\r\e[K2 devices, 0 loaded, 1 in the kernel\r\e[K", Watch(isWatched: true, isVerbose: false));
    }

    [Fact]
    public void Verbose_is_a_line_a_call() =>
        Assert.Equal(
            """
            loop: loaded, 64 KiB, 12.0 ms, /lib/modules/6.1/loop.ko
            loop: ENODEV, 64 KiB, 12.0 ms, /lib/modules/6.1/loop.ko
            loop: again in 5 ms

            """,
            Watch(isWatched: false, isVerbose: true));

    static string Watch(bool isWatched, bool isVerbose)
    {
        using var error = new StringWriter { NewLine = "\n" };
        var watcher = new LoadWatcher(new Terminal(TextWriter.Null, error, isWatched), isVerbose) { Progress = () => "2 devices, " };
        foreach (var answer in new[] { Errno.None, Errno.ENODEV })
        {
            watcher.Calling(Call, File);
            watcher.Called(Call, File, new LoadReply(answer), TimeSpan.FromMilliseconds(12));
        }
        watcher.Noted("loop: again in 5 ms");
        watcher.Done();
        return error.ToString();
    }
}
