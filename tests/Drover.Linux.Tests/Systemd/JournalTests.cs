using System.Net.Sockets;
using System.Text;
using Drover.Linux.Files;
using Drover.Linux.Systemd;

namespace Drover.Linux.Tests.Systemd;

public sealed class JournalTests : IDisposable
{
    readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Entry_has_its_fields_and_the_length_of_a_multiline_value()
    {
        var path = _directory["socket"];
        using var journal = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        journal.Bind(new UnixDomainSocketEndPoint(path));
        new Journal(path).Write(4, "two\nlines", ("DROVER_MODULE", "loop"));
        var buffer = new byte[1000];
        Assert.Equal(
            "PRIORITY=4\nSYSLOG_IDENTIFIER=drover\nMESSAGE\n\t\0\0\0\0\0\0\0two\nlines\nDROVER_MODULE=loop\n",
                Encoding.UTF8.GetString(buffer, 0, journal.Receive(buffer)));
    }

    [Fact]
    public void Write_drops_an_entry_without_a_listener() => new Journal(_directory["none"]).Write(6, "nobody hears");

    [Fact]
    public void Journal_stream_is_recognized_by_its_inode()
    {
        _directory.File("stderr", "");
        Assert.True(Journal.Of($"12:{LinuxPath.InodeOf(_directory["stderr"])}", _directory["stderr"]));
        Assert.All([null, "", "12", "12:", "12:x", "12:1"], stream =>
            Assert.False(Journal.Of(stream, _directory["stderr"])));
    }
}
