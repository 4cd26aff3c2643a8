using System.Diagnostics;
using Drover.Control;
using Drover.Kernel;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Sockets;

/// <summary>A client without event loop or thread. Blocks; only <see cref="Abort"/> is safe for any thread.</summary>
public sealed class ControlClient : IDisposable
{
    /// <summary>The limit of one reply. The daemon is root, but an endless reply must not take all memory.</summary>
    const int MaxReplyBytes = 64 << 20;

    readonly int _socket;
    readonly MessageBuffer _received = new(MaxReplyBytes);

    ControlClient(int socket) => _socket = socket;

    /// <summary>Connects at once; null if no daemon of root or our user listens, or its queue is full.</summary>
    /// <param name="path">Absolute.</param>
    public static ControlClient? TryConnect(string path)
    {
        var socket = UnixSocket.Create();
        var isConnected = UnixSocket.Connect(socket, path) is Errno.None;
        if (isConnected && UnixSocket.PeerOf(socket)?.UserId is { } user && (user == 0 || user == Libc.GetEUid()))
            return new(socket);
        _ = Libc.Close(socket);
        return null;
    }

    /// <summary>Makes a call and waits for its first reply.</summary>
    /// <param name="call">With its NUL.</param>
    /// <param name="timeout">Null: without limit.</param>
    public ControlReply Call(ReadOnlyMemory<byte> call, TimeSpan? timeout = null)
    {
        var began = Stopwatch.GetTimestamp();
        for (var sent = 0; sent < call.Length;)
        {
            var count = (int)Libc.Send(_socket, in call.Span[sent], call.Length - sent, Libc.MSG_NOSIGNAL);
            if (count >= 0)
            {
                sent += count;
            }
            else if (Libc.LastError is var error and not Errno.EINTR)
            {
                if (error is not Errno.EAGAIN)
                    return new(ControlEnd.Gone);
                if (!Wait(Libc.POLLOUT, Remaining(timeout, began)))
                    return new(ControlEnd.TimedOut);
            }
        }
        return Next(Remaining(timeout, began));
    }

    /// <summary>Waits for the next reply to a call that has several.</summary>
    /// <param name="timeout">Null: without limit.</param>
    public ControlReply Next(TimeSpan? timeout = null)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            if (_received.TryTake(out var message))
                return ControlReply.Parse(message);
            var free = _received.GetSpan();
            if (free.IsEmpty)
                return new(ControlEnd.Gone);
            var count = (int)Libc.Recv(_socket, ref free[0], free.Length, 0);
            if (count > 0)
                _received.Advance(count);
            else if (count == 0 || Libc.LastError is not (Errno.EAGAIN or Errno.EINTR))
                return new(ControlEnd.Gone);
            else if (!Wait(Libc.POLLIN, Remaining(timeout, began)))
                return new(ControlEnd.TimedOut);
        }
    }

    /// <summary>Ends a call that waits on another thread, as if the daemon had disconnected.</summary>
    public void Abort() => _ = Libc.Shutdown(_socket, Libc.SHUT_RDWR);

    public void Dispose() => _ = Libc.Close(_socket);

    /// <summary>False on timeout. A signal may end it early; the caller's next try then ends in EAGAIN.</summary>
    unsafe bool Wait(short events, TimeSpan? timeout)
    {
        var entry = new Libc.PollEntry { Fd = _socket, Events = events };
        var left = timeout is { } limit ? Math.Clamp(Math.Ceiling(limit.TotalMilliseconds), 0, int.MaxValue) : -1;
        return Libc.Poll(&entry, 1, (int)left) != 0;
    }

    static TimeSpan? Remaining(TimeSpan? timeout, long began) => timeout - Stopwatch.GetElapsedTime(began);
}
