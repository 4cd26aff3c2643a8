using System.Globalization;
using Drover.Linux.Syscalls;

namespace Drover.Linux;

/// <summary>
/// Who has a file open for writing: what ETXTBSY does not say. Looks through /proc/PID/fd, as root sees all of it; a moment's picture. Safe for any thread.
/// </summary>
static class FileWriters
{
    /// <summary>open(2) flags as /proc/PID/fdinfo shows them, in octal: O_WRONLY or O_RDWR in the lowest two bits.</summary>
    const int AccessMode = 3;

    /// <summary>"nvme.ko is open for writing by pid 812 (cp)", or null when nobody is found.</summary>
    internal static string? Describe(string path)
    {
        if (Libc.StatXAt(Libc.AT_FDCWD, path, flags: 0, Libc.STATX_BASIC_STATS, out var wanted) < 0)
        {
            return null;
        }

        try
        {
            foreach (var process in Directory.EnumerateDirectories("/proc"))
            {
                if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Writes(process, wanted))
                {
                    return $"{Path.GetFileName(path)} is open for writing by pid {pid} ({SmallFile.TryRead($"{process}/comm") ?? "?"})";
                }
            }
        }
        catch (IOException)
        {
            // no /proc to look through
        }

        return null;
    }

    static bool Writes(string process, in Libc.StatX wanted)
    {
        try
        {
            foreach (var fd in Directory.EnumerateFileSystemEntries($"{process}/fd"))
            {
                if (Libc.StatXAt(Libc.AT_FDCWD, fd, flags: 0, Libc.STATX_BASIC_STATS, out var open) == 0
                    && (open.Inode, open.DeviceMajor, open.DeviceMinor) == (wanted.Inode, wanted.DeviceMajor, wanted.DeviceMinor)
                    && IsForWriting($"{process}/fdinfo/{Path.GetFileName(fd)}"))
                {
                    return true;
                }
            }
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            // the process ended meanwhile, or is not ours to see
        }

        return false;
    }

    static bool IsForWriting(string fdinfo)
    {
        const string Key = "flags:";
        foreach (var line in (SmallFile.TryRead(fdinfo) ?? "").Split('\n'))
        {
            if (line.StartsWith(Key, StringComparison.Ordinal))
            {
                return line.TrimEnd()[^1] is >= '0' and <= '7' and var last && ((last - '0') & AccessMode) != 0;
            }
        }

        return false;
    }
}
