using System.Net.Sockets;
using System.Text;
using Drover.Devices.Control;
using Drover.Devices.Tests.Control;
using Drover.Linux.Control;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux.Tests.Control;

/// <summary>A daemon of a test's making behind a real socket in a directory of its own; its loop runs while <see cref="Run"/> does, on the calling thread.</summary>
sealed class ControlScene : IDisposable
{
    readonly TestDirectory _directory = new();
    readonly LiveLoop _loop = new();

    internal ControlScene() => Service = new(_loop, Loads, new() { Version = "1.2.3" });

    internal string Path => _directory["io.drover.Loader"];

    internal EventLoop Loop => _loop;

    internal FakeLoads Loads { get; } = new();

    internal ControlService Service { get; }

    /// <summary>Peers of all that have connected.</summary>
    internal List<ControlPeer> Peers { get; } = [];

    /// <summary>Runs a test on the loop, with the socket.</summary>
    internal void Run(Func<ControlSocket, Task> test) => _loop.Run(async () =>
    {
        using var socket = ControlSocket.Listen(Path, _loop, Accept);
        await test(socket);
        return 0;
    });

    internal IControlHandler? Accept(IControlConnection connection)
    {
        Peers.Add(connection.Peer);
        return Service.Accept(connection);
    }

    /// <summary>A client that does as it pleases.</summary>
    internal Socket Connect()
    {
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(Path));
        return client;
    }

    /// <summary>A client of the program's own, on a thread of its own.</summary>
    internal Task<T> Client<T>(Func<ControlClient, T> talk) => Task.Run(() =>
    {
        using var client = ControlClient.TryConnect(Path)!;
        return talk(client);
    });

    internal static ReadOnlyMemory<byte> Status { get; } = ControlMessage.Call("io.drover.Loader.Status");

    /// <summary>What a daemon that was killed leaves behind.</summary>
    internal static void LeaveDead(string path)
    {
        var socket = UnixSocket.Create();
        Assert.True(UnixSocket.TryAddress(path, out var address, out var length));
        Assert.Equal(0, Libc.Bind(socket, address, length));
        _ = Libc.Close(socket);
    }

    internal static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    public void Dispose()
    {
        _loop.Dispose();
        _directory.Dispose();
    }
}
