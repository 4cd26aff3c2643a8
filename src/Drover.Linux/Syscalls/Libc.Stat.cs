using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

// statx: the one stat whose structure is the same on every architecture (include/uapi/linux/stat.h).
internal static partial class Libc
{
    internal const int AT_SYMLINK_NOFOLLOW = 0x100;
    internal const int AT_EMPTY_PATH = 0x1000;
    internal const uint STATX_BASIC_STATS = 0x7ff;

    internal const int S_IFMT = 0xf000;
    internal const int S_IFREG = 0x8000;
    internal const int S_IFDIR = 0x4000;
    internal const int S_IFSOCK = 0xc000;

    /// <summary>f_type of sysfs (include/uapi/linux/magic.h: SYSFS_MAGIC).</summary>
    internal const long SYSFS_MAGIC = 0x62656572;

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
        [FieldOffset(136)] internal uint DeviceMajor;
        [FieldOffset(140)] internal uint DeviceMinor;
    }

    /// <summary>struct statfs of the 64-bit architectures: 15 words, of which only the first is wanted.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 120)]
    internal struct StatFs
    {
        [FieldOffset(0)] internal long Type;
    }

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int StatXAt(int directory, string path, int flags, uint mask, out StatX result);

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true)]
    internal static partial int StatXAt(int directory, ref readonly byte path, int flags, uint mask, out StatX result);

    [LibraryImport(Library, EntryPoint = "fstatfs", SetLastError = true)]
    internal static partial int FStatFs(int fd, out StatFs result);
}
