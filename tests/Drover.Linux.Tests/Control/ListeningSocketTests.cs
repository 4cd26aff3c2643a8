using System.Globalization;
using System.Net.Sockets;
using Drover.Linux.Control;

namespace Drover.Linux.Tests.Control;

/// <summary>The socket's file: whose it is, and who may replace it.</summary>
public sealed class ListeningSocketTests : IDisposable
{
    readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void It_is_made_with_its_directory_for_everybody_and_removed_at_the_end()
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
    public void A_dead_ones_file_is_replaced()
    {
        var path = _directory["socket"];
        ControlScene.LeaveDead(path);

        using var socket = ListeningSocket.Open(path);
        Assert.Equal(Loading.Errno.None, Try(path));
    }

    [Fact]
    public void One_that_answers_is_not_replaced_whoever_it_is()
    {
        var path = _directory["socket"];
        using (ListeningSocket.Open(path))
        {
            Assert.Contains("another daemon", Assert.Throws<IOException>(() => ListeningSocket.Open(path)).Message, StringComparison.Ordinal);
            Assert.True(File.Exists(path));
        }

        using var foreign = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        foreign.Bind(new UnixDomainSocketEndPoint(path));
        foreign.Listen();
        Assert.Contains("another daemon", Assert.Throws<IOException>(() => ListeningSocket.Open(path)).Message, StringComparison.Ordinal);
        Assert.Equal(Loading.Errno.None, Try(path));
    }

    [Fact]
    public void What_is_no_socket_stays()
    {
        _directory.File("socket", "precious");
        Assert.Contains("no socket", Assert.Throws<IOException>(() => ListeningSocket.Open(_directory["socket"])).Message, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(_directory["socket"]));
        Assert.Throws<IOException>(() => ListeningSocket.Open(_directory[new string('x', 120)]));
    }

    [Fact]
    public void Of_many_that_start_at_once_one_listens()
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
                    // somebody else is it
                }
            });
            Assert.Single(opened, socket => socket is not null);
            Assert.Equal(Loading.Errno.None, Try(path));
            opened.Single(socket => socket is not null)!.Dispose();
        }
    }

    [Fact]
    public void One_that_systemd_listens_at_is_served_and_left_where_it_is()
    {
        var path = _directory["socket"];
        using var systemds = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        systemds.Bind(new UnixDomainSocketEndPoint(path));
        systemds.Listen();
        var fd = (int)systemds.Handle;
        var us = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        Assert.Null(ListeningSocket.TryHandedDown(null, null, fd));
        Assert.Null(ListeningSocket.TryHandedDown("1", "1", fd));
        Assert.Null(ListeningSocket.TryHandedDown(us, "0", fd));
        Assert.Null(ListeningSocket.TryHandedDown(us, "x", fd));
        var socket = ListeningSocket.TryHandedDown(us, "1", fd)!;
        Assert.Equal(Loading.Errno.EAGAIN, socket.Accept() < 0 ? Syscalls.Libc.LastError : Loading.Errno.None); // it does not block
        Assert.Equal(Loading.Errno.None, Try(path));
        Assert.InRange(socket.Accept(), 0, int.MaxValue);
        Assert.True(File.Exists(path));
    }

    static Loading.Errno Try(string path)
    {
        var client = UnixSocket.Create();
        var error = UnixSocket.Connect(client, path);
        _ = Syscalls.Libc.Close(client);
        return error;
    }
}
