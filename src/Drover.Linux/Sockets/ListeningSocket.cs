using System.Globalization;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Sockets;

/// <summary>A socket that listens for clients: created at a path, or passed by systemd. Not thread-safe.</summary>
sealed unsafe class ListeningSocket : IDisposable
{
    const uint LockMode = 0x180; // 0600
    const uint SocketMode = 0x1b6; // 0666: rights are checked for each client
    const int Backlog = 4096; // clients waiting for accept; the kernel takes the smaller of this and net.core.somaxconn
    const int FirstPassed = 3; // the first descriptor systemd passes (sd_listen_fds(3): SD_LISTEN_FDS_START)

    readonly string? _path;
    readonly int _lock;

    ListeningSocket(int fd, string? path, int heldLock) => (Fd, _path, _lock) = (fd, path, heldLock);

    internal int Fd { get; }

    /// <summary>Creates a socket; replaces the file of a dead daemon.</summary>
    /// <exception cref="IOException">Another daemon listens, or no socket can be made there.</exception>
    internal static ListeningSocket Open(string path)
    {
        if (!UnixSocket.TryAddress(path, out var address, out var length))
            throw new IOException($"{path}: too long for a socket's address");
        LinuxPath.MakeParents(path);
        var held = Lock(path);
        var (fd, isBound) = (-1, false);
        try
        {
            RemoveDead(path);
            fd = UnixSocket.Create();
            // no client can connect between bind and chmod: listen comes last
            if (Libc.Bind(fd, address, length) < 0)
                throw Libc.LastError is var error and not Errno.EADDRINUSE ? Failed(path, "bind", error) : InUse(path);
            isBound = true;
            if (Libc.ChMod(path, SocketMode) < 0)
                throw Failed(path, "chmod", Libc.LastError);
            if (Libc.Listen(fd, Backlog) < 0)
                throw Failed(path, "listen", Libc.LastError);
            return new(fd, path, held);
        }
        catch
        {
            if (isBound)
                _ = Libc.Unlink(path);
            if (fd >= 0)
                _ = Libc.Close(fd);
            _ = Libc.Close(held);
            throw;
        }
    }

    /// <summary>The listening socket that systemd passes (sd_listen_fds(3)); null if none.</summary>
    /// <param name="listenPid">$LISTEN_PID: the process they are for.</param>
    internal static ListeningSocket? TryFromSystemd(string? listenPid, string? listenFds, int first = FirstPassed)
    {
        if (CountOf(listenPid) != Environment.ProcessId || CountOf(listenFds) is not { } count)
            return null;
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

    /// <summary>The descriptor of the next client, without blocking; −1 with errno.</summary>
    internal int Accept() => Libc.Accept4(Fd, null, null, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC);

    /// <summary>Closes the socket, and removes its file if we created it.</summary>
    public void Dispose()
    {
        if (_path is not null)
            _ = Libc.Unlink(_path);
        _ = Libc.Close(Fd);
        if (_lock < 0)
            return;
        // last: the next holder finds no file of ours; a child has the descriptor until its execve
        _ = Libc.FLock(_lock, Libc.LOCK_UN);
        _ = Libc.Close(_lock);
    }

    /// <summary>Locks the path, so that two daemons do not both replace a dead one's socket.</summary>
    static int Lock(string path)
    {
        var file = path + ".lock";
        var flags = Libc.O_RDWR | Libc.O_CREAT | Libc.O_CLOEXEC | Libc.O_NOFOLLOW | Libc.O_NOCTTY;
        var fd = Libc.OpenAt(Libc.AT_FDCWD, file, flags, LockMode);
        if (fd < 0)
            throw Failed(file, "open", Libc.LastError);
        if (Libc.FLock(fd, Libc.LOCK_EX | Libc.LOCK_NB) >= 0)
            return fd;
        var error = Libc.LastError;
        _ = Libc.Close(fd);
        throw error is Errno.EAGAIN ? InUse(path) : Failed(file, "flock", error);
    }

    static void RemoveDead(string path)
    {
        if (Libc.StatXAt(Libc.AT_FDCWD, path, Libc.AT_SYMLINK_NOFOLLOW, Libc.STATX_BASIC_STATS, out var stat) < 0)
            return; // usually ENOENT; bind reports any other error
        if ((stat.Mode & Libc.S_IFMT) != Libc.S_IFSOCK)
            throw new IOException($"{path}: something else than a socket is there: name another path");
        var probe = UnixSocket.Create();
        var error = UnixSocket.Connect(probe, path);
        _ = Libc.Close(probe);
        if (error is Errno.None or Errno.EAGAIN) // EAGAIN: its backlog is full
            throw InUse(path);
        if (Libc.Unlink(path) < 0 && Libc.LastError is var failed and not Errno.ENOENT)
            throw Failed(path, "unlink", failed);
    }

    static int? CountOf(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;

    static int OptionOf(int fd, int option)
    {
        int value;
        var length = (uint)sizeof(int);
        return Libc.GetSockOpt(fd, Libc.SOL_SOCKET, option, &value, ref length) < 0 ? -1 : value;
    }

    static IOException InUse(string path) => new($"{path}: another daemon answers there");

    static IOException Failed(string path, string call, Errno error) =>
        new($"{path}: {call}: {ErrnoText.Describe(error)}");
}
