using System.Net.Sockets;
using Drover.Control;
using Drover.Linux.Sockets;

namespace Drover.Linux.Tests.Sockets;

/// <summary>A client without a daemon, or whose daemon ends.</summary>
public sealed class ControlClientTests : IDisposable
{
    static readonly ReadOnlyMemory<byte> Load = new LoadBatch(["loop"]).TryWriteCall()!.Value;

    readonly TestDirectory _directory = new();

    string Path => _directory["socket"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void TryConnect_returns_null_without_a_socket()
    {
        Assert.Null(ControlClient.TryConnect(Path));
        Assert.Null(ControlClient.TryConnect(_directory["no/such/directory"]));
        Assert.Null(ControlClient.TryConnect("/" + new string('x', 200)));
        _directory.File("socket", "a file");
        Assert.Null(ControlClient.TryConnect(Path));
    }

    [Fact]
    public void TryConnect_returns_null_for_the_socket_of_a_dead_daemon()
    {
        ControlScene.LeaveDead(Path);
        Assert.Null(ControlClient.TryConnect(Path));
    }

    [Fact]
    public void TryConnect_returns_null_when_the_queue_of_clients_is_full()
    {
        using var server = Listen(Path, backlog: 0);
        var clients = new List<ControlClient>();
        while (ControlClient.TryConnect(Path) is { } client)
            clients.Add(client);

        Assert.NotEmpty(clients);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Call_ends_as_Gone_when_the_daemon_is_killed()
    {
        using var daemon = new ControlChild(Path);
        using var client = ControlClient.TryConnect(Path)!;
        var call = Task.Run(() => client.Call(Load));
        daemon.WaitUntilAsked();
        Assert.False(call.IsCompleted);
        daemon.Kill();
        Assert.Equal(ControlEnd.Gone, (await call).End);
        Assert.Null(ControlClient.TryConnect(Path));
        // its socket file is replaced
        using var next = new ControlChild(Path);
        using var again = ControlClient.TryConnect(Path)!;
        Assert.Equal(ControlEnd.Replied, again.Call(ControlScene.Status).End);
    }

    [Fact]
    public void Call_ends_at_its_timeout()
    {
        using var server = Listen(Path);
        using var client = ControlClient.TryConnect(Path)!;
        Assert.Equal(ControlEnd.TimedOut, client.Call(Load, TimeSpan.FromMilliseconds(1)).End);
        Assert.Equal(ControlEnd.TimedOut, client.Next(TimeSpan.Zero).End);
    }

    [Fact]
    public async Task Abort_ends_a_call_on_another_thread()
    {
        using var server = Listen(Path);
        using var client = ControlClient.TryConnect(Path)!;
        var call = Task.Run(() => client.Call(Load));
        using var other = server.Accept();
        Assert.NotEqual(0, other.Receive(new byte[1000]));
        client.Abort();
        Assert.Equal(ControlEnd.Gone, (await call).End);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"parameters\":{}}")]
    [InlineData("{\"parameters\":{\0")]
    [InlineData("nonsense\0")]
    [InlineData("[]\0")]
    [InlineData("{\"error\":\"\\ud800\"}\0")]
    public void Malformed_reply_is_Gone(string answer)
    {
        using var server = Listen(Path);
        using var client = ControlClient.TryConnect(Path)!;
        using (var other = server.Accept())
            other.Send(ControlScene.Text(answer));

        Assert.Equal(ControlEnd.Gone, client.Call(Load).End);
    }

    [Fact]
    public async Task Replies_are_split_at_NULs_in_any_pieces_and_size()
    {
        using var server = Listen(Path);
        using var client = ControlClient.TryConnect(Path)!;
        using var other = server.Accept();
        var large = new string('x', 1 << 20);
        var sending = Task.Run(() =>
        {
            foreach (var one in ControlScene.Text("{\"parameters\":{\"a\":1},\"continues\":true}\0{\"er"))
                other.Send([one]);

            other.Send(ControlScene.Text(
                "ror\":\"a.b.C\",\"parameters\":{\"x\":\"" + large + "\"}}" + "\0{\"parameters\":{}}\0"));
        });
        var first = client.Call(Load);
        Assert.Equal(
            (ControlEnd.Replied, 1, true), (first.End, first.Parameters.GetProperty("a").GetInt32(), first.Continues));
        var second = client.Next();
        Assert.Equal(
            (ControlEnd.Refused, "a.b.C", large, false),
            (second.End, second.Error, second.Parameters.GetProperty("x").GetString(), second.Continues));
        Assert.Equal(ControlEnd.Replied, client.Next().End);
        await sending;
    }

    static Socket Listen(string path, int backlog = 10)
    {
        var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        server.Bind(new UnixDomainSocketEndPoint(path));
        server.Listen(backlog);
        return server;
    }
}
