using System.Buffers.Binary;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux.Sysfs;

/// <summary>
/// Reads one directory after another through the same buffer, an entry at a time, with the type the directory itself tells: no stat, no string.
/// Three system calls a directory of sysfs: open, getdents64, close. Not thread-safe.
/// </summary>
/// <param name="sysfs">Everything read is sysfs, whose directories fill the buffer as far as it goes (kernel: kernfs_fop_readdir); elsewhere only an empty answer is the end.</param>
sealed class DirectoryReader(bool sysfs) : IDisposable
{
    /// <summary>Holds some 800 entries of sysfs: one call for all but the largest directories.</summary>
    const int BufferBytes = 32 << 10;

    /// <summary>struct linux_dirent64: u64 inode, s64 offset, u16 length of the record, u8 type, then the name and its NUL.</summary>
    const int LengthAt = 16, TypeAt = 18, NameAt = 19;

    /// <summary>The longest record: NAME_MAX and its NUL, aligned to 8.</summary>
    const int MaxEntryBytes = (NameAt + 256 + 7) & ~7;

    readonly byte[] _buffer = new byte[BufferBytes];
    int _entry;
    int _next;
    int _filled;
    bool _more;

    internal int Fd { get; private set; } = -1;

    internal EntryType Type => (EntryType)_buffer[_entry + TypeAt];

    /// <summary>The entry's name without its NUL, which stands behind it. Valid until <see cref="MoveNext"/>.</summary>
    internal ReadOnlySpan<byte> Name
    {
        get
        {
            var name = _buffer.AsSpan((_entry + NameAt).._next);
            return name[..name.IndexOf((byte)0)];
        }
    }

    /// <summary>Opens a directory (never through a link as its last part), closing the one before.</summary>
    /// <param name="path">NUL-terminated, relative to <paramref name="parent"/>.</param>
    internal Errno Open(int parent, ReadOnlySpan<byte> path)
    {
        Close();
        return Begin(Libc.OpenAt(parent, in path[0], Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0));
    }

    /// <summary>Opens a directory, or what a link to it leads to, closing the one before.</summary>
    internal Errno OpenFollowing(string path)
    {
        Close();
        return Begin(Libc.OpenAt(Libc.AT_FDCWD, path, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0));
    }

    Errno Begin(int fd)
    {
        Fd = fd;
        (_next, _filled, _more) = (0, 0, true);
        return fd < 0 ? Libc.LastError : Errno.None;
    }

    /// <summary>Goes to the next entry, over <c>.</c> and <c>..</c>. A directory that cannot be read on ends there.</summary>
    internal bool MoveNext()
    {
        do
        {
            if (_next == _filled && !Fill())
            {
                return false;
            }

            // the kernel's own bytes: its record lengths stay within what it returned
            _entry = _next;
            _next += BinaryPrimitives.ReadUInt16LittleEndian(_buffer.AsSpan(_entry + LengthAt));
        }
        while (Name is [(byte)'.'] or [(byte)'.', (byte)'.']);
        return true;
    }

    internal void Close()
    {
        if (Fd >= 0)
        {
            _ = Libc.Close(Fd);
            Fd = -1;
        }
    }

    public void Dispose() => Close();

    bool Fill()
    {
        if (!_more)
        {
            return false;
        }

        var length = Libc.GetDents64(Fd, ref _buffer[0], BufferBytes);
        (_next, _filled) = (0, (int)Math.Max(length, 0));
        _more = length > 0 && !(sysfs && BufferBytes - length >= MaxEntryBytes);
        return length > 0;
    }
}

/// <summary>d_type (include/linux/fs_types.h); some file systems leave it unknown.</summary>
enum EntryType : byte
{
    Unknown = 0,
    Directory = 4,
    Regular = 8,
    Link = 10,
}
