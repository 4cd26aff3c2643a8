using System.Globalization;
using System.Net.Sockets;
using Drover.Linux.Sockets;

namespace Drover.Linux.Tests.Sockets;

/// <summary>The owner of the socket's file, and when it is replaced.</summary>
public sealed class ListeningSocketTests : IDisposable
{
    readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Socket_and_directory_are_created_for_all_users_and_the_socket_removed()
    {
        var path = _directory["run/drover/io.drover.Loader"];
        using (ListeningSocket.Open(path))
        {
            Assert.Equal((UnixFileMode)0x1b6, File.GetUnixFileMode(path));
            Assert.Equal((UnixFileMode)0x1ed, File.GetUnixFileMode(_directory["run/drover"]) & (UnixFileMode)0x1ff);
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Open_replaces_the_file_of_a_dead_daemon()
    {
        var path = _directory["socket"];
        ControlScene.LeaveDead(path);

        using var socket = ListeningSocket.Open(path);
        Assert.Equal(Drover.Kernel.Errno.None, Try(path));
    }

    [Fact]
    public void Open_fails_while_another_process_listens()
    {
        var path = _directory["socket"];
        using (ListeningSocket.Open(path))
        {
            Assert.Contains(
                "another daemon",
                Assert.Throws<IOException>(() => ListeningSocket.Open(path)).Message,
                StringComparison.Ordinal);
            Assert.True(File.Exists(path));
        }

        using var foreign = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        foreign.Bind(new UnixDomainSocketEndPoint(path));
        foreign.Listen();
        Assert.Contains(
            "another daemon",
            Assert.Throws<IOException>(() => ListeningSocket.Open(path)).Message,
            StringComparison.Ordinal);
        Assert.Equal(Drover.Kernel.Errno.None, Try(path));
    }

    [Fact]
    public void Open_fails_when_the_file_is_not_a_socket()
    {
        _directory.File("socket", "precious");
        Assert.Contains(
            "something else than a socket is there: name another path",
            Assert.Throws<IOException>(() => ListeningSocket.Open(_directory["socket"])).Message,
            StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(_directory["socket"]));
        Assert.Throws<IOException>(() => ListeningSocket.Open(_directory[new string('x', 120)]));
    }

    [Fact]
    public void Only_one_of_many_concurrent_daemons_listens()
    {
        var path = _directory["socket"];
        for (var round = 0; round < 20; round++)
        {
            ControlScene.LeaveDead(path);
            var opened = new ListeningSocket?[8];
            Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
            {
                try
                {
                    opened[i] = ListeningSocket.Open(path);
                }
                catch (IOException)
                {
                    // another one listens
                }
            });
            Assert.Single(opened, socket => socket is not null);
            Assert.Equal(Drover.Kernel.Errno.None, Try(path));
            opened.Single(socket => socket is not null)!.Dispose();
        }
    }

    [Fact]
    public void Socket_of_systemd_is_used_and_its_file_kept()
    {
        var path = _directory["socket"];
        using var systemds = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        systemds.Bind(new UnixDomainSocketEndPoint(path));
        systemds.Listen();
        var fd = (int)systemds.Handle;
        var us = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        Assert.Null(ListeningSocket.TryFromSystemd(null, null, fd));
        Assert.Null(ListeningSocket.TryFromSystemd("1", "1", fd));
        Assert.Null(ListeningSocket.TryFromSystemd(us, "0", fd));
        Assert.Null(ListeningSocket.TryFromSystemd(us, "x", fd));
        var socket = ListeningSocket.TryFromSystemd(us, "1", fd)!;
        Assert.Equal(
            Drover.Kernel.Errno.EAGAIN,
            socket.Accept() < 0 ? Syscalls.Libc.LastError : Drover.Kernel.Errno.None); // it does not block
        Assert.Equal(Drover.Kernel.Errno.None, Try(path));
        Assert.InRange(socket.Accept(), 0, int.MaxValue);
        Assert.True(File.Exists(path));
    }

    static Drover.Kernel.Errno Try(string path)
    {
        var client = UnixSocket.Create();
        var error = UnixSocket.Connect(client, path);
        _ = Syscalls.Libc.Close(client);
        return error;
    }
}
