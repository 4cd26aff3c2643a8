using System.Buffers.Binary;
using Drover.Kernel;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Files;

/// <summary>Reads directories one after another through the same buffer, entry by entry, with the type that the
/// directory has: no stat, no string. A directory of sysfs takes three system calls: open, getdents64, close.
/// Not thread-safe.</summary>
/// <param name="sysfs">All are sysfs, which fills the buffer (kernel: kernfs_fop_readdir).</param>
sealed class DirectoryReader(bool sysfs) : IDisposable
{
    const int BufferBytes = 32 << 10; // some 800 entries of sysfs: one call for all but the largest directories

    /// <summary>struct linux_dirent64: u64 inode, s64 offset, u16 record length, u8 type, name and its NUL.</summary>
    const int LengthAt = 16, TypeAt = 18, NameAt = 19;

    const int MaxEntryBytes = (NameAt + 256 + 7) & ~7; // the longest record: NAME_MAX and its NUL, aligned to 8

    readonly byte[] _buffer = new byte[BufferBytes];
    int _entry, _next;
    int _filled;
    bool _more;

    internal int Fd { get; private set; } = -1;

    internal EntryType Type => (EntryType)_buffer[_entry + TypeAt];

    /// <summary>The name, with a NUL behind it that the span leaves out. Valid until <see cref="MoveNext"/>.</summary>
    internal ReadOnlySpan<byte> Name
    {
        get
        {
            var name = _buffer.AsSpan((_entry + NameAt).._next);
            return name[..name.IndexOf((byte)0)];
        }
    }

    /// <summary>Closes the current directory and opens another; the last part of its path may not be a link.</summary>
    /// <param name="path">NUL-terminated, relative to <paramref name="parent"/>.</param>
    internal Errno Open(int parent, ReadOnlySpan<byte> path)
    {
        Close();
        return Begin(
            Libc.OpenAt(parent, in path[0], Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0));
    }

    /// <summary>Closes the current directory and opens another, or the target of a link to one.</summary>
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

    /// <summary>Moves to the next entry but <c>.</c> and <c>..</c>. A read error ends the directory.</summary>
    internal bool MoveNext()
    {
        do
        {
            if (_next == _filled && !Fill())
                return false;
            // the kernel's record lengths stay within the bytes it returned
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
            return false;
        var length = Libc.GetDents64(Fd, ref _buffer[0], BufferBytes);
        (_next, _filled) = (0, (int)Math.Max(length, 0));
        _more = length > 0 && !(sysfs && BufferBytes - length >= MaxEntryBytes);
        return length > 0;
    }
}

/// <summary>d_type (include/linux/fs_types.h); unknown on some file systems.</summary>
enum EntryType : byte { Unknown = 0, Directory = 4, Regular = 8, Link = 10 }
