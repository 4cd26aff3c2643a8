using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux.Sysfs;

/// <summary>Reads uevent files through one buffer: open, read, close. Not thread-safe.</summary>
/// <param name="sysfs">The files are the kernel's. Of any other tree only regular files are read, and nothing that would make us wait.</param>
sealed class UeventFile(bool sysfs)
{
    /// <summary>Eight times what the kernel has room for in one event (include/linux/kobject.h: UEVENT_BUFFER_SIZE, 2048); a larger file is none of its.</summary>
    internal const int MaxBytes = 16 << 10;

    readonly byte[] _buffer = new byte[MaxBytes + 1];
    int _length;

    /// <summary>What was read last. Valid until the next <see cref="Read"/>.</summary>
    internal ReadOnlySpan<byte> Text => _buffer.AsSpan(0, _length);

    /// <param name="path">NUL-terminated, relative to <paramref name="directory"/>.</param>
    internal Errno Read(int directory, ReadOnlySpan<byte> path)
    {
        _length = 0;
        var fd = Libc.OpenAt(directory, in path[0], Libc.O_RDONLY | Libc.O_NOFOLLOW | Libc.O_NONBLOCK | Libc.O_NOCTTY | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            return Libc.LastError;
        }

        var error = sysfs ? Errno.None : Judge(fd);
        if (error is Errno.None)
        {
            // One read has it all: an attribute of sysfs is made at once, and a regular file ends where a read ends short.
            var length = Libc.Read(fd, ref _buffer[0], _buffer.Length);
            error = length < 0 ? Libc.LastError : length > MaxBytes ? Errno.EFBIG : Errno.None;
            _length = error is Errno.None ? (int)length : 0;
        }

        _ = Libc.Close(fd);
        return error;
    }

    static Errno Judge(int fd) =>
        Libc.StatXAt(fd, "", Libc.AT_EMPTY_PATH, Libc.STATX_BASIC_STATS, out var stat) < 0 ? Libc.LastError :
        (stat.Mode & Libc.S_IFMT) == Libc.S_IFREG ? Errno.None : Errno.EINVAL;
}
