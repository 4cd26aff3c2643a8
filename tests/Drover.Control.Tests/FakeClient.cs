using System.Text;
using System.Text.Json;
using Drover.Kernel;

namespace Drover.Control.Tests;

/// <summary>A client without a socket. Its writes are received on request, in the pieces it wrote.</summary>
sealed class FakeClient : IControlConnection
{
    readonly EventLoop _loop;
    readonly IControlHandler? _handler;
    readonly Queue<byte[]> _written = new();
    readonly List<byte> _read = [];
    readonly Queue<JsonElement> _replies = new();
    TaskCompletionSource? _something;
    int _room;
    bool _finished, _vanished, _blocked, _handed;

    public FakeClient(EventLoop loop, ControlService service, ControlPeer? peer = null)
    {
        (_loop, Peer) = (loop, peer ?? Root);
        _handler = service.Accept(this);
    }

    public static ControlPeer Root { get; } = new(0, 0, [], 42);

    public ControlPeer Peer { get; }

    public bool IsAccepted => _handler is not null;

    public bool IsClosed { get; private set; }

    /// <summary>Bytes it accepts before it blocks; no limit by default.</summary>
    public int Takes { get; set; } = int.MaxValue;

    /// <summary>The largest request for bytes.</summary>
    public int MaxRequested { get; private set; }

    public long BytesHanded { get; private set; }

    public FakeClient Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    public FakeClient Write(byte[] bytes)
    {
        _written.Enqueue(bytes);
        Hand();
        return this;
    }

    public FakeClient Call(string method, string parameters = "{}", string more = "") =>
        Write($$"""{"method":"{{method}}","parameters":{{parameters}}{{more}}}""" + "\0");

    /// <summary>Ends its side.</summary>
    public FakeClient Finish()
    {
        _finished = true;
        Hand();
        return this;
    }

    /// <summary>Disconnects.</summary>
    public void Vanish()
    {
        (_vanished, _finished) = (true, true);
        _loop.Post(() =>
        {
            if (!IsClosed)
                _handler!.Gone();
        });
        Hand();
    }

    /// <summary>Accepts this many more bytes.</summary>
    public void Take(int bytes)
    {
        Takes = bytes;
        if (!_blocked)
            return;
        _blocked = false;
        _loop.Post(() =>
        {
            if (!IsClosed)
                _handler!.Writable();
        });
    }

    /// <summary>The next reply.</summary>
    public async Task<JsonElement> ReplyAsync()
    {
        while (_replies.Count == 0)
        {
            Assert.False(IsClosed, "disconnected before the reply");
            await SomethingAsync();
        }
        return _replies.Dequeue();
    }

    /// <summary>The parameters of the next reply.</summary>
    public async Task<JsonElement> ParametersAsync() => (await ReplyAsync()).GetProperty("parameters");

    public async Task ClosedAsync()
    {
        while (!IsClosed)
            await SomethingAsync();
    }

    public int Replies => _replies.Count;

    void IControlConnection.Receive(int maxBytes)
    {
        Assert.False(IsClosed);
        Assert.Equal(0, _room);
        Assert.InRange(maxBytes, 1, ControlLimits.MaxMessageBytes);
        MaxRequested = Math.Max(MaxRequested, maxBytes);
        _room = maxBytes;
        Hand();
    }

    int IControlConnection.Send(ReadOnlySpan<byte> bytes)
    {
        Assert.False(IsClosed);
        Assert.False(_blocked, "sent to a blocked client");
        if (_vanished)
            return bytes.Length;
        var taken = Math.Min(bytes.Length, Takes);
        Takes -= Takes == int.MaxValue ? 0 : taken;
        foreach (var one in bytes[..taken])
        {
            if (one != 0)
            {
                _read.Add(one);
                continue;
            }
            _replies.Enqueue(JsonElement.Parse(_read.ToArray()));
            _read.Clear();
        }
        _blocked = taken < bytes.Length;
        Stir();
        return taken;
    }

    void IControlConnection.Close()
    {
        Assert.False(IsClosed);
        IsClosed = true;
        Stir();
    }

    void Hand()
    {
        if (_room == 0 || _handed || (_written.Count == 0 && !_finished))
            return;
        _handed = true;
        _loop.Post(() =>
        {
            _handed = false;
            if (IsClosed || _room == 0)
                return;
            var room = _room;
            _room = 0;
            if (!_written.TryPeek(out var piece))
            {
                _handler!.Ended();
                return;
            }
            var now = piece[..Math.Min(room, piece.Length)];
            _written.Dequeue();
            if (now.Length < piece.Length)
                PutBack(piece[now.Length..]);
            BytesHanded += now.Length;
            _handler!.Received(now);
        });
    }

    void PutBack(byte[] rest)
    {
        var others = _written.ToArray();
        _written.Clear();
        _written.Enqueue(rest);
        foreach (var other in others)
            _written.Enqueue(other);
    }

    Task SomethingAsync()
    {
        _something ??= new();
        return _something.Task;
    }

    void Stir()
    {
        var something = _something;
        _something = null;
        something?.SetResult();
    }
}
