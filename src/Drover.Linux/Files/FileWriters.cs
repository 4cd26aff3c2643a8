using System.Globalization;
using Drover.Linux.ProcFs;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Files;

/// <summary>Finds the writer of a file, for ETXTBSY, in a snapshot of /proc/PID/fd, which needs root.</summary>
static class FileWriters
{
    const int AccessMode = 3; // flags of /proc/PID/fdinfo, octal: the lowest two bits are O_WRONLY or O_RDWR

    /// <summary>"nvme.ko is open for writing by pid 812 (cp)", or null if no process is found.</summary>
    internal static string? Describe(string path)
    {
        if (Libc.StatXAt(Libc.AT_FDCWD, path, flags: 0, Libc.STATX_BASIC_STATS, out var file) < 0)
            return null;
        try
        {
            foreach (var process in Directory.EnumerateDirectories("/proc"))
            {
                if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture,
                    out var pid) &&
                    Writes(process, file))
                {
                    var name = SmallFile.TryRead($"{process}/comm") ?? "?";
                    return $"{Path.GetFileName(path)} is open for writing by pid {pid} ({name})";
                }
            }
        }
        catch (IOException)
        {
            // no /proc
        }
        return null;
    }

    static bool Writes(string process, Libc.StatX file)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"{process}/fd").Any(fd =>
                Libc.StatXAt(Libc.AT_FDCWD, fd, flags: 0, Libc.STATX_BASIC_STATS, out var open) == 0
                && (open.Inode, open.DeviceMajor, open.DeviceMinor) == (file.Inode, file.DeviceMajor, file.DeviceMinor)
                && IsForWriting($"{process}/fdinfo/{Path.GetFileName(fd)}"));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false; // the process has ended, or belongs to another user
        }
    }

    static bool IsForWriting(string fdinfo)
    {
        var flags = (SmallFile.TryRead(fdinfo) ?? "").Split('\n')
            .FirstOrDefault(line => line.StartsWith("flags:", StringComparison.Ordinal))?.TrimEnd();
        return flags?[^1] is >= '0' and <= '7' and var last && ((last - '0') & AccessMode) != 0;
    }
}
