using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

// Netlink and Unix sockets.
static unsafe partial class Libc
{
    internal const int AF_NETLINK = 16, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0x80000, NETLINK_KOBJECT_UEVENT = 15,
        SOL_SOCKET = 1, SO_RCVBUF = 8, SO_PASSCRED = 16, SO_RCVBUFFORCE = 33, SCM_CREDENTIALS = 2, MSG_TRUNC = 0x20,
        MSG_DONTWAIT = 0x40;

    /// <summary>struct sockaddr_nl.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct NetlinkAddress
    {
        internal ushort Family, Pad;
        internal uint PortId, Groups;
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVector
    {
        internal void* Base;
        internal nint Length;
    }

    /// <summary>64-bit struct mmsghdr: a struct msghdr (56 bytes) and the length received.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    internal struct MultiMessage
    {
        [FieldOffset(0)] internal NetlinkAddress* Name;
        [FieldOffset(8)] internal uint NameLength;
        [FieldOffset(16)] internal IoVector* Vectors;
        [FieldOffset(24)] internal nint VectorCount;
        [FieldOffset(32)] internal Credentials* Control;
        [FieldOffset(40)] internal nint ControlLength;
        [FieldOffset(48)] internal int Flags;
        [FieldOffset(56)] internal uint Length;
    }

    /// <summary>struct cmsghdr with its struct ucred, padded as CMSG_SPACE does.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 32)]
    internal struct Credentials
    {
        [FieldOffset(0)] internal nint Length;
        [FieldOffset(8)] internal int Level;
        [FieldOffset(12)] internal int Type;
        [FieldOffset(16)] internal int ProcessId;
        [FieldOffset(20)] internal uint UserId;
        [FieldOffset(24)] internal uint GroupId;
    }

    [LibraryImport(Library, EntryPoint = "socket", SetLastError = true)]
    internal static partial int Socket(int domain, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "bind", SetLastError = true)]
    internal static partial int Bind(int fd, in NetlinkAddress address, uint length);

    [LibraryImport(Library, EntryPoint = "setsockopt", SetLastError = true)]
    internal static partial int SetSockOpt(int fd, int level, int option, in int value, uint length);

    [LibraryImport(Library, EntryPoint = "recvmmsg", SetLastError = true)]
    internal static partial int RecvMMsg(int fd, MultiMessage* messages, uint count, int flags, void* timeout);

    internal const int AF_UNIX = 1, SOCK_STREAM = 1, SOCK_NONBLOCK = 0x800, SO_PEERCRED = 17, SO_ACCEPTCONN = 30,
        SO_DOMAIN = 39, SO_PEERGROUPS = 59, MSG_NOSIGNAL = 0x4000, SHUT_RDWR = 2;

    /// <summary>SO_PEERPIDFD of asm-generic/socket.h, since 6.5; the C library's headers may be older.</summary>
    internal const int PeerPidFd = 77;

    /// <summary>struct sockaddr_un.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct UnixAddress
    {
        internal const int PathBytes = 108;

        internal ushort Family;
        internal fixed byte Path[PathBytes];
    }

    /// <summary>struct ucred.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct UserCredentials
    {
        internal int ProcessId;
        internal uint UserId, GroupId;
    }

    [LibraryImport(Library, EntryPoint = "bind", SetLastError = true)]
    internal static partial int Bind(int fd, in UnixAddress address, uint length);

    [LibraryImport(Library, EntryPoint = "connect", SetLastError = true)]
    internal static partial int Connect(int fd, in UnixAddress address, uint length);

    [LibraryImport(Library, EntryPoint = "listen", SetLastError = true)]
    internal static partial int Listen(int fd, int backlog);

    [LibraryImport(Library, EntryPoint = "accept4", SetLastError = true)]
    internal static partial int Accept4(int fd, void* address, void* length, int flags);

    [LibraryImport(Library, EntryPoint = "recv", SetLastError = true)]
    internal static partial nint Recv(int fd, ref byte buffer, nint count, int flags);

    [LibraryImport(Library, EntryPoint = "send", SetLastError = true)]
    internal static partial nint Send(int fd, ref readonly byte buffer, nint count, int flags);

    [LibraryImport(Library, EntryPoint = "shutdown", SetLastError = true)]
    internal static partial int Shutdown(int fd, int how);

    [LibraryImport(Library, EntryPoint = "getsockopt", SetLastError = true)]
    internal static partial int GetSockOpt(int fd, int level, int option, void* value, ref uint length);
}
