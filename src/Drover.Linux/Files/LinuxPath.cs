using System.Globalization;
using Drover.Linux.Runtime;
using Drover.Linux.Syscalls;
using Drover.Text;

namespace Drover.Linux.Files;

/// <summary>Questions about paths that stat(2), realpath(3) and mkdir(2) answer.</summary>
public static class LinuxPath
{
    const uint DirectoryMode = 0x1ed; // 0755

    /// <summary>The path from the root, without a look at the file (kmod: <c>path_make_absolute_cwd</c>).</summary>
    public static string Absolute(string path) => path.StartsWith('/') ? path : $"{WorkingDirectory()}/{path}";

    /// <summary>The path with all links resolved (realpath(3)); null if it leads nowhere.</summary>
    public static string? Real(string path)
    {
        Span<byte> real = stackalloc byte[Libc.PATH_MAX];
        return Libc.RealPath(path, ref real[0]) == 0 ? null : ByteText.Of(real[..real.IndexOf((byte)0)]);
    }

    /// <summary>Creates missing parents, mode 0755. Failures show when the path itself is created.</summary>
    internal static void MakeParents(string path)
    {
        for (var slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
            _ = Libc.MkDir(path[..slash], DirectoryMode);
    }

    /// <summary>A text that changes with the file the path leads to; null if it leads nowhere.</summary>
    public static string? VersionOf(string path) => TryStat(path, out var file)
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"{file.Inode} {file.Size} {file.ModifiedSeconds} {file.ModifiedNanoseconds}")
        : null;

    /// <summary>A text that two paths have in common if they lead to one regular file, also one that is yet to be
    /// created; null of a directory, a device or a pipe.</summary>
    public static string? IdentityOf(string path)
    {
        if (TryStat(path, out var file))
        {
            return (file.Mode & Libc.S_IFMT) == Libc.S_IFREG
                ? string.Create(
                    CultureInfo.InvariantCulture, $"{file.DeviceMajor}:{file.DeviceMinor}:{file.Inode}")
                : null;
        }
        var absolute = Absolute(path);
        var slash = absolute.LastIndexOf('/');
        return Real(absolute[..(slash + 1)]) is { } directory ? $"{directory}{absolute[slash..]}" : null;
    }

    /// <summary>The inode number of the file the path leads to, or null.</summary>
    internal static ulong? InodeOf(string path) => TryStat(path, out var file) ? file.Inode : null;

    /// <summary>$PWD if it is this directory (glibc: <c>get_current_dir_name</c>), else getcwd(3); <c>/</c> if it was
    /// deleted.</summary>
    static string WorkingDirectory() =>
        ProcessText.Variable("PWD") is ['/', ..] pwd && TryStat(pwd, out var named) &&
            TryStat(".", out var current) &&
        (named.Inode, named.DeviceMajor, named.DeviceMinor) == (current.Inode, current.DeviceMajor, current.DeviceMinor)
            ? pwd
            : Real(".") ?? "/";

    internal static bool TryStat(string path, out Libc.StatX result) =>
        Libc.StatXAt(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, out result) == 0;

    internal static bool TryStat(int fd, out Libc.StatX result) =>
        Libc.StatXAt(fd, in "\0"u8[0], Libc.AT_EMPTY_PATH, Libc.STATX_BASIC_STATS, out result) == 0;
}
