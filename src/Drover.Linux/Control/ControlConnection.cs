using Drover.Devices.Control;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux.Control;

/// <summary>One client of the control socket. Used on the event loop; only its descriptor is known to the thread that waits.</summary>
internal sealed class ControlConnection(ControlSocket socket, int fd, ulong number, ControlPeer peer) : IControlConnection
{
    const uint HungUp = Libc.EPOLLHUP | Libc.EPOLLERR;

    int _room; // bytes that the handler has asked for
    bool _isFull, _gone, _closed;

    public ControlPeer Peer => peer;

    /// <summary>Set before anything is told.</summary>
    internal IControlHandler Handler { get; set; } = null!;

    /// <summary>The kernel has told something, once; it is asked anew for whatever is still waited for.</summary>
    internal void Serve(uint events)
    {
        if (_isFull && (events & (Libc.EPOLLOUT | HungUp)) != 0)
        {
            _isFull = false;
            Handler.Writable();
        }

        if (_room > 0 && !_closed && (events & (Libc.EPOLLIN | HungUp)) != 0)
        {
            Read();
        }

        // the end of both directions; the end of one alone is an end of its bytes
        if (!_gone && !_closed && (events & HungUp) != 0)
        {
            _gone = true;
            Handler.Gone();
        }

        Ask();
    }

    /// <summary>The socket ends: nothing will be told any more.</summary>
    internal void Abandon()
    {
        if (!_gone)
        {
            _gone = true;
            Handler.Gone();
        }

        if (_room > 0)
        {
            _room = 0;
            Handler.Ended();
        }

        ((IControlConnection)this).Close();
    }

    void IControlConnection.Receive(int mostBytes)
    {
        if (_closed)
        {
            socket.Post(Handler.Ended); // abandoned while a call of its was served
            return;
        }

        _room = mostBytes;
        Ask();
    }

    int IControlConnection.Send(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        while (taken < bytes.Length && !_gone)
        {
            var sent = (int)Libc.Send(fd, in bytes[taken], bytes.Length - taken, Libc.MSG_NOSIGNAL);
            if (sent >= 0)
            {
                taken += sent;
            }
            else if (Libc.LastError is var error and not Errno.EINTR)
            {
                if (error is not Errno.EAGAIN)
                {
                    return bytes.Length; // it has gone, which epoll tells, too
                }

                _isFull = true;
                Ask();
                return taken;
            }
        }

        return bytes.Length;
    }

    void IControlConnection.Close()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        socket.Epoll.Remove(fd);
        _ = Libc.Close(fd);
        socket.Remove(number);
    }

    void Read()
    {
        var count = (int)Libc.Recv(fd, ref socket.Buffer[0], Math.Min(_room, socket.Buffer.Length), 0);
        if (count < 0 && Libc.LastError is Errno.EAGAIN or Errno.EINTR)
        {
            return;
        }

        _room = 0;
        if (count > 0)
        {
            Handler.Received(socket.Buffer.AsSpan(0, count));
        }
        else
        {
            Handler.Ended(); // ECONNRESET: it left replies unread, and there is nothing more to read
        }
    }

    void Ask()
    {
        var events = (_room > 0 ? Libc.EPOLLIN : 0) | (_isFull ? Libc.EPOLLOUT : 0);
        // a hang-up is told again and again: of a client that has gone, only what it sent before is still of interest
        if (!_closed && (!_gone || events != 0))
        {
            socket.Epoll.Rearm(fd, number, events);
        }
    }
}
