using Drover.Linux.Control;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux;

/// <summary>One message to a Unix datagram socket; never waits. Stateless; safe for any thread.</summary>
static class UnixDatagram
{
    /// <summary>False when it was not taken: nobody is there, or there is no room.</summary>
    /// <param name="path">A path, or an abstract name that begins with <c>@</c>.</param>
    /// <param name="message">Not empty.</param>
    internal static bool TrySend(string path, ReadOnlySpan<byte> message)
    {
        var socket = Libc.Socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0);
        if (socket < 0)
        {
            return false;
        }

        var sent = UnixSocket.Connect(socket, path) is Errno.None && Libc.Send(socket, in message[0], message.Length, Libc.MSG_NOSIGNAL) == message.Length;
        _ = Libc.Close(socket);
        return sent;
    }
}
