using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Drover.CommandLine;
using Drover.Control;
using Drover.Control.Tests;
using Drover.Kernel;
using Drover.Model.Time;
using Drover.Tests;

namespace Drover.Fuzz;

/// <summary>Both ends of the control socket.</summary>
static class ControlTargets
{
    static readonly string[][] s_commands =
    [
        ["status", "--once"], ["status", "--json"], ["settle"], ["settle", "--json"], ["timeline"],
        ["timeline", "--json"],
    ];

    static readonly Lazy<FuzzedDaemon> s_daemon = new(() => new());

    /// <summary>A byte for the size of the pieces in which the rest arrives.</summary>
    public static void Daemon(byte[] input)
    {
        if (input.Length == 0)
            return;
        var loop = new SimulatedLoop(1);
        using var service = new ControlService(loop, new FakeLoads(), new ControlOptions { Version = "1" });
        var client = new FuzzedClient(loop, service, input[1..], Math.Max((int)input[0], 1));
        loop.Run(async () =>
        {
            await client.ClosedAsync();
            return 0;
        });
        foreach (var reply in client.Sent.Split('\0')[..^1])
            JsonDocument.Parse(reply).Dispose();
        if (service.UnsentBytes != 0 || service.Connections != 0)
            throw new FuzzFault($"{service.UnsentBytes} bytes and {service.Connections} connections are left");
    }

    /// <summary>A byte for the command, then the daemon's replies to Status or Settle, and to Modules.</summary>
    public static void Client(byte[] input)
    {
        if (input.Length == 0)
            return;
        var reply = input.AsMemory(1);
        new LoadBatch(["m"]).TryReadReply(ControlReply.Parse(reply).Parameters);
        var daemon = s_daemon.Value;
        var end = reply.Span.IndexOf((byte)0);
        daemon.Replies = end < 0 ? (reply, reply) : (reply[..end], reply[(end + 1)..]);
        var command = s_commands[input[0] % s_commands.Length];
        var terminal = new Terminal(TextWriter.Null, TextWriter.Null, isWatched: false);
        if (TestedProgram.Run([.. command, "--socket", daemon.Path], terminal) is not (0 or 1) and var status)
            throw new FuzzFault($"{command[0]} ends with {status}");
    }

    /// <summary>Sends its bytes in pieces, ends its side, and disconnects later.</summary>
    sealed class FuzzedClient : IControlConnection
    {
        readonly StringBuilder _sent = new();
        readonly TaskCompletionSource _closed = new();
        readonly EventLoop _loop;
        readonly IControlHandler _handler;
        readonly byte[] _bytes;
        readonly int _piece;
        int _at;

        public FuzzedClient(EventLoop loop, ControlService service, byte[] bytes, int piece)
        {
            (_loop, _bytes, _piece) = (loop, bytes, piece);
            _handler = service.Accept(this)!;
        }

        public ControlPeer Peer { get; } = new(0, 0, [], 42);

        public string Sent => _sent.ToString();

        public async Task ClosedAsync()
        {
            await _loop.WaitAsync(_closed.Task, TimeSpan.FromHours(1));
            if (!_closed.Task.IsCompleted)
                _handler.Gone(); // a subscriber waits for that
            await _closed.Task;
        }

        public void Receive(int maxBytes) => _loop.Post(() =>
        {
            if (_closed.Task.IsCompleted)
                return;
            var count = Math.Min(Math.Min(maxBytes, _piece), _bytes.Length - _at);
            _at += count;
            if (count == 0)
                _handler.Ended();
            else
                _handler.Received(_bytes.AsSpan(_at - count, count));
        });

        public int Send(ReadOnlySpan<byte> bytes)
        {
            _sent.Append(Encoding.UTF8.GetString(bytes));
            return bytes.Length;
        }

        public void Close() => _closed.SetResult();
    }

    /// <summary>Answers each call with the same bytes, and then closes the connection. One for the process.</summary>
    sealed class FuzzedDaemon
    {
        public FuzzedDaemon()
        {
            var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(Path));
            listener.Listen();
            new Thread(() => Serve(listener)) { IsBackground = true }.Start();
        }

        public string Path { get; } = Scratch.Path("socket");

        public (ReadOnlyMemory<byte> Status, ReadOnlyMemory<byte> Modules) Replies { get; set; }

        void Serve(Socket listener)
        {
            var buffer = new byte[4 << 10];
            while (true)
            {
                try
                {
                    using var client = listener.Accept();
                    var call = buffer.AsSpan(0, client.Receive(buffer));
                    client.Send((call.IndexOf("Modules\""u8) < 0 ? Replies.Status : Replies.Modules).Span);
                    client.Send("\0"u8);
                }
                catch (SocketException)
                {
                    // the client did not wait
                }
            }
        }
    }
}
