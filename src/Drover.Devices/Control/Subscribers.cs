namespace Drover.Devices.Control;

/// <summary>Clients that want to know of every outcome. Each outcome is written once, for all of them. One owner, the event loop.</summary>
internal sealed class Subscribers(ILoadService loads) : IDisposable
{
    readonly List<ControlSession> _clients = [];
    IDisposable? _subscription;

    public void Add(ControlSession client)
    {
        _subscription ??= loads.Subscribe(Tell);
        _clients.Add(client);
        client.Send(ControlMessage.Reply(json => json.WriteNull("served"u8), continues: true));
    }

    public void Remove(ControlSession client)
    {
        _clients.Remove(client);
        if (_clients.Count == 0)
            Dispose();
    }

    public void Dispose()
    {
        _subscription?.Dispose();
        _subscription = null;
    }

    void Tell(ServedOutcome served)
    {
        var message = ControlMessage.Reply(json => ReplyJson.WriteServed(json, served), continues: true);
        foreach (var client in _clients)
            client.Send(message); // one that is disconnected for it is removed in a later turn
    }
}
