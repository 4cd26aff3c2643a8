using System.Diagnostics;
using System.Text.Json;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux.Control;

/// <summary>How a call ended.</summary>
public enum ControlEnd
{
    /// <summary>With a reply.</summary>
    Replied,

    /// <summary>With an error: <see cref="ControlReply.Error"/>.</summary>
    Refused,

    /// <summary>The daemon went away before it had answered, or what it answered makes no sense. What was asked may have been done, or may still be.</summary>
    Gone,

    /// <summary>Patience ended; the connection is of no use any more.</summary>
    TimedOut,
}

/// <summary>A reply, or why there is none.</summary>
/// <param name="End">How the call ended.</param>
/// <param name="Parameters">Of the reply or the error; undefined where there is neither.</param>
/// <param name="Error">With its interface; null unless refused.</param>
/// <param name="Continues">Another reply follows: <see cref="ControlClient.Next"/>.</param>
public readonly record struct ControlReply(ControlEnd End, JsonElement Parameters = default, string? Error = null, bool Continues = false);

/// <summary>
/// A client of the control socket for programs of a few milliseconds: no loop, no thread, a handful of system calls. One owner; only <see cref="Abort"/> is for
/// any thread, until disposal.
/// </summary>
public sealed class ControlClient : IDisposable
{
    /// <summary>Of one reply. The daemon is root, and yet an endless one must not take all memory.</summary>
    const int MaxReplyBytes = 64 << 20;

    const int FirstBytes = 4 << 10;

    readonly int _socket;
    byte[] _bytes = new byte[FirstBytes];
    int _start, _end;

    ControlClient(int socket) => _socket = socket;

    /// <summary>
    /// Connects to a daemon, or finds at once that there is none to be had: no socket, nobody behind it, a queue of clients that is full, or one that is
    /// neither root's nor ours.
    /// </summary>
    /// <param name="path">Absolute.</param>
    public static ControlClient? TryConnect(string path)
    {
        var socket = UnixSocket.Create();
        if (UnixSocket.Connect(socket, path) is Errno.None && UnixSocket.PeerOf(socket) is { } peer && (peer.UserId == 0 || peer.UserId == Libc.GetEUid()))
        {
            return new(socket);
        }

        _ = Libc.Close(socket);
        return null;
    }

    /// <summary>Makes a call and waits for its first reply.</summary>
    /// <param name="call">With its NUL.</param>
    /// <param name="patience">Null: as long as it takes.</param>
    public ControlReply Call(ReadOnlyMemory<byte> call, TimeSpan? patience = null)
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
                {
                    return new(ControlEnd.Gone);
                }

                if (!Wait(Libc.POLLOUT, Left(patience, began)))
                {
                    return new(ControlEnd.TimedOut);
                }
            }
        }

        return Next(Left(patience, began));
    }

    /// <summary>Waits for the next reply to a call that has several.</summary>
    /// <param name="patience">Null: as long as it takes.</param>
    public ControlReply Next(TimeSpan? patience = null)
    {
        var began = Stopwatch.GetTimestamp();
        var scanned = _start;
        while (true)
        {
            var length = _bytes.AsSpan(scanned, _end - scanned).IndexOf((byte)0);
            if (length >= 0)
            {
                var message = _bytes.AsMemory(_start, scanned + length - _start);
                _start = scanned + length + 1;
                return Read(message);
            }

            MakeRoom();
            scanned = _end;
            if (_bytes.Length - _end == 0)
            {
                return new(ControlEnd.Gone);
            }

            var count = (int)Libc.Recv(_socket, ref _bytes[_end], _bytes.Length - _end, 0);
            if (count > 0)
            {
                _end += count;
            }
            else if (count == 0 || Libc.LastError is not (Errno.EAGAIN or Errno.EINTR))
            {
                return new(ControlEnd.Gone);
            }
            else if (!Wait(Libc.POLLIN, Left(patience, began)))
            {
                return new(ControlEnd.TimedOut);
            }
        }
    }

    /// <summary>Ends a call that waits on another thread, as if the daemon had gone.</summary>
    public void Abort() => _ = Libc.Shutdown(_socket, Libc.SHUT_RDWR);

    /// <summary>Disconnects.</summary>
    public void Dispose() => _ = Libc.Close(_socket);

    static ControlReply Read(ReadOnlyMemory<byte> message)
    {
        try
        {
            using var document = JsonDocument.Parse(message);
            var root = document.RootElement;
            if (root.ValueKind is not JsonValueKind.Object)
            {
                return new(ControlEnd.Gone);
            }

            var parameters = root.TryGetProperty("parameters"u8, out var members) ? members.Clone() : default;
            if (root.TryGetProperty("error"u8, out var error) && error.ValueKind is JsonValueKind.String)
            {
                return new(ControlEnd.Refused, parameters, error.GetString());
            }

            return new(ControlEnd.Replied, parameters, Continues: root.TryGetProperty("continues"u8, out var continues) && continues.ValueKind is JsonValueKind.True);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            return new(ControlEnd.Gone);
        }
    }

    void MakeRoom()
    {
        if (_end < _bytes.Length)
        {
            return;
        }

        var kept = _end - _start;
        var target = kept * 2 > _bytes.Length && _bytes.Length < MaxReplyBytes ? new byte[_bytes.Length * 2] : _bytes;
        _bytes.AsSpan(_start, kept).CopyTo(target);
        (_bytes, _start, _end) = (target, 0, kept);
    }

    /// <summary>False when it took too long.</summary>
    unsafe bool Wait(short events, TimeSpan? patience)
    {
        var entry = new Libc.PollEntry { Fd = _socket, Events = events };
        // interrupted: the call that follows says EAGAIN, and we are here again
        return Libc.Poll(&entry, 1, patience is { } left ? (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 0, int.MaxValue) : -1) != 0;
    }

    static TimeSpan? Left(TimeSpan? patience, long began) => patience is { } whole ? whole - Stopwatch.GetElapsedTime(began) : null;
}
