using System.Runtime.InteropServices;
using Drover.Linux.Files;

namespace Drover.Linux.Tests.Files;

public sealed partial class TerminalSizeTests
{
    const nuint TIOCSWINSZ = 0x5414;

    [Fact]
    public void TerminalSize_is_that_of_the_terminal_or_of_a_VT100()
    {
        using var terminal = File.OpenHandle("/dev/ptmx", FileMode.Open, FileAccess.ReadWrite);
        var descriptor = (int)terminal.DangerousGetHandle();
        Assert.Equal(new TerminalSize(24, 80), TerminalSize.Of(descriptor));

        ushort[] size = [50, 132, 0, 0];
        Assert.Equal(0, IoCtl(descriptor, TIOCSWINSZ, in size[0]));
        Assert.Equal(new TerminalSize(50, 132), TerminalSize.Of(descriptor));
    }

    [Fact]
    public void TerminalSize_is_null_for_a_file_or_a_closed_descriptor()
    {
        using var folder = new TestDirectory();
        using var file = File.OpenHandle(folder["file"], FileMode.Create, FileAccess.Write);
        Assert.Null(TerminalSize.Of((int)file.DangerousGetHandle()));
        Assert.Null(TerminalSize.Of(-1));
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int IoCtl(int fd, nuint request, in ushort size);
}
