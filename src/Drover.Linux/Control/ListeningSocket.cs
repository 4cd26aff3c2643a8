using System.Globalization;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux.Control;

/// <summary>A socket that clients connect to: made at a path, or handed down by systemd. One owner.</summary>
internal sealed unsafe class ListeningSocket : IDisposable
{
    const uint OwnerWrites = 0x1ed; // 0755
    const uint OwnerOnly = 0x180; // 0600
    const uint Everybody = 0x1b6; // 0666: rights are checked for each client
    const Errno EADDRINUSE = (Errno)98;

    /// <summary>Clients that nobody has accepted yet; the kernel takes the smaller of this and net.core.somaxconn.</summary>
    const int Backlog = 4096;

    /// <summary>sd_listen_fds(3): the first descriptor that is handed down.</summary>
    const int FirstHandedDown = 3;

    readonly string? _path;
    readonly int _lock;

    ListeningSocket(int fd, string? path, int heldLock) => (Fd, _path, _lock) = (fd, path, heldLock);

    internal int Fd { get; }

    /// <summary>A new one at a path; one that a dead daemon has left there is replaced.</summary>
    /// <exception cref="IOException">Another daemon answers there, or what is there is no socket, or the system refuses.</exception>
    internal static ListeningSocket Open(string path)
    {
        if (!UnixSocket.TryAddress(path, out var address, out var length))
        {
            throw new IOException($"{path}: too long for a socket's address");
        }

        for (var slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            _ = Libc.MkDir(path[..slash], OwnerWrites); // EEXIST is the rule; what else went wrong shows below
        }

        var held = Lock(path);
        var fd = -1;
        try
        {
            RemoveDead(path);
            fd = UnixSocket.Create();
            // nobody connects between bind and chmod: it is not listened to before
            if (Libc.Bind(fd, address, length) < 0)
            {
                var error = Libc.LastError;
                throw error is EADDRINUSE ? InUse(path) : Failed(path, "bind", error);
            }

            if (Libc.ChMod(path, Everybody) < 0)
            {
                throw Failed(path, "chmod", Libc.LastError);
            }

            if (Libc.Listen(fd, Backlog) < 0)
            {
                throw Failed(path, "listen", Libc.LastError);
            }

            return new(fd, path, held);
        }
        catch
        {
            if (fd >= 0)
            {
                _ = Libc.Close(fd);
            }

            _ = Libc.Close(held);
            throw;
        }
    }

    /// <summary>The one that systemd listens at for us (sd_listen_fds(3)); null where it hands down none that is a listening Unix socket.</summary>
    /// <param name="listenPid">$LISTEN_PID: whom it is for.</param>
    /// <param name="listenFds">$LISTEN_FDS: how many.</param>
    /// <param name="first">The first of them.</param>
    internal static ListeningSocket? TryHandedDown(string? listenPid, string? listenFds, int first = FirstHandedDown)
    {
        if (!int.TryParse(listenPid, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid != Environment.ProcessId ||
            !int.TryParse(listenFds, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return null;
        }

        for (var fd = first; fd - first < count; fd++)
        {
            if (OptionOf(fd, Libc.SO_DOMAIN) == Libc.AF_UNIX && OptionOf(fd, Libc.SO_ACCEPTCONN) == 1)
            {
                _ = Libc.FCntl(fd, Libc.F_SETFD, Libc.FD_CLOEXEC);
                _ = Libc.FCntl(fd, Libc.F_SETFL, Libc.FCntl(fd, Libc.F_GETFL, 0) | Libc.O_NONBLOCK);
                return new(fd, path: null, heldLock: -1);
            }
        }

        return null;
    }

    /// <summary>The next client, not blocking; −1 with the errno.</summary>
    internal int Accept() => Libc.Accept4(Fd, null, null, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC);

    /// <summary>Removes the file, as long as it is ours.</summary>
    public void Dispose()
    {
        if (_path is not null)
        {
            _ = Libc.Unlink(_path);
        }

        _ = Libc.Close(Fd);
        if (_lock >= 0)
        {
            _ = Libc.Close(_lock); // last: whoever gets it next finds no file of ours
        }
    }

    /// <summary>Two daemons that start at the same time would each find the other's socket dead and replace it. The kernel frees a dead holder's lock.</summary>
    static int Lock(string path)
    {
        var file = path + ".lock";
        var fd = Libc.OpenAt(Libc.AT_FDCWD, file, Libc.O_RDWR | Libc.O_CREAT | Libc.O_CLOEXEC | Libc.O_NOFOLLOW | Libc.O_NOCTTY, OwnerOnly);
        if (fd < 0)
        {
            throw Failed(file, "open", Libc.LastError);
        }

        if (Libc.FLock(fd, Libc.LOCK_EX | Libc.LOCK_NB) < 0)
        {
            var error = Libc.LastError;
            _ = Libc.Close(fd);
            throw error is Errno.EAGAIN ? InUse(path) : Failed(file, "flock", error);
        }

        return fd;
    }

    static void RemoveDead(string path)
    {
        if (Libc.StatXAt(Libc.AT_FDCWD, path, Libc.AT_SYMLINK_NOFOLLOW, Libc.STATX_BASIC_STATS, out var stat) < 0)
        {
            return; // most often: nothing there. Anything else bind tells
        }

        if ((stat.Mode & Libc.S_IFMT) != Libc.S_IFSOCK)
        {
            throw new IOException($"{path}: it is there, and no socket: remove it");
        }

        var probe = UnixSocket.Create();
        var error = UnixSocket.Connect(probe, path);
        _ = Libc.Close(probe);
        if (error is Errno.None or Errno.EAGAIN) // a full backlog is somebody's, too
        {
            throw InUse(path);
        }

        if (Libc.Unlink(path) < 0 && Libc.LastError is var failed and not Errno.ENOENT)
        {
            throw Failed(path, "unlink", failed);
        }
    }

    static int OptionOf(int fd, int option)
    {
        int value;
        var length = (uint)sizeof(int);
        return Libc.GetSockOpt(fd, Libc.SOL_SOCKET, option, &value, ref length) < 0 ? -1 : value;
    }

    static IOException InUse(string path) => new($"{path}: another daemon answers there");

    static IOException Failed(string path, string call, Errno error) => new($"{path}: {call}: {ErrnoText.Describe(error)}");
}
