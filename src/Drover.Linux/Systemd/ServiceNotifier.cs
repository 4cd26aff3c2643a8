using System.Globalization;
using System.Text;
using Drover.Kernel;
using Drover.Linux.Sockets;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Systemd;

/// <summary>The protocol of sd_notify(3): datagrams to <c>$NOTIFY_SOCKET</c>, if set. Safe for any thread.</summary>
public sealed class ServiceNotifier
{
    readonly string? _path;

    /// <param name="path">A path or an abstract name, <c>@…</c>; null without a manager.</param>
    /// <param name="watchdogMicroseconds"><c>$WATCHDOG_USEC</c>, or null.</param>
    public ServiceNotifier(string? path, string? watchdogMicroseconds)
    {
        _path = string.IsNullOrEmpty(path) ? null : path;
        if (_path is not null &&
            long.TryParse(watchdogMicroseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var us) && us > 0)
        {
            SignOfLifeEvery = TimeSpan.FromMicroseconds(us) / 2; // as sd_watchdog_enabled(3) recommends
        }
    }

    /// <summary>From the environment of this process.</summary>
    public static ServiceNotifier OfProcess() =>
        new(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), Environment.GetEnvironmentVariable("WATCHDOG_USEC"));

    /// <summary>A service manager started this process.</summary>
    public bool IsThere => _path is not null;

    /// <summary>Interval of <c>WATCHDOG=1</c>; null without a watchdog.</summary>
    public TimeSpan? SignOfLifeEvery { get; }

    /// <summary>Sends lines of <c>NAME=value</c>; false if they were not accepted.</summary>
    public bool Notify(params ReadOnlySpan<string> lines) =>
        _path is not null && UnixDatagram.TrySend(_path, Encoding.UTF8.GetBytes(string.Join('\n', lines)));
}

/// <summary>Sends messages to Unix datagram sockets, without blocking.</summary>
static class UnixDatagram
{
    /// <summary>False if the message was not accepted: there is no receiver, or its queue is full.</summary>
    /// <param name="path">A path, or an abstract name that begins with <c>@</c>.</param>
    /// <param name="message">Not empty.</param>
    internal static bool TrySend(string path, ReadOnlySpan<byte> message)
    {
        const int Type = Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK;
        var socket = Libc.Socket(Libc.AF_UNIX, Type, 0);
        if (socket < 0)
            return false;
        var sent = UnixSocket.Connect(socket, path) is Errno.None &&
            Libc.Send(socket, in message[0], message.Length, Libc.MSG_NOSIGNAL) == message.Length;
        _ = Libc.Close(socket);
        return sent;
    }
}
