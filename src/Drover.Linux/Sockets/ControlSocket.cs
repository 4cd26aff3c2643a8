using System.Diagnostics;
using Drover.Control;
using Drover.Kernel;
using Drover.Linux.Runtime;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Sockets;

/// <summary>The daemon's control socket. One thread waits for events of all clients and does nothing else; the
/// event loop serves them with calls that do not block, and arms a client's events only when it can take what the
/// client sends. So a client costs a descriptor and its buffered messages, but no thread. Created, used and
/// disposed on the event loop.</summary>
public sealed class ControlSocket : IDisposable
{
    /// <summary>The socket clients use by default.</summary>
    public const string DefaultPath = "/run/drover/io.drover.Loader";

    const int MaxAcceptsPerTurn = 64; // clients accepted in one turn of the loop
    const ulong Listener = 0, Stop = 1, FirstClient = 2;

    /// <summary>How long to wait before the next accept when there is no descriptor or memory for a client.</summary>
    static readonly TimeSpan s_acceptRetryDelay = TimeSpan.FromMilliseconds(100);

    readonly EventLoop _loop;
    readonly ListeningSocket _listener;
    readonly Func<IControlConnection, IControlHandler?> _accept;
    readonly EpollSet _epoll;
    readonly WakeUp _stop;
    readonly Thread _thread;
    readonly Dictionary<ulong, Connection> _clients = [];

    /// <summary>Received bytes of one client until its handler has them.</summary>
    readonly byte[] _buffer = new byte[ControlLimits.MaxMessageBytes];

    ulong _nextClient = FirstClient;
    bool _disposed, _isListening = true;

    ControlSocket(
        EventLoop loop, ListeningSocket listener, Func<IControlConnection, IControlHandler?> accept, EpollSet epoll,
        WakeUp stop)
    {
        (_loop, _listener, _accept, _epoll, _stop) = (loop, listener, accept, epoll, stop);
        _epoll.Add(_stop.Fd, Stop, Libc.EPOLLIN);
        _epoll.Add(_listener.Fd, Listener, Libc.EPOLLIN);
        _thread = BackgroundThread.Start("control", Watch);
    }

    /// <summary>Listens at a path. Creates a missing directory; replaces the socket of a dead daemon.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="accept">Returns the handler of a client, or null to disconnect it.</param>
    /// <exception cref="IOException">Another daemon listens there, or a system call fails.</exception>
    public static ControlSocket Listen(
        string path, EventLoop loop, Func<IControlConnection, IControlHandler?> accept) =>
        Serve(ListeningSocket.Open(path), loop, accept);

    /// <summary>Serves the socket that systemd passes (LISTEN_PID, LISTEN_FDS); null if none.</summary>
    /// <inheritdoc cref="Listen"/>
    public static ControlSocket? TryFromSystemd(EventLoop loop, Func<IControlConnection, IControlHandler?> accept)
    {
        var pid = Environment.GetEnvironmentVariable("LISTEN_PID");
        var count = Environment.GetEnvironmentVariable("LISTEN_FDS");
        return ListeningSocket.TryFromSystemd(pid, count) is { } listener ? Serve(listener, loop, accept) : null;
    }

    /// <summary>Accepts no more clients, and removes the socket's file: another daemon may listen. The clients that are
    /// connected stay.</summary>
    public void StopListening()
    {
        if (!_isListening)
            return;
        _isListening = false;
        _epoll.Remove(_listener.Fd);
        _listener.Dispose();
    }

    /// <summary>Disconnects all clients, after a call of their handlers, and removes the socket's file.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _stop.Set();
        _thread.Join(); // it only waits for descriptors
        foreach (var client in _clients.Values.ToArray())
            client.Abandon();
        Debug.Assert(_clients.Count == 0, "every client is closed");
        StopListening();
        _epoll.Dispose();
        _stop.Dispose();
    }

    static ControlSocket Serve(
        ListeningSocket listener, EventLoop loop, Func<IControlConnection, IControlHandler?> accept)
    {
        EpollSet? epoll = null;
        WakeUp? stop = null;
        try
        {
            epoll = EpollSet.Create();
            stop = new();
            return new(loop, listener, accept, epoll, stop);
        }
        catch
        {
            stop?.Dispose();
            epoll?.Dispose();
            listener.Dispose();
            throw;
        }
    }

    /// <summary>The thread.</summary>
    void Watch()
    {
        while (true)
        {
            if (_epoll.Wait() is not { } events)
            {
                // unexpected: end the loop rather than serve no clients
                var error = Libc.LastError;
                _loop.Post(() => throw new IOException($"control socket: epoll_wait: {ErrnoText.Describe(error)}"));
                return;
            }
            if (events.Exists(static one => one.Number == Stop))
                return;
            _loop.Post(() => Serve(events));
        }
    }

    void Serve(List<(ulong Number, uint Events)> ready)
    {
        foreach (var (number, events) in ready)
        {
            if (_disposed)
                return;
            if (number == Listener)
                Accept();
            else if (_clients.TryGetValue(number, out var client))
                client.Serve(events);
        }
    }

    void Accept()
    {
        if (!_isListening)
            return; // a client came just before
        for (var i = 0; i < MaxAcceptsPerTurn; i++)
        {
            var fd = _listener.Accept();
            if (fd >= 0)
            {
                AddClient(fd);
                continue;
            }
            if (Libc.LastError is Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM or Errno.ENOBUFS)
            {
                _loop.Detach(AcceptLaterAsync());
                return;
            }
            if (Libc.LastError is Errno.EAGAIN)
                break;
        }
        AcceptMore();
    }

    async Task AcceptLaterAsync()
    {
        await _loop.Delay(s_acceptRetryDelay);
        AcceptMore();
    }

    void AcceptMore()
    {
        if (_isListening)
            _epoll.Rearm(_listener.Fd, Listener, Libc.EPOLLIN);
    }

    void AddClient(int fd)
    {
        var number = _nextClient++;
        if (UnixSocket.PeerOf(fd) is not { } peer || !_epoll.TryAdd(fd, number, 0))
        {
            _ = Libc.Close(fd);
            return;
        }
        var client = new Connection(this, fd, number, peer);
        _clients.Add(number, client);
        if (_accept(client) is { } handler)
            client.Handler = handler;
        else
            client.Close();
    }

    /// <summary>One client. Used on the event loop; the thread that waits knows only its descriptor.</summary>
    sealed class Connection(ControlSocket socket, int fd, ulong number, ControlPeer peer) : IControlConnection
    {
        const uint HungUp = Libc.EPOLLHUP | Libc.EPOLLERR;

        int _requestedBytes;
        bool _isFull, _gone, _closed;

        public ControlPeer Peer => peer;

        /// <summary>Set before the first event.</summary>
        public IControlHandler Handler { get; set; } = null!;

        public void Serve(uint events)
        {
            Debug.Assert(!_closed, "a closed client is not in the set");
            if (_isFull && (events & (Libc.EPOLLOUT | HungUp)) != 0)
            {
                _isFull = false;
                Handler.Writable();
            }
            if (_requestedBytes > 0 && !_closed && (events & (Libc.EPOLLIN | HungUp)) != 0)
                Read();
            // both directions have ended; the end of what the client sends shows as an empty read
            if (!_closed && (events & HungUp) != 0)
                SetGone();
            Arm();
        }

        /// <summary>Ends the connection with the socket: the handler gets all remaining events now.</summary>
        public void Abandon()
        {
            SetGone();
            if (_requestedBytes > 0)
            {
                _requestedBytes = 0;
                Handler.Ended();
            }
            Close();
        }

        public void Receive(int maxBytes)
        {
            Debug.Assert(_requestedBytes == 0 && maxBytes > 0, "one request at a time");
            if (_closed)
            {
                socket._loop.Post(Handler.Ended); // abandoned while one of its calls was served
                return;
            }
            _requestedBytes = maxBytes;
            Arm();
        }

        public int Send(ReadOnlySpan<byte> bytes)
        {
            var sent = 0;
            while (sent < bytes.Length && !_gone)
            {
                var count = (int)Libc.Send(fd, in bytes[sent], bytes.Length - sent, Libc.MSG_NOSIGNAL);
                if (count >= 0)
                {
                    sent += count;
                }
                else if (Libc.LastError is var error and not Errno.EINTR)
                {
                    if (error is not Errno.EAGAIN)
                        break; // disconnected: epoll reports it as well
                    _isFull = true;
                    Arm();
                    return sent;
                }
            }
            return bytes.Length;
        }

        public void Close()
        {
            if (_closed)
                return;
            _closed = true;
            socket._epoll.Remove(fd);
            _ = Libc.Close(fd);
            socket._clients.Remove(number);
        }
        void SetGone()
        {
            if (_gone)
                return;
            _gone = true;
            Handler.Gone();
        }
        void Read()
        {
            var buffer = socket._buffer;
            var count = (int)Libc.Recv(fd, ref buffer[0], Math.Min(_requestedBytes, buffer.Length), 0);
            if (count < 0 && Libc.LastError is Errno.EAGAIN or Errno.EINTR)
                return;
            _requestedBytes = 0;
            if (count > 0)
                Handler.Received(buffer.AsSpan(0, count));
            else
                Handler.Ended(); // the end, or ECONNRESET: it left replies unread, and no more can be read
        }
        void Arm()
        {
            var events = (_requestedBytes > 0 ? Libc.EPOLLIN : 0) | (_isFull ? Libc.EPOLLOUT : 0);
            // epoll reports a hang-up each time: after it, only what the client sent before matters
            if (!_closed && (!_gone || events != 0))
                socket._epoll.Rearm(fd, number, events);
        }
    }
}
