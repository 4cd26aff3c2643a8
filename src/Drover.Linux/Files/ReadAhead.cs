using Drover.Linux.Syscalls;

namespace Drover.Linux.Files;

/// <summary>Asks the kernel to read files into its page cache before anybody reads them (posix_fadvise(2)).</summary>
public static class ReadAhead
{
    /// <summary>Opens each file and starts its reading, in their order; skips what cannot be opened. Blocks while
    /// directories and inodes are read.</summary>
    /// <returns>How many files the kernel was asked for.</returns>
    public static int Start(string directory, IReadOnlyList<string> files)
    {
        var asked = 0;
        foreach (var file in files)
        {
            var flags = Libc.O_RDONLY | Libc.O_NONBLOCK | Libc.O_CLOEXEC;
            var fd = Libc.OpenAt(Libc.AT_FDCWD, $"{directory}/{file}", flags, 0);
            if (fd < 0)
                continue;
            if (Libc.PosixFAdvise(fd, 0, 0, Libc.POSIX_FADV_WILLNEED) == 0)
                asked++;
            _ = Libc.Close(fd);
        }
        return asked;
    }
}
