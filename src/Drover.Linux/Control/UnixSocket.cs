using System.Text;
using Drover.Devices.Control;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux.Control;

/// <summary>What the two ends of a Unix stream socket have in common. Stateless.</summary>
internal static unsafe class UnixSocket
{
    internal const Errno EPIPE = (Errno)32;
    internal const Errno ERANGE = (Errno)34;

    /// <summary>Groups that are asked for at first; who has more costs a second call.</summary>
    const int UsualGroups = 32;

    /// <exception cref="IOException">There is no descriptor left.</exception>
    internal static int Create()
    {
        var socket = Libc.Socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0);
        return socket >= 0 ? socket : throw new IOException($"socket: {ErrnoText.Describe(Libc.LastError)}");
    }

    /// <summary>False for a path that does not fit into an address. A name that begins with <c>@</c> is an abstract one (unix(7)).</summary>
    internal static bool TryAddress(string path, out Libc.UnixAddress address, out uint length)
    {
        address = new() { Family = Libc.AF_UNIX };
        var bytes = Encoding.UTF8.GetByteCount(path);
        length = (uint)(sizeof(ushort) + bytes + 1);
        if (bytes is 0 or >= Libc.UnixAddress.PathBytes || path.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        fixed (byte* to = address.Path)
        {
            Encoding.UTF8.GetBytes(path, new Span<byte>(to, Libc.UnixAddress.PathBytes));
            if (path[0] == '@')
            {
                *to = 0;
                length--; // it has no NUL behind it: that would be a part of it
            }
        }

        return true;
    }

    /// <summary>Connects without waiting; the errno.</summary>
    internal static Errno Connect(int socket, string path)
    {
        if (!TryAddress(path, out var address, out var length))
        {
            return Errno.ENOENT;
        }

        Errno error;
        do
        {
            error = Libc.Connect(socket, address, length) < 0 ? Libc.LastError : Errno.None;
        }
        while (error is Errno.EINTR);
        return error;
    }

    /// <summary>Who was at the other end when the connection was made (unix(7): SO_PEERCRED, SO_PEERGROUPS); null where the kernel does not tell.</summary>
    internal static ControlPeer? PeerOf(int socket)
    {
        Libc.UserCredentials who;
        var length = (uint)sizeof(Libc.UserCredentials);
        return Libc.GetSockOpt(socket, Libc.SOL_SOCKET, Libc.SO_PEERCRED, &who, ref length) < 0 ? null : new(who.UserId, who.GroupId, GroupsOf(socket), who.ProcessId);
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
                {
                    return groups[..(int)(length / sizeof(uint))];
                }
            }

            if (Libc.LastError is not ERANGE)
            {
                break; // a kernel before 4.13
            }

            groups = new uint[length / sizeof(uint)];
        }

        return [];
    }
}
