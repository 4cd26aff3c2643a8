using Drover.Linux.Syscalls;

namespace Drover.Linux;

/// <summary>How much text a terminal shows at once.</summary>
/// <param name="Rows">At least 1.</param>
/// <param name="Columns">At least 1.</param>
public readonly record struct TerminalSize(int Rows, int Columns)
{
    /// <summary>What every terminal has had since the VT100, for one that does not say: a serial line says 0.</summary>
    public static readonly TerminalSize Least = new(24, 80);

    /// <summary>Of the terminal that a descriptor is (ioctl_tty(2), TIOCGWINSZ), as it is now; null where it is none.</summary>
    public static TerminalSize? Of(int descriptor) =>
        Libc.IoCtl(descriptor, Libc.TIOCGWINSZ, out var size) < 0 ? null
            : size is { Rows: > 0, Columns: > 0 } ? new(size.Rows, size.Columns)
            : Least;
}
