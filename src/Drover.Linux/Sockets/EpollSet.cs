using System.Runtime.InteropServices;
using Drover.Kernel;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Sockets;

/// <summary>Descriptors to wait for, each under a unique number: the kernel reuses a closed descriptor soon, and an
/// event of the old one must not reach the new one. Each event is reported once, until it is armed again
/// (EPOLLONESHOT), so an event that is not served yet costs nothing. One thread may call <see cref="Wait"/>, any thread
/// the other members.</summary>
sealed unsafe class EpollSet : IDisposable
{
    const int BatchSize = 64;

    readonly int _epoll;

    EpollSet(int epoll) => _epoll = epoll;

    /// <exception cref="IOException">No descriptor is free.</exception>
    internal static EpollSet Create()
    {
        var epoll = Libc.EpollCreate1(Libc.EPOLL_CLOEXEC);
        return epoll >= 0 ? new(epoll) : throw new IOException($"epoll_create1: {ErrnoText.Describe(Libc.LastError)}");
    }

    /// <summary>False when the kernel has no memory for it, or the user no watch left (epoll(7):
    /// max_user_watches).</summary>
    internal bool TryAdd(int fd, ulong number, uint events) => Change(Libc.EPOLL_CTL_ADD, fd, number, events) == 0;

    /// <exception cref="IOException"><see cref="TryAdd"/> is false.</exception>
    internal void Add(int fd, ulong number, uint events)
    {
        if (!TryAdd(fd, number, events))
        {
            throw new IOException("epoll_ctl: " + (Libc.LastError is Errno.ENOSPC
                ? "no watch is left (fs.epoll.max_user_watches)"
                : ErrnoText.Describe(Libc.LastError)));
        }
    }

    /// <summary>Reports the next of these events. Hang-ups and errors are always reported.</summary>
    internal void Rearm(int fd, ulong number, uint events) => _ = Change(Libc.EPOLL_CTL_MOD, fd, number, events);

    /// <summary>To be called before closing: a child between fork and exec would keep it in the set.</summary>
    internal void Remove(int fd) => _ = Change(Libc.EPOLL_CTL_DEL, fd, 0, 0);

    /// <summary>Waits for events; null, with errno, when the wait fails.</summary>
    internal List<(ulong Number, uint Events)>? Wait()
    {
        var buffer = stackalloc byte[BatchSize * 16];
        int count;
        do
        {
            count = Libc.EpollWait(_epoll, buffer, BatchSize, -1);
        }
        while (count < 0 && Libc.LastError is Errno.EINTR);
        if (count < 0)
            return null;
        var events = new List<(ulong, uint)>(count);
        for (var i = 0; i < count; i++)
        {
            var one = new ReadOnlySpan<byte>(buffer + (i * Abi.Here.EpollEventBytes), Abi.Here.EpollEventBytes);
            events.Add((MemoryMarshal.Read<ulong>(one[Abi.Here.EpollDataOffset..]), MemoryMarshal.Read<uint>(one)));
        }
        return events;
    }

    public void Dispose() => _ = Libc.Close(_epoll);

    int Change(int operation, int fd, ulong number, uint events)
    {
        var change = stackalloc byte[16];
        var bytes = new Span<byte>(change, 16);
        MemoryMarshal.Write(bytes, events | Libc.EPOLLONESHOT);
        MemoryMarshal.Write(bytes[Abi.Here.EpollDataOffset..], number);
        return Libc.EpollCtl(_epoll, operation, fd, change);
    }
}
