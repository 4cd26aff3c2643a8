using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

// Files by path and by descriptor. Names from the kernel are NUL-terminated bytes, names of ours are strings.
static partial class Libc
{
    internal const int AT_FDCWD = -100, O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0x40, O_EXCL = 0x80,
        O_NOCTTY = 0x100, O_TRUNC = 0x200, O_APPEND = 0x400, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;

    internal static int O_DIRECTORY => Abi.Here.OpenDirectory;
    internal static int O_NOFOLLOW => Abi.Here.OpenNoFollow;

    internal const int F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, FD_CLOEXEC = 1, LOCK_EX = 2, LOCK_NB = 4,
        LOCK_UN = 8;

    [LibraryImport(Library, EntryPoint = "openat", SetLastError = true, StringMarshallingCustomType = typeof(CText))]
    internal static partial int OpenAt(int directory, string path, int flags, uint mode);

    [LibraryImport(Library, EntryPoint = "openat", SetLastError = true)]
    internal static partial int OpenAt(int directory, ref readonly byte path, int flags, uint mode);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)] internal static partial int Close(int fd);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(int fd, ref byte buffer, nint count);

    internal const int SEEK_END = 2;

    [LibraryImport(Library, EntryPoint = "lseek", SetLastError = true)]
    internal static partial long LSeek(int fd, long offset, int origin);

    [LibraryImport(Library, EntryPoint = "pread", SetLastError = true)]
    internal static partial nint PRead(int fd, ref byte buffer, nint count, long offset);

    [LibraryImport(Library, EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint PWrite(int fd, ref readonly byte buffer, nint count, long offset);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(int fd, ref readonly byte buffer, nint count);

    internal const int POSIX_FADV_WILLNEED = 3;

    /// <returns>The errno.</returns>
    [LibraryImport(Library, EntryPoint = "posix_fadvise")]
    internal static partial int PosixFAdvise(int fd, long offset, long length, int advice);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int FCntl(int fd, int command, nint argument);

    [LibraryImport(Library, EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int FTruncate(int fd, long length);

    [LibraryImport(Library, EntryPoint = "flock", SetLastError = true)]
    internal static partial int FLock(int fd, int operation);

    [LibraryImport(Library, EntryPoint = "mkdir", SetLastError = true, StringMarshallingCustomType = typeof(CText))]
    internal static partial int MkDir(string path, uint mode);

    [LibraryImport(Library, EntryPoint = "chmod", SetLastError = true, StringMarshallingCustomType = typeof(CText))]
    internal static partial int ChMod(string path, uint mode);

    [LibraryImport(Library, EntryPoint = "unlink", SetLastError = true, StringMarshallingCustomType = typeof(CText))]
    internal static partial int Unlink(string path);

    [LibraryImport(Library, EntryPoint = "renameat", SetLastError = true, StringMarshallingCustomType = typeof(CText))]
    internal static partial int RenameAt(int fromDirectory, string from, int toDirectory, string to);

    [LibraryImport(Library, EntryPoint = "getdents64", SetLastError = true)]
    internal static partial nint GetDents64(int fd, ref byte buffer, nint count);

    internal const int PATH_MAX = 4096; // longest path, with its NUL

    /// <param name="real"><see cref="PATH_MAX"/> bytes.</param>
    [LibraryImport(Library, EntryPoint = "realpath", SetLastError = true, StringMarshallingCustomType = typeof(CText))]
    internal static partial nint RealPath(string path, ref byte real);

    [LibraryImport(Library, EntryPoint = "readlinkat", SetLastError = true)]
    internal static partial nint ReadLinkAt(int directory, ref readonly byte path, ref byte buffer, nint count);

    [LibraryImport(Library, EntryPoint = "readlinkat", SetLastError = true,
        StringMarshallingCustomType = typeof(CText))]
    internal static partial nint ReadLinkAt(int directory, string path, ref byte buffer, nint count);

    internal const int AT_SYMLINK_NOFOLLOW = 0x100, AT_EMPTY_PATH = 0x1000;
    internal const uint STATX_BASIC_STATS = 0x7ff;
    internal const int S_IFMT = 0xf000, S_IFREG = 0x8000, S_IFDIR = 0x4000, S_IFCHR = 0x2000, S_IFIFO = 0x1000,
        S_IFSOCK = 0xc000;
    internal const long SYSFS_MAGIC = 0x62656572; // f_type of sysfs (include/uapi/linux/magic.h: SYSFS_MAGIC)

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct StatX
    {
        [FieldOffset(20)] internal uint Uid;
        [FieldOffset(28)] internal ushort Mode;
        [FieldOffset(32)] internal ulong Inode;
        [FieldOffset(40)] internal ulong Size;
        [FieldOffset(96)] internal long ChangedSeconds;
        [FieldOffset(104)] internal uint ChangedNanoseconds;
        [FieldOffset(112)] internal long ModifiedSeconds;
        [FieldOffset(120)] internal uint ModifiedNanoseconds;
        [FieldOffset(128)] internal uint RawDeviceMajor; // of the device that a special file stands for
        [FieldOffset(132)] internal uint RawDeviceMinor;
        [FieldOffset(136)] internal uint DeviceMajor;
        [FieldOffset(140)] internal uint DeviceMinor;
    }

    /// <summary>struct statfs of the 64-bit architectures: 15 words, of which only the first is used.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 120)]
    internal struct StatFs
    {
        [FieldOffset(0)] internal long Type;
    }

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true, StringMarshallingCustomType = typeof(CText))]
    internal static partial int StatXAt(int directory, string path, int flags, uint mask, out StatX result);

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true)]
    internal static partial int StatXAt(int directory, ref readonly byte path, int flags, uint mask, out StatX result);

    [LibraryImport(Library, EntryPoint = "fstatfs", SetLastError = true)]
    internal static partial int FStatFs(int fd, out StatFs result);
}
