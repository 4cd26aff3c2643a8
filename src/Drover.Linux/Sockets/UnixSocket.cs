using Drover.Control;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Linux.Syscalls;
using Drover.Text;

namespace Drover.Linux.Sockets;

/// <summary>Unix stream sockets (unix(7)).</summary>
static unsafe class UnixSocket
{
    const int UsualGroups = 32; // groups read by the first call; a peer with more costs a second one

    /// <summary>A socket that does not block.</summary>
    /// <exception cref="IOException">No descriptor is free.</exception>
    internal static int Create()
    {
        var socket = Libc.Socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0);
        return socket >= 0 ? socket : throw new IOException($"socket: {ErrnoText.Describe(Libc.LastError)}");
    }

    /// <summary>False for a path that does not fit. A name that begins with <c>@</c> is abstract.</summary>
    internal static bool TryAddress(string path, out Libc.UnixAddress address, out uint length)
    {
        address = new() { Family = Libc.AF_UNIX };
        var bytes = ByteText.CountBytes(path);
        length = (uint)(sizeof(ushort) + bytes + 1);
        if (bytes is 0 or >= Libc.UnixAddress.PathBytes || path.Contains('\0', StringComparison.Ordinal))
            return false;
        fixed (byte* to = address.Path)
        {
            ByteText.Write(path, new Span<byte>(to, Libc.UnixAddress.PathBytes));
            if (path[0] == '@')
            {
                *to = 0;
                length--; // an abstract name does not end with a NUL: it would be a part of the name
            }
        }
        return true;
    }

    /// <summary>Connects without waiting.</summary>
    internal static Errno Connect(int socket, string path)
    {
        if (!TryAddress(path, out var address, out var length))
            return Errno.ENOENT;
        Errno error;
        do
        {
            error = Libc.Connect(socket, address, length) < 0 ? Libc.LastError : Errno.None;
        }
        while (error is Errno.EINTR);
        return error;
    }

    /// <summary>The process at the other end (SO_PEERCRED, SO_PEERGROUPS), with its facts of now; null if not
    /// reported.</summary>
    internal static ControlPeer? PeerOf(int socket)
    {
        Libc.UserCredentials peer;
        var length = (uint)sizeof(Libc.UserCredentials);
        if (Libc.GetSockOpt(socket, Libc.SOL_SOCKET, Libc.SO_PEERCRED, &peer, ref length) < 0)
            return null;
        var (processId, userId) = (peer.ProcessId, peer.UserId);
        var process = ProcessFacts.Of(processId, userId);
        return new(userId, peer.GroupId, GroupsOf(socket), processId)
        {
            Process = HasExited(socket) ? null : process, // its number may be another's by now
        };
    }

    /// <summary>Whether the process at the other end has exited (SO_PEERPIDFD); false where the kernel does not tell,
    /// as before 6.5.</summary>
    static bool HasExited(int socket)
    {
        int pidFd;
        var length = (uint)sizeof(int);
        if (Libc.GetSockOpt(socket, Libc.SOL_SOCKET, Libc.PeerPidFd, &pidFd, ref length) < 0)
            return Libc.LastError is Errno.ESRCH;
        // a process that has exited is readable (pidfd_open(2))
        var entry = new Libc.PollEntry { Fd = pidFd, Events = Libc.POLLIN };
        var hasExited = Libc.Poll(&entry, 1, timeoutMs: 0) > 0;
        _ = Libc.Close(pidFd);
        return hasExited;
    }

    static uint[] GroupsOf(int socket)
    {
        var groups = new uint[UsualGroups];
        for (var tries = 0; tries < 2; tries++)
        {
            var length = (uint)(groups.Length * sizeof(uint));
            fixed (uint* to = groups)
            {
                if (Libc.GetSockOpt(socket, Libc.SOL_SOCKET, Libc.SO_PEERGROUPS, to, ref length) == 0)
                    return groups[..(int)(length / sizeof(uint))];
            }
            if (Libc.LastError is not Errno.ERANGE)
                break; // a kernel before 4.13
            groups = new uint[length / sizeof(uint)];
        }
        return [];
    }
}
