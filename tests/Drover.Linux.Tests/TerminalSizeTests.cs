using System.Runtime.InteropServices;

namespace Drover.Linux.Tests;

public sealed partial class TerminalSizeTests
{
    const nuint TIOCSWINSZ = 0x5414;

    [Fact]
    public void A_terminal_says_how_large_it_is_and_one_that_does_not_is_a_VT100()
    {
        using var terminal = File.OpenHandle("/dev/ptmx", FileMode.Open, FileAccess.ReadWrite);
        var descriptor = (int)terminal.DangerousGetHandle();
        Assert.Equal(new TerminalSize(24, 80), TerminalSize.Of(descriptor));

        ushort[] size = [50, 132, 0, 0];
        Assert.Equal(0, IoCtl(descriptor, TIOCSWINSZ, in size[0]));
        Assert.Equal(new TerminalSize(50, 132), TerminalSize.Of(descriptor));
    }

    [Fact]
    public void A_file_is_no_terminal_and_neither_is_what_is_closed()
    {
        using var folder = new TestDirectory();
        using var file = File.OpenHandle(folder["file"], FileMode.Create, FileAccess.Write);
        Assert.Null(TerminalSize.Of((int)file.DangerousGetHandle()));
        Assert.Null(TerminalSize.Of(-1));
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int IoCtl(int fd, nuint request, in ushort size);
}
