using System.Buffers.Text;
using System.Globalization;
using Drover.Kernel;
using Drover.Linux.Syscalls;
using Drover.Text;

namespace Drover.Linux.ProcFs;

/// <summary>Reads files of sysfs and procfs; those of less than a page, as most are, with one system call.</summary>
static class SmallFile
{
    const int PageBytes = 4096; // longest attribute of sysfs (kernel: sysfs_emit; PAGE_SIZE is at least this)

    /// <summary>The text without its last newline, null and the errno if it cannot be read.</summary>
    internal static string? TryRead(string path, out Errno error)
    {
        var fd = Open(path, out error);
        if (fd < 0)
            return null;
        Span<byte> buffer = stackalloc byte[PageBytes];
        var filled = 0;
        nint length;
        do
        {
            // procfs has longer texts: /proc/cmdline with a bootconfig
            if (filled == buffer.Length)
            {
                var longer = new byte[buffer.Length * 2];
                buffer.CopyTo(longer);
                buffer = longer;
            }
            length = Libc.PRead(fd, ref buffer[filled], buffer.Length - filled, filled);
            filled += (int)Math.Max(length, 0);
        }
        while (length > 0 && filled == buffer.Length);
        error = length < 0 ? Libc.LastError : Errno.None;
        _ = Libc.Close(fd);
        return length < 0 ? null : ByteText.Of(buffer[..filled]).TrimEnd('\n');
    }

    internal static string? TryRead(string path) => TryRead(path, out _);

    /// <summary>A decimal number, which may be negative; null if the file has none or cannot be read.</summary>
    internal static long? TryReadNumber(string path) =>
        long.TryParse(TryRead(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>A descriptor to read from, or −1.</summary>
    internal static int Open(string path, out Errno error, int flags = 0)
    {
        int fd;
        do
        {
            fd = Libc.OpenAt(Libc.AT_FDCWD, path, Libc.O_RDONLY | Libc.O_CLOEXEC | flags, 0);
            error = fd < 0 ? Libc.LastError : Errno.None;
        }
        while (error is Errno.EINTR);
        return fd;
    }
}

/// <summary>uevent_seqnum, kept open for each request. Safe for any thread but for <see cref="Dispose"/>.</summary>
/// <param name="path">The file; if it cannot be read, the number is 0.</param>
public sealed class UeventSeqnum(string path = "/sys/kernel/uevent_seqnum") : IDisposable
{
    int _fd = SmallFile.Open(path, out _);

    /// <summary>SEQNUM of the last uevent the kernel has sent, or 0 if the kernel does not report it.</summary>
    public ulong Read()
    {
        Span<byte> text = stackalloc byte[32];
        // a read at offset 0 makes the kernel print the current number (kernel: seq_read_iter)
        var length = _fd < 0 ? -1 : Libc.PRead(_fd, ref text[0], text.Length, 0);
        return length > 0 && Utf8Parser.TryParse(text[..(int)length], out ulong seqnum, out _) ? seqnum : 0;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _fd, -1) is >= 0 and var fd)
            _ = Libc.Close(fd);
    }
}
