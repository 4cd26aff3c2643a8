using System.Diagnostics;
using Drover.Kernel;

namespace Drover.Control;

/// <summary>The limits of the control socket: what a hostile client can cost. Received bytes take at most
/// <see cref="MaxConnections"/> × <see cref="MaxMessageBytes"/>, replies at most <see cref="MaxTotalUnsentBytes"/>
/// and one reply.</summary>
public static class ControlLimits
{
    /// <summary>A call with its NUL, and all pipelined calls: more is read when these are answered.</summary>
    public const int MaxMessageBytes = 64 << 10;

    /// <summary>Unsent replies of one client; a single reply (Modules) may be larger when no other waits.</summary>
    public const int MaxUnsentBytes = 1 << 20;

    /// <summary>Unsent replies of all clients; above it, the client with the most is disconnected.</summary>
    public const int MaxTotalUnsentBytes = 16 << 20;

    public const int MaxConnections = 1024;

    /// <summary>Connections only root can use, so that other users cannot lock it out.</summary>
    public const int ConnectionsReservedForRoot = 64;

    public const int MaxConnectionsPerUser = 64;

    /// <summary>Names of one Load call: more than a command line has.</summary>
    public const int MaxNames = 1024;

    /// <summary>No modalias of the kernel is longer: UEVENT_BUFFER_SIZE (include/linux/kobject.h).</summary>
    public const int MaxNameBytes = 2048;

    /// <summary>Waiting requests that Status and Settle list; a large coldplug has tens of thousands.</summary>
    public const int MaxListed = 256;
}

public sealed class ControlOptions
{
    /// <summary>The program's version, for GetInfo.</summary>
    public required string Version { get; init; }

    /// <summary>The group whose members, like root, may load, settle and reload; null for root only.</summary>
    public uint? GroupId { get; init; }

    /// <summary>The process in which the kernel has asked for a name (request_module), or null.</summary>
    public Func<string, RequestingProcess?> FindKernelRequest { get; init; } = _ => null;

    /// <summary>How long the last boots took, in microseconds, the present one first; for the metrics.</summary>
    public Func<long[]> BootTimes { get; init; } = () => [];

    /// <summary>Whether a client may call the methods that change the machine or wait.</summary>
    internal bool MayChange(ControlPeer peer) =>
        peer.UserId == 0 || (GroupId is { } group && (peer.GroupId == group || peer.Groups.Contains(group)));
}

/// <summary>Serves the clients of the control socket, over any transport: admits them within
/// <see cref="ControlLimits"/> and dispatches their calls to the interfaces. Runs on the event loop.</summary>
public sealed class ControlService : IDisposable
{
    readonly EventLoop _loop;
    readonly ServiceInterface _serviceInterface;
    readonly LoaderInterface _loaderInterface;
    readonly HashSet<ControlSession> _sessions = [];
    readonly Dictionary<uint, int> _connectionsByUser = [];
    int _unprivilegedConnections;
    bool _disposed;

    public ControlService(EventLoop loop, ILoadService loads, ControlOptions options)
    {
        _loop = loop;
        _serviceInterface = new ServiceInterface(options.Version);
        _loaderInterface = new LoaderInterface(loads, options, () => Metrics.Format(
            loads.Status(), loads.Modules(), options.BootTimes(), Connections, options.Version));
    }

    public int Connections => _sessions.Count;

    public long UnsentBytes { get; private set; }

    /// <summary>Serves a client; its first call is read in a later turn of the loop. Null when there are too many
    /// clients: the caller closes the connection.</summary>
    public IControlHandler? Accept(IControlConnection connection)
    {
        var user = connection.Peer.UserId;
        if (_disposed || _sessions.Count >= ControlLimits.MaxConnections)
            return null;
        if (user != 0 && _connectionsByUser.GetValueOrDefault(user) >= ControlLimits.MaxConnectionsPerUser)
            return null;
        const int MaxUnprivileged = ControlLimits.MaxConnections - ControlLimits.ConnectionsReservedForRoot;
        if (user != 0 && _unprivilegedConnections >= MaxUnprivileged)
            return null;
        var session = new ControlSession(this, connection);
        _sessions.Add(session);
        Count(user, 1);
        _loop.Detach(_loop.Start(session.ServeAsync));
        return session;
    }

    /// <summary>Disconnects all clients; their loads continue.</summary>
    public void Dispose()
    {
        _disposed = true;
        foreach (var session in _sessions.ToArray())
            session.Dispose();
        Debug.Assert(_sessions.Count == 0 && UnsentBytes == 0, "every session removes itself and its replies");
        _loaderInterface.Dispose();
    }

    internal Task DispatchAsync(ControlSession client, VarlinkCall call)
    {
        var dot = Math.Max(call.Method.LastIndexOf('.'), 0);
        var (name, method) = (call.Method[..dot], call.Method[dot..].TrimStart('.'));
        var responder = new VarlinkResponder(client, call);
        if (call.WantsUpgrade)
            responder.Error(VarlinkErrors.MethodNotImplemented, "method", call.Method);
        else if (name == VarlinkInterfaces.Service)
            _serviceInterface.Answer(method, responder);
        else if (name == VarlinkInterfaces.Loader)
            return _loaderInterface.InvokeAsync(method, responder);
        else
            responder.Error(VarlinkErrors.InterfaceNotFound, "interface", name);
        return Task.CompletedTask;
    }

    /// <summary>Counts unsent bytes; above the limit, the client with the most is disconnected.</summary>
    internal void AddUnsent(int bytes)
    {
        UnsentBytes += bytes;
        Debug.Assert(UnsentBytes >= 0, "no more is sent than was queued");
        if (bytes > 0 && UnsentBytes > ControlLimits.MaxTotalUnsentBytes)
            _sessions.MaxBy(session => session.UnsentBytes)!.Dispose();
    }

    internal void Remove(ControlSession session)
    {
        var removed = _sessions.Remove(session);
        Debug.Assert(removed, "a session is removed once");
        Count(session.Peer.UserId, -1);
    }

    void Count(uint user, int change)
    {
        _unprivilegedConnections += user != 0 ? change : 0;
        var count = _connectionsByUser.GetValueOrDefault(user) + change;
        Debug.Assert(count >= 0 && _unprivilegedConnections >= 0, "connections are counted in pairs");
        if (count > 0)
            _connectionsByUser[user] = count;
        else
            _connectionsByUser.Remove(user);
    }
}

/// <summary>One client. Its calls are answered in order, each in its own turn of the loop, and the next is read only
/// after the client has taken the last reply. So a client that calls without end, or does not read, delays only itself.
/// Runs on the event loop.</summary>
sealed class ControlSession : IControlHandler, IDisposable
{
    readonly ControlService _service;
    readonly IControlConnection _connection;
    readonly MessageBuffer _received = new(ControlLimits.MaxMessageBytes);
    readonly Queue<ReadOnlyMemory<byte>> _unsent = new();
    readonly CancellationTokenSource _disconnecting = new();
    readonly TaskCompletionSource _left = new();
    TaskCompletionSource? _change;
    int _sentOfFirst; // bytes of the first unsent message that are sent
    bool _isReceiving, _ended, _closed;

    public ControlSession(ControlService service, IControlConnection connection) =>
        (_service, _connection, Disconnected) = (service, connection, _disconnecting.Token);

    public ControlPeer Peer => _connection.Peer;

    /// <summary>Cancelled when the client disconnects.</summary>
    public CancellationToken Disconnected { get; }

    /// <summary>Completes when the client disconnects.</summary>
    public Task Left => _left.Task;

    public int UnsentBytes { get; private set; }

    /// <summary>Serves the client until it disconnects, has no more calls, or violates the protocol.</summary>
    public async Task ServeAsync()
    {
        try
        {
            while (!_closed)
            {
                if (_unsent.Count > 0)
                {
                    await ChangeAsync();
                }
                else if (_received.TryTake(out var message))
                {
                    if (!await TryAnswerAsync(message))
                        break;
                    await Task.Yield();
                }
                else if (_ended || _received.Room == 0)
                {
                    break; // no more calls, or a call that is too large
                }
                else
                {
                    await ReceiveAsync();
                }
            }
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>Sends or queues a message; a client with too much in its queue is disconnected.</summary>
    public void Send(ReadOnlyMemory<byte> message)
    {
        if (_closed || Disconnected.IsCancellationRequested)
            return;
        if (_unsent.Count == 0)
        {
            message = message[_connection.Send(message.Span)..];
            if (message.IsEmpty)
                return;
        }
        else if (UnsentBytes + message.Length > ControlLimits.MaxUnsentBytes)
        {
            Dispose();
            return;
        }
        _unsent.Enqueue(message);
        AddUnsent(message.Length);
    }

    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        DropUnsent();
        _connection.Close();
        _service.Remove(this);
        Leave();
        _disconnecting.Dispose();
        Wake();
    }

    void IControlHandler.Received(ReadOnlySpan<byte> bytes)
    {
        Debug.Assert(_isReceiving, "bytes arrive on request only");
        Debug.Assert(bytes.Length <= _received.Room, "no more than was requested");
        _isReceiving = false;
        _received.Append(bytes);
        Wake();
    }

    void IControlHandler.Ended()
    {
        Debug.Assert(_isReceiving, "the end is the reply to a request");
        (_isReceiving, _ended) = (false, true);
        Wake();
    }

    void IControlHandler.Writable()
    {
        while (_unsent.TryPeek(out var message))
        {
            var sent = _connection.Send(message.Span[_sentOfFirst..]);
            _sentOfFirst += sent;
            AddUnsent(-sent);
            if (_sentOfFirst < message.Length)
                return;
            _unsent.Dequeue();
            _sentOfFirst = 0;
        }
        Wake();
    }

    void IControlHandler.Gone()
    {
        DropUnsent();
        Leave();
        Wake();
    }

    /// <summary>False for a message that is not a call; Varlink has no reply to that.</summary>
    async Task<bool> TryAnswerAsync(ReadOnlyMemory<byte> message)
    {
        if (!VarlinkCall.TryParse(message, out var call))
            return false;
        using (call)
        {
            // a oneway call is carried out even when its client has disconnected
            if (call.IsOneway || !Disconnected.IsCancellationRequested)
                await _service.DispatchAsync(this, call);
        }
        return true;
    }

    void AddUnsent(int bytes)
    {
        UnsentBytes += bytes;
        Debug.Assert(UnsentBytes >= 0, "no more is sent than was queued");
        _service.AddUnsent(bytes);
    }

    void DropUnsent()
    {
        AddUnsent(-UnsentBytes);
        _unsent.Clear();
        _sentOfFirst = 0;
    }

    void Leave()
    {
        _disconnecting.Cancel();
        _left.TrySetResult();
    }

    async Task ReceiveAsync()
    {
        Debug.Assert(!_isReceiving, "one request at a time");
        _isReceiving = true;
        _connection.Receive(_received.Room);
        while (_isReceiving && !_closed)
            await ChangeAsync();
    }

    Task ChangeAsync()
    {
        Debug.Assert(_change is null, "only ServeAsync waits");
        _change = new TaskCompletionSource();
        return _change.Task;
    }

    void Wake()
    {
        var change = _change;
        _change = null;
        change?.SetResult();
    }
}
