using Drover.Devices.Control;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux.Control;

/// <summary>
/// The daemon's control socket. One thread waits for all clients and does nothing else; what is to be done is done on the event loop, by calls that do not block, and
/// the thread is asked for a client only once the loop can take what it sends. So a client costs a descriptor and what the protocol keeps of it, and no thread.
/// Made, used and disposed on the event loop.
/// </summary>
public sealed class ControlSocket : IDisposable
{
    /// <summary>Where every client looks.</summary>
    public const string DefaultPath = "/run/drover/io.drover.Loader";

    /// <summary>Clients accepted in one turn of the loop.</summary>
    const int AcceptedInATurn = 64;

    const ulong Listener = 0, Stop = 1, FirstClient = 2;

    /// <summary>Where there is no descriptor or memory for a client, the next look is after this.</summary>
    static readonly TimeSpan OutOfResources = TimeSpan.FromMilliseconds(100);

    readonly EventLoop _loop;
    readonly ListeningSocket _listener;
    readonly Func<IControlConnection, IControlHandler?> _accept;
    readonly EpollSet _epoll;
    readonly WakeUp _stop = new();
    readonly NativeThread _thread;
    readonly Dictionary<ulong, ControlConnection> _clients = [];
    ulong _next = FirstClient;
    bool _disposed;

    ControlSocket(EventLoop loop, ListeningSocket listener, Func<IControlConnection, IControlHandler?> accept)
    {
        (_loop, _listener, _accept) = (loop, listener, accept);
        _epoll = EpollSet.Create();
        _epoll.TryAdd(_stop.Fd, Stop, Libc.EPOLLIN);
        _epoll.TryAdd(_listener.Fd, Listener, Libc.EPOLLIN);
        _thread = NativeThread.Start("control", Watch);
    }

    /// <summary>Bytes of one client that were read, before the protocol has them; one buffer for all.</summary>
    internal byte[] Buffer { get; } = new byte[ControlLimits.MaxMessageBytes];

    internal EpollSet Epoll => _epoll;

    /// <summary>Listens at a path. The directory is made where it is missing; a socket that a dead daemon has left is replaced.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="loop">Where clients are served.</param>
    /// <param name="accept">Is asked for each client; null: it is disconnected.</param>
    /// <exception cref="IOException">Another daemon answers there, or the system refuses.</exception>
    public static ControlSocket Listen(string path, EventLoop loop, Func<IControlConnection, IControlHandler?> accept) => Serve(ListeningSocket.Open(path), loop, accept);

    /// <summary>Serves the clients of the socket that systemd listens at for this process (LISTEN_PID, LISTEN_FDS); null where there is none.</summary>
    /// <inheritdoc cref="Listen"/>
    public static ControlSocket? TryHandedDown(EventLoop loop, Func<IControlConnection, IControlHandler?> accept) =>
        ListeningSocket.TryHandedDown(Environment.GetEnvironmentVariable("LISTEN_PID"), Environment.GetEnvironmentVariable("LISTEN_FDS")) is { } listener ? Serve(listener, loop, accept) : null;

    /// <summary>Ends it: clients are disconnected, the file is gone. Their handlers are told first.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _stop.Set();
        _thread.Join(); // it waits for nothing but the descriptors
        foreach (var client in _clients.Values.ToArray())
        {
            client.Abandon();
        }

        _listener.Dispose();
        _epoll.Dispose();
        _stop.Dispose();
    }

    internal void Remove(ulong number) => _clients.Remove(number);

    internal void Post(Action action) => _loop.Post(action);

    static ControlSocket Serve(ListeningSocket listener, EventLoop loop, Func<IControlConnection, IControlHandler?> accept)
    {
        try
        {
            return new(loop, listener, accept);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    void Watch()
    {
        while (true)
        {
            if (_epoll.Wait() is not { } events)
            {
                // nothing of the kind is known to happen; it must not go unseen
                var error = Libc.LastError;
                _loop.Post(() => throw new IOException($"control socket: epoll_wait: {ErrnoText.Describe(error)}"));
                return;
            }

            if (events.Exists(static one => one.Number == Stop))
            {
                return;
            }

            _loop.Post(() => Serve(events));
        }
    }

    void Serve(List<(ulong Number, uint Events)> events)
    {
        foreach (var (number, what) in events)
        {
            if (_disposed)
            {
                return;
            }

            if (number == Listener)
            {
                Accept();
            }
            else if (_clients.TryGetValue(number, out var client))
            {
                client.Serve(what);
            }
        }
    }

    void Accept()
    {
        for (var i = 0; i < AcceptedInATurn; i++)
        {
            var fd = _listener.Accept();
            if (fd >= 0)
            {
                Begin(fd);
                continue;
            }

            if (Libc.LastError is Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM or (Errno)105) // ENOBUFS
            {
                _ = _loop.Start(AcceptLaterAsync);
                return;
            }

            if (Libc.LastError is Errno.EAGAIN)
            {
                break;
            }
        }

        AcceptMore();
    }

    async Task AcceptLaterAsync()
    {
        await _loop.Delay(OutOfResources);
        AcceptMore();
    }

    void AcceptMore()
    {
        if (!_disposed)
        {
            _epoll.Rearm(_listener.Fd, Listener, Libc.EPOLLIN);
        }
    }

    void Begin(int fd)
    {
        var number = _next++;
        if (UnixSocket.PeerOf(fd) is not { } peer || !_epoll.TryAdd(fd, number, 0))
        {
            _ = Libc.Close(fd);
            return;
        }

        var client = new ControlConnection(this, fd, number, peer);
        _clients.Add(number, client);
        if (_accept(client) is { } handler)
        {
            client.Handler = handler;
        }
        else
        {
            ((IControlConnection)client).Close();
        }
    }
}
