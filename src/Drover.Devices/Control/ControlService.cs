using Drover.Loading;

namespace Drover.Devices.Control;

/// <summary>
/// What the control socket answers, whatever carries it: who may connect and ask, and the way of a call to its interface. The bounds are
/// <see cref="ControlLimits"/>. One owner, the event loop.
/// </summary>
public sealed class ControlService : IDisposable
{
    readonly EventLoop _loop;
    readonly ILoadService _loads;
    readonly ServiceInterface _ofService;
    readonly LoaderInterface _ofLoader;
    readonly HashSet<ControlSession> _sessions = [];
    readonly Dictionary<uint, int> _ofUser = [];
    int _ofOthers; // connections that are not root's
    bool _disposed;

    /// <summary>A service without clients.</summary>
    public ControlService(EventLoop loop, ILoadService loads, ControlOptions options)
    {
        (_loop, _loads) = (loop, loads);
        _ofService = new ServiceInterface(options.Version);
        _ofLoader = new LoaderInterface(loads, options, Metrics);
    }

    /// <summary>Clients that are connected.</summary>
    public int Connections => _sessions.Count;

    /// <summary>Replies that clients have not taken, of all of them.</summary>
    public long UnsentBytes { get; private set; }

    /// <summary>The counts as OpenMetrics text.</summary>
    public string Metrics() => MetricsText.Of(_loads.Status(), _sessions.Count);

    /// <summary>Serves a client. Its handler gets calls from the next turn on; null: there are too many clients, and it is to be closed.</summary>
    public IControlHandler? Accept(IControlConnection connection)
    {
        var user = connection.Peer.UserId;
        var ofUser = _ofUser.GetValueOrDefault(user);
        if (_disposed || _sessions.Count >= ControlLimits.MaxConnections)
            return null;
        if (user != 0 && (ofUser >= ControlLimits.MaxConnectionsPerUser || _ofOthers >= ControlLimits.MaxConnections - ControlLimits.ConnectionsKeptForRoot))
            return null;
        var session = new ControlSession(_loop, this, connection);
        _sessions.Add(session);
        _ofUser[user] = ofUser + 1;
        _ofOthers += user != 0 ? 1 : 0;
        _ = _loop.Start(session.ServeAsync);
        return session;
    }

    /// <summary>Disconnects every client; their loads go on.</summary>
    public void Dispose()
    {
        _disposed = true;
        foreach (var session in _sessions.ToArray())
            session.Dispose();
        _ofLoader.Dispose();
    }

    internal Task AnswerAsync(ControlSession client, ControlCall call)
    {
        var dot = Math.Max(call.Method.LastIndexOf('.'), 0);
        var (name, method) = (call.Method[..dot], call.Method[dot..].TrimStart('.'));
        var answer = new ControlAnswer(client, call);
        if (call.WantsUpgrade)
            answer.Error(ControlErrors.MethodNotImplemented, "method", call.Method);
        else if (name == InterfaceText.Service)
            _ofService.Answer(method, answer);
        else if (name == InterfaceText.Loader)
            return _ofLoader.AnswerAsync(method, answer);
        else
            answer.Error(ControlErrors.InterfaceNotFound, "interface", name);
        return Task.CompletedTask;
    }

    /// <summary>More is kept for clients, or less.</summary>
    internal void Keep(int bytes)
    {
        UnsentBytes += bytes;
        // whoever has most gives way: not who happens to ask now
        if (bytes > 0 && UnsentBytes > ControlLimits.MaxUnsentBytesOfAll)
            _sessions.MaxBy(session => session.UnsentBytes)!.Dispose();
    }

    internal void Remove(ControlSession session)
    {
        _sessions.Remove(session);
        var user = session.Peer.UserId;
        _ofOthers -= user != 0 ? 1 : 0;
        if (--_ofUser[user] == 0)
            _ofUser.Remove(user);
    }
}
