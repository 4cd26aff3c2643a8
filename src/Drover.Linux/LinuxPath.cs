using System.Text;
using Drover.Linux.Syscalls;

namespace Drover.Linux;

/// <summary>What paths lead to, as stat(2) tells it. Stateless; safe for any thread.</summary>
public static class LinuxPath
{
    /// <summary>Whether a file of bytes is there (through links): no directory, pipe or device, which would not end when read.</summary>
    public static bool IsRegularFile(string path) => TryStat(path, out var file) && (file.Mode & Libc.S_IFMT) == Libc.S_IFREG;

    /// <summary>The path from the root on, without a look at what it leads to (kmod: <c>path_make_absolute_cwd</c>).</summary>
    public static string Absolute(string path) => path.StartsWith('/') ? path : $"{WorkingDirectory()}/{path}";

    /// <summary>Where the path leads, all links of it followed, the last and those before it (realpath(3)); null where it leads nowhere.</summary>
    public static string? Real(string path)
    {
        Span<byte> real = stackalloc byte[Libc.PATH_MAX];
        return Libc.RealPath(path, ref real[0]) == 0 ? null : Encoding.UTF8.GetString(real[..real.IndexOf((byte)0)]);
    }

    /// <summary>The inode it leads to, or null.</summary>
    internal static ulong? InodeOf(string path) => TryStat(path, out var file) ? file.Inode : null;

    /// <summary>By the name by which the shell came here, if <c>$PWD</c> tells the truth (glibc: <c>get_current_dir_name</c>).</summary>
    static string WorkingDirectory() =>
        Environment.GetEnvironmentVariable("PWD") is { Length: > 0 } told && told[0] == '/' && TryStat(told, out var there) && TryStat(".", out var here) &&
        (there.Inode, there.DeviceMajor, there.DeviceMinor) == (here.Inode, here.DeviceMajor, here.DeviceMinor)
            ? told
            : Environment.CurrentDirectory;

    static bool TryStat(string path, out Libc.StatX result) => Libc.StatXAt(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, out result) == 0;
}
