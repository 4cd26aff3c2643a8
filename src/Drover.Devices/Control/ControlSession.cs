using System.Runtime.ExceptionServices;
using Drover.Loading;

namespace Drover.Devices.Control;

/// <summary>
/// One client: its calls are answered one after another, each in a turn of the loop of its own, and the next one is not looked at before the client has taken the last
/// answer. So a client that asks without end, or does not read, waits for itself alone. One owner, the event loop.
/// </summary>
internal sealed class ControlSession : IControlHandler, IDisposable
{
    readonly EventLoop _loop;
    readonly ControlService _service;
    readonly IControlConnection _connection;
    readonly MessageBuffer _received = new();
    readonly Queue<ReadOnlyMemory<byte>> _unsent = new();
    readonly CancellationTokenSource _leave = new();
    readonly TaskCompletionSource _left = new();
    TaskCompletionSource? _change;
    int _takenOfFirst; // bytes of the first unsent message
    bool _isReceiving, _ended, _closed;

    public ControlSession(EventLoop loop, ControlService service, IControlConnection connection) =>
        (_loop, _service, _connection, Leave) = (loop, service, connection, _leave.Token);

    public ControlPeer Peer => _connection.Peer;

    /// <summary>Cancelled once the client has gone.</summary>
    public CancellationToken Leave { get; }

    /// <summary>Done once the client has gone.</summary>
    public Task Left => _left.Task;

    /// <summary>Replies that the client has not taken.</summary>
    public int UnsentBytes { get; private set; }

    /// <summary>Serves the client until it has gone, or does what nobody may.</summary>
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
                    break; // it said all, or says something endless
                }
                else
                {
                    await ReceiveAsync();
                }
            }
        }
        catch (Exception fault)
        {
            // a bug, ours or the service's: it must not go unseen
            _loop.Post(() => ExceptionDispatchInfo.Throw(fault));
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>Sends, or keeps until the client takes it. A client for whom too much is kept is disconnected.</summary>
    public void Send(ReadOnlyMemory<byte> message)
    {
        if (_closed || Leave.IsCancellationRequested)
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
        Keep(message.Length);
    }

    /// <summary>Disconnects the client.</summary>
    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        DropUnsent();
        _connection.Close();
        _service.Remove(this);
        Depart();
        _leave.Dispose();
        Wake();
    }

    void IControlHandler.Received(ReadOnlySpan<byte> bytes)
    {
        _isReceiving = false;
        _received.Append(bytes);
        Wake();
    }

    void IControlHandler.Ended()
    {
        (_isReceiving, _ended) = (false, true);
        Wake();
    }

    void IControlHandler.Writable()
    {
        while (_unsent.TryPeek(out var message))
        {
            var taken = _connection.Send(message.Span[_takenOfFirst..]);
            _takenOfFirst += taken;
            Keep(-taken);
            if (_takenOfFirst < message.Length)
                return;
            _unsent.Dequeue();
            _takenOfFirst = 0;
        }
        Wake();
    }

    void IControlHandler.Gone()
    {
        DropUnsent();
        Depart();
        Wake();
    }

    /// <summary>False for what is no call; there is no way to answer that.</summary>
    async Task<bool> TryAnswerAsync(ReadOnlyMemory<byte> message)
    {
        if (!ControlCall.TryParse(message, out var call))
            return false;
        using (call)
        {
            // who has gone gets no answer; what wants none is done nevertheless
            if (call.IsOneway || !Leave.IsCancellationRequested)
                await _service.AnswerAsync(this, call);
        }
        return true;
    }

    void Keep(int bytes)
    {
        UnsentBytes += bytes;
        _service.Keep(bytes);
    }

    void DropUnsent()
    {
        Keep(-UnsentBytes);
        _unsent.Clear();
        _takenOfFirst = 0;
    }

    void Depart()
    {
        _leave.Cancel();
        _left.TrySetResult();
    }

    async Task ReceiveAsync()
    {
        _isReceiving = true;
        _connection.Receive(_received.Room);
        while (_isReceiving && !_closed)
            await ChangeAsync();
    }

    Task ChangeAsync()
    {
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
