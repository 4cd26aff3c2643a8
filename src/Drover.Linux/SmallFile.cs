using System.Text;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux;

/// <summary>Files of sysfs and procfs that fit a page: read in one go, without the buffers and checks of a stream. Safe for any thread.</summary>
internal static class SmallFile
{
    /// <summary>What sysfs gives at most in one attribute (kernel: sysfs_emit, PAGE_SIZE where pages are smallest).</summary>
    const int MaxBytes = 4096;

    /// <summary>The text without its last newline, as Latin-1; or null and why not.</summary>
    internal static string? TryRead(string path, out Errno error)
    {
        var fd = Open(path, out error);
        if (fd < 0)
        {
            return null;
        }

        Span<byte> buffer = stackalloc byte[MaxBytes];
        var length = Libc.PRead(fd, ref buffer[0], buffer.Length, 0);
        error = length < 0 ? Libc.LastError : Errno.None;
        _ = Libc.Close(fd);
        return length < 0 ? null : Encoding.Latin1.GetString(buffer[..(int)length]).TrimEnd('\n');
    }

    internal static string? TryRead(string path) => TryRead(path, out _);

    /// <summary>A descriptor to read from, or −1.</summary>
    internal static int Open(string path, out Errno error)
    {
        int fd;
        do
        {
            fd = Libc.OpenAt(Libc.AT_FDCWD, path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
            error = fd < 0 ? Libc.LastError : Errno.None;
        }
        while (error is Errno.EINTR);
        return fd;
    }
}
