using System.Diagnostics;
using System.Runtime.InteropServices;
using Drover.Devices;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux.Netlink;

/// <summary>
/// The kernel's uevents. A thread of its own does nothing but empty the socket, so that events are not lost while the loop is busy; the loop gets them in batches.
/// An event is taken at once, but where they come in a storm, as when udevadm repeats those of all devices, they gather for some milliseconds: to wake two threads for each costs more
/// than the events. Made and disposed on the event loop; its counters are for any thread.
/// </summary>
public sealed unsafe class UeventSocket : IDisposable
{
    /// <summary>What udev asks for since events of large machines overflowed less; a limit, not an allocation.</summary>
    const int ReceiveBytes = 128 << 20;

    /// <summary>The kernel's own events; group 2 is what udev sends on.</summary>
    const uint KernelGroup = 1;

    /// <summary>A message is a header with a path and at most UEVENT_BUFFER_SIZE (2048) bytes of properties.</summary>
    const int MaxMessageBytes = 8 << 10;

    const int BatchSize = 16;

    /// <summary>More wake-ups than these, each within the time for gathering after the one before, are a storm; a device that comes has its own few events.</summary>
    const int StormWakeUps = 4;

    const int GatheringMilliseconds = 10;

    const Errno ENOBUFS = (Errno)105;

    readonly EventLoop _loop;
    readonly Action<DeviceEvent> _received;
    readonly Action _lost;
    readonly int _socket;
    readonly WakeUp _stop;
    bool _disposed; // the loop's own
    long _malformed;
    long _foreign;
    long _losses;

    UeventSocket(EventLoop loop, int socket, WakeUp stop, Action<DeviceEvent> received, Action lost)
    {
        (_loop, _socket, _stop, _received, _lost) = (loop, socket, stop, received, lost);
        NativeThread.StartDetached("uevents", Drain);
    }

    /// <summary>Messages that were no uevents; they were left out.</summary>
    public long Malformed => Volatile.Read(ref _malformed);

    /// <summary>Messages that did not come from the kernel; they were left out.</summary>
    public long Foreign => Volatile.Read(ref _foreign);

    /// <summary>How often the kernel said that events did not fit (ENOBUFS).</summary>
    public long Losses => Volatile.Read(ref _losses);

    /// <summary>Begins to listen; null where there is no such socket (a kernel without netlink, a container that may not). What is sent from now on is received.</summary>
    internal static UeventSocket? TryOpen(EventLoop loop, Action<DeviceEvent> received, Action lost, int receiveBytes = ReceiveBytes)
    {
        var socket = Libc.Socket(Libc.AF_NETLINK, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, Libc.NETLINK_KOBJECT_UEVENT);
        if (socket < 0)
        {
            return null;
        }

        // Past rmem_max with CAP_NET_ADMIN only; without it as much as is allowed.
        if (Libc.SetSockOpt(socket, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, receiveBytes, sizeof(int)) < 0)
        {
            _ = Libc.SetSockOpt(socket, Libc.SOL_SOCKET, Libc.SO_RCVBUF, receiveBytes, sizeof(int));
        }

        var address = new Libc.NetlinkAddress { Family = Libc.AF_NETLINK, Groups = KernelGroup };
        if (Libc.SetSockOpt(socket, Libc.SOL_SOCKET, Libc.SO_PASSCRED, 1, sizeof(int)) < 0 ||
            Libc.Bind(socket, address, (uint)sizeof(Libc.NetlinkAddress)) < 0)
        {
            _ = Libc.Close(socket);
            return null;
        }

        WakeUp stop;
        try
        {
            stop = new();
        }
        catch (IOException)
        {
            _ = Libc.Close(socket);
            return null;
        }

        return new(loop, socket, stop, received, lost);
    }

    /// <summary>Ends the listening; no callback comes afterwards, not even for events that were received already.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

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
                wakeUps = Stopwatch.GetElapsedTime(drained).TotalMilliseconds < GatheringMilliseconds ? wakeUps + 1 : 0;
                if (wakeUps > StormWakeUps && HasEnded(orEvents: false, GatheringMilliseconds))
                {
                    return;
                }

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
                    {
                        Deliver(messages, count);
                    }
                    else if (!GoOnAfter(Libc.LastError))
                    {
                        return;
                    }
                }
                while (count == BatchSize);
                drained = Stopwatch.GetTimestamp();
            }
        }
        finally
        {
            while (!HasEnded(orEvents: false, Timeout.Infinite))
            {
                // interrupted
            }

            NativeMemory.Free(buffers);
            _ = Libc.Close(_socket);
            _stop.Dispose();
        }
    }

    /// <summary>Waits for the end, as long as that, or until there are events; interrupted, it returns early.</summary>
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
            case ENOBUFS or Errno.ENOMEM:
                Interlocked.Increment(ref _losses);
                _loop.Post(() =>
                {
                    if (!_disposed)
                    {
                        _lost();
                    }
                });
                return true;
            default:
                // nothing of the kind is known to happen; it must not go unseen
                _loop.Post(() => throw new IOException($"netlink: recvmmsg: {ErrnoText.Name(error)}: {ErrnoText.Describe(error)}"));
                return false;
        }
    }

    void Deliver(Libc.MultiMessage* messages, int count)
    {
        var events = new List<DeviceEvent>(count);
        for (var i = 0; i < count; i++)
        {
            if (!IsFromKernel(in messages[i]))
            {
                Interlocked.Increment(ref _foreign);
            }
            else if ((messages[i].Flags & Libc.MSG_TRUNC) != 0 ||
                !UeventText.TryParseMessage(new(messages[i].Vectors->Base, (int)messages[i].Length), out var uevent))
            {
                Interlocked.Increment(ref _malformed);
            }
            else
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
                    {
                        return; // by one of the callbacks
                    }

                    _received(uevent);
                }
            });
        }
    }

    /// <summary>Only the kernel sends from port 0, and as root.</summary>
    static bool IsFromKernel(in Libc.MultiMessage message) =>
        message.NameLength == sizeof(Libc.NetlinkAddress) && message.Name->PortId == 0 && message.Name->Groups == KernelGroup &&
        message.ControlLength >= 28 && message.Control->Level == Libc.SOL_SOCKET && message.Control->Type == Libc.SCM_CREDENTIALS && message.Control->UserId == 0;
}
