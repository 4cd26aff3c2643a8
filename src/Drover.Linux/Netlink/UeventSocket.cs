using System.Diagnostics;
using System.Runtime.InteropServices;
using Drover.Devices;
using Drover.Kernel;
using Drover.Linux.Runtime;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Netlink;

/// <summary>The kernel's uevents. A thread empties the socket, so that no event is lost while the loop is busy, and
/// posts the events to the loop in batches. An event is received at once; in a storm, as when udevadm repeats the
/// events of all devices, the thread collects events for some milliseconds, because waking two threads per event costs
/// more than the events. Created and disposed on the event loop.</summary>
public sealed unsafe class UeventSocket : IDisposable
{
    /// <summary>As udev (sd_device_monitor_set_receive_buffer_size); a limit, not an allocation.</summary>
    const int ReceiveBytes = 128 << 20;

    const uint KernelGroup = 1; // the kernel's events; group 2 has those that udev forwards

    /// <summary>A header with a path, and at most UEVENT_BUFFER_SIZE (2048) bytes of properties.</summary>
    const int MaxMessageBytes = 8 << 10;

    const int BatchSize = 16;
    const int StormWakeUps = 4; // more wake-ups in a row are a storm; a single new device has few events
    const int CollectionMilliseconds = 10;

    readonly EventLoop _loop;
    readonly Action<DeviceEvent> _received;
    readonly Action _lost;
    readonly int _socket;
    readonly WakeUp _stop;
    bool _disposed; // used on the loop only

    UeventSocket(EventLoop loop, int socket, WakeUp stop, Action<DeviceEvent> received, Action lost) =>
        (_loop, _socket, _stop, _received, _lost) = (loop, socket, stop, received, lost);

    /// <summary>Starts to listen; null without netlink (an unprivileged container).</summary>
    /// <exception cref="IOException">The system has no descriptor or thread left.</exception>
    internal static UeventSocket? TryOpen(EventLoop loop, Action<DeviceEvent> received, Action lost,
        int receiveBytes = ReceiveBytes)
    {
        var fd = Libc.Socket(Libc.AF_NETLINK, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, Libc.NETLINK_KOBJECT_UEVENT);
        if (fd < 0 && Libc.LastError is Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM or Errno.ENOBUFS)
            throw new IOException($"netlink: socket: {ErrnoText.Describe(Libc.LastError)}");
        if (fd < 0)
            return null;
        // SO_RCVBUFFORCE needs CAP_NET_ADMIN; SO_RCVBUF is limited to rmem_max
        if (Libc.SetSockOpt(fd, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, receiveBytes, sizeof(int)) < 0)
            _ = Libc.SetSockOpt(fd, Libc.SOL_SOCKET, Libc.SO_RCVBUF, receiveBytes, sizeof(int));
        var address = new Libc.NetlinkAddress { Family = Libc.AF_NETLINK, Groups = KernelGroup };
        WakeUp? stop = null;
        try
        {
            if (Libc.SetSockOpt(fd, Libc.SOL_SOCKET, Libc.SO_PASSCRED, 1, sizeof(int)) == 0 &&
                Libc.Bind(fd, address, (uint)sizeof(Libc.NetlinkAddress)) == 0)
            {
                stop = new();
                var socket = new UeventSocket(loop, fd, stop, received, lost);
                BackgroundThread.Start("uevents", socket.Drain);
                return socket;
            }
        }
        catch (IOException)
        {
            stop?.Dispose();
            _ = Libc.Close(fd);
            throw;
        }
        _ = Libc.Close(fd);
        return null;
    }

    /// <summary>Stops; no callback runs afterwards, not even for events received before.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _stop.Set(); // the thread closes both as it ends
    }

    void Drain()
    {
        var buffers = (byte*)NativeMemory.Alloc(BatchSize, MaxMessageBytes);
        try
        {
            var messages = stackalloc Libc.MultiMessage[BatchSize];
            var vectors = stackalloc Libc.IoVector[BatchSize];
            var addresses = stackalloc Libc.NetlinkAddress[BatchSize];
            var credentials = stackalloc Libc.Credentials[BatchSize];
            var (wakeUps, drained) = (0, Stopwatch.GetTimestamp());
            while (!HasEnded(orEvents: true, Timeout.Infinite))
            {
                wakeUps = Stopwatch.GetElapsedTime(drained).TotalMilliseconds < CollectionMilliseconds
                    ? wakeUps + 1
                    : 0;
                if (wakeUps > StormWakeUps && HasEnded(orEvents: false, CollectionMilliseconds))
                    return;
                int count;
                do
                {
                    for (var i = 0; i < BatchSize; i++)
                    {
                        vectors[i] = new() { Base = buffers + (i * MaxMessageBytes), Length = MaxMessageBytes };
                        messages[i] = new()
                        {
                            Name = addresses + i,
                            NameLength = (uint)sizeof(Libc.NetlinkAddress),
                            Vectors = vectors + i,
                            VectorCount = 1,
                            Control = credentials + i,
                            ControlLength = sizeof(Libc.Credentials),
                        };
                    }
                    count = Libc.RecvMMsg(_socket, messages, BatchSize, Libc.MSG_DONTWAIT, null);
                    if (count >= 0)
                        Deliver(messages, count);
                    else if (!GoOnAfter(Libc.LastError))
                        return;
                }
                while (count == BatchSize);
                drained = Stopwatch.GetTimestamp();
            }
        }
        finally
        {
            while (!HasEnded(orEvents: false, Timeout.Infinite))
            {
                // interrupted by a signal
            }
            NativeMemory.Free(buffers);
            _ = Libc.Close(_socket);
            _stop.Dispose();
        }
    }

    /// <summary>Waits for the end, for events, or for the time; a signal ends the wait early.</summary>
    bool HasEnded(bool orEvents, int milliseconds)
    {
        var entries = stackalloc Libc.PollEntry[2];
        entries[0] = new() { Fd = _stop.Fd, Events = Libc.POLLIN };
        entries[1] = new() { Fd = _socket, Events = Libc.POLLIN };
        _ = Libc.Poll(entries, orEvents ? 2UL : 1, milliseconds);
        return entries[0].Returned != 0;
    }

    bool GoOnAfter(Errno error)
    {
        switch (error)
        {
            case Errno.EAGAIN or Errno.EINTR:
                return true;
            case Errno.ENOBUFS or Errno.ENOMEM:
                _loop.Post(() =>
                {
                    if (!_disposed)
                        _lost();
                });
                return true;
            default:
                // not known to happen; it must not stay hidden
                var problem = $"netlink: recvmmsg: {ErrnoText.Name(error)}: {ErrnoText.Describe(error)}";
                _loop.Post(() => throw new IOException(problem));
                return false;
        }
    }

    void Deliver(Libc.MultiMessage* messages, int count)
    {
        var events = new List<DeviceEvent>(count);
        for (var i = 0; i < count; i++)
        {
            if (IsFromKernel(in messages[i]) && (messages[i].Flags & Libc.MSG_TRUNC) == 0
                && UeventText.TryParseMessage(new(messages[i].Vectors->Base, (int)messages[i].Length), out var uevent))
            {
                events.Add(uevent);
            }
        }
        if (events.Count > 0)
        {
            _loop.Post(() =>
            {
                foreach (var uevent in events)
                {
                    if (_disposed)
                        return; // a callback disposed it
                    _received(uevent);
                }
            });
        }
    }

    /// <summary>Only the kernel sends from port 0 as root.</summary>
    static bool IsFromKernel(in Libc.MultiMessage message) =>
        message.NameLength == sizeof(Libc.NetlinkAddress) && message.Name->PortId == 0 &&
            message.Name->Groups == KernelGroup &&
        message.ControlLength >= 28 && message.Control->Level == Libc.SOL_SOCKET &&
            message.Control->Type == Libc.SCM_CREDENTIALS &&
        message.Control->UserId == 0;
}
