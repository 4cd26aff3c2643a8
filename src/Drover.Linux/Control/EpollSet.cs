using System.Runtime.InteropServices;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux.Control;

/// <summary>
/// Descriptors that are waited for, each under a number of its own: a descriptor is used again soon, and what was seen of the one before must not be taken for it.
/// Each tells once and is then asked for anew (EPOLLONESHOT), so that what is not yet dealt with costs nothing. <see cref="Wait"/> is for one thread,
/// all else for any.
/// </summary>
internal sealed unsafe class EpollSet : IDisposable
{
    const int BatchSize = 64;

    readonly int _epoll;

    EpollSet(int epoll) => _epoll = epoll;

    /// <exception cref="IOException">There is no descriptor left.</exception>
    internal static EpollSet Create()
    {
        var epoll = Libc.EpollCreate1(Libc.EPOLL_CLOEXEC);
        return epoll >= 0 ? new(epoll) : throw new IOException($"epoll_create1: {ErrnoText.Describe(Libc.LastError)}");
    }

    /// <summary>False where the kernel has no room for it.</summary>
    internal bool TryAdd(int fd, ulong number, uint events) => Change(Libc.EPOLL_CTL_ADD, fd, number, events) == 0;

    /// <summary>Asks for it once more. Hang-up and error are always told.</summary>
    internal void Rearm(int fd, ulong number, uint events) => _ = Change(Libc.EPOLL_CTL_MOD, fd, number, events);

    /// <summary>Before it is closed: a child between fork and exec has it, too, and would keep it in the set.</summary>
    internal void Remove(int fd) => _ = Change(Libc.EPOLL_CTL_DEL, fd, 0, 0);

    /// <summary>Waits until there is something to tell; null where the wait itself fails.</summary>
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
        {
            return null;
        }

        var events = new List<(ulong, uint)>(count);
        for (var i = 0; i < count; i++)
        {
            var one = new ReadOnlySpan<byte>(buffer + (i * Libc.EpollEventBytes), Libc.EpollEventBytes);
            events.Add((MemoryMarshal.Read<ulong>(one[Libc.EpollDataOffset..]), MemoryMarshal.Read<uint>(one)));
        }

        return events;
    }

    public void Dispose() => _ = Libc.Close(_epoll);

    int Change(int operation, int fd, ulong number, uint events)
    {
        var change = stackalloc byte[16];
        var bytes = new Span<byte>(change, 16);
        MemoryMarshal.Write(bytes, events | Libc.EPOLLONESHOT);
        MemoryMarshal.Write(bytes[Libc.EpollDataOffset..], number);
        return Libc.EpollCtl(_epoll, operation, fd, change);
    }
}
