using System.Net.Sockets;
using System.Text;
using Drover.Control;
using Drover.Control.Tests;
using Drover.Kernel;
using Drover.Linux.Runtime;
using Drover.Linux.Sockets;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Tests.Sockets;

/// <summary>A daemon for tests behind a real socket in its own directory; its loop runs during <see cref="Run"/>, on
/// the calling thread.</summary>
sealed class ControlScene : IDisposable
{
    readonly TestDirectory _directory = new();
    readonly LiveLoop _loop = new();

    internal ControlScene() => Service = new(_loop, Loads, new() { Version = "1.2.3" });

    internal string Path => _directory["io.drover.Loader"];

    internal EventLoop Loop => _loop;

    internal FakeLoads Loads { get; } = new();

    internal ControlService Service { get; }

    /// <summary>The peers of all connections.</summary>
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

    /// <summary>A plain socket as client.</summary>
    internal Socket Connect()
    {
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(Path));
        return client;
    }

    /// <summary>A <see cref="ControlClient"/> on its own thread.</summary>
    internal Task<T> Client<T>(Func<ControlClient, T> talk) => Task.Run(() =>
    {
        using var client = ControlClient.TryConnect(Path)!;
        return talk(client);
    });

    internal static ReadOnlyMemory<byte> Status { get; } = VarlinkMessage.Call("io.drover.Loader.Status");

    /// <summary>Creates the file that a killed daemon leaves.</summary>
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
        _directory.Dispose();
    }
}
