using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

// Terminals (include/uapi/asm-generic/ioctls.h, termios.h).
internal static partial class Libc
{
    internal const nuint TIOCGWINSZ = 0x5413;

    [StructLayout(LayoutKind.Sequential)]
    internal struct WinSize
    {
        internal ushort Rows, Columns, XPixels, YPixels;
    }

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int IoCtl(int fd, nuint request, out WinSize size);
}
