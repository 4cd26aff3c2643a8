using System.Net.Sockets;
using System.Text;
using Drover.Linux.Systemd;

namespace Drover.Linux.Tests.Systemd;

public sealed class ServiceNotifierTests : IDisposable
{
    readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Notify_sends_lines_to_the_manager(bool isAbstract)
    {
        var name = isAbstract ? $"@drover-test-{Guid.NewGuid():N}" : Path.Combine(_directory.Path, "notify");
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + name[1..] : name));
        Assert.True(new ServiceNotifier(name, null).Notify("READY=1", "STATUS=here"));
        var buffer = new byte[100];
        Assert.Equal("READY=1\nSTATUS=here", Encoding.UTF8.GetString(buffer, 0, manager.Receive(buffer)));
    }

    [Fact]
    public void Notify_does_nothing_without_NOTIFY_SOCKET()
    {
        Assert.False(new ServiceNotifier(null, "1000000").Notify("READY=1"));
        Assert.Null(new ServiceNotifier(null, "1000000").SignOfLifeEvery);
        Assert.False(new ServiceNotifier(Path.Combine(_directory.Path, "none"), null).Notify("READY=1"));
        Assert.False(new ServiceNotifier(new string('x', 300), null).Notify("READY=1"));
    }

    [Theory]
    [InlineData("3000000", 1.5)]
    [InlineData("0", null)]
    [InlineData("soon", null)]
    public void Watchdog_interval_is_half_of_WATCHDOG_USEC(string microseconds, double? seconds) =>
        Assert.Equal(seconds is { } every
            ? TimeSpan.FromSeconds(every)
            : null, new ServiceNotifier("/x", microseconds).SignOfLifeEvery);
}
