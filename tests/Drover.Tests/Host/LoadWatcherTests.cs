using Drover.CommandLine;
using Drover.Host;
using Drover.Kernel;

namespace Drover.Tests.Host;

public class LoadWatcherTests
{
    static readonly LoadCall Call = new("loop", "/lib/modules/6.1/loop.ko", LoadVia.FinitModule, "");
    static readonly ModuleFileFacts File = new(default, default, 65_536, 131_072, ModuleCompression.None);

    [Fact]
    public void Progress_is_off_without_a_terminal() =>
        Assert.Equal("", Watch(isWatched: false, isVerbose: false));

    [Fact]
    public void Progress_line_is_overwritten_and_erased_on_a_terminal()
    {
        // the second text follows the first too soon to be shown
        Assert.Equal("\r\e[K2 devices, 0 loaded, 1 in the kernel\r\e[K", Watch(isWatched: true, isVerbose: false));
    }

    [Fact]
    public void Verbose_prints_one_line_per_call() =>
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
        var watcher = new LoadWatcher(
            new Terminal(TextWriter.Null, error, isWatched), isVerbose)
        { Progress = () => "2 devices, " };
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
