using System.Net.Sockets;
using System.Text;
using Drover.CommandLine;
using Drover.Control;
using Drover.Host;
using Drover.Linux.Systemd;
using Drover.Tests.Install;

namespace Drover.Tests.Host;

/// <summary>What a daemon says at its stop.</summary>
public class StopReportTests
{
    [Fact]
    public void A_stop_names_each_module_in_the_kernel_with_its_time_and_who_asked()
    {
        using var folder = new TestRoot();
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(folder["/notify"]));
        using var error = new StringWriter { NewLine = "\n" };
        StopReport.Write(
            [
                new RunningLoad("megaraid_sas", 1, TimeSpan.FromSeconds(71.26), "/devices/pci0000:00/0000:00:01.0"),
                new RunningLoad("kvm", 1, TimeSpan.FromSeconds(0.5)),
            ],
            new ServiceNotifier(folder["/notify"], null), new Terminal(TextWriter.Null, error, isWatched: false));
        Assert.Equal(
            "drover: daemon: the stop waits for megaraid_sas, in the kernel for 71.3 s, asked by "
            + "/devices/pci0000:00/0000:00:01.0: a driver's probe is not interrupted\n"
            + "drover: daemon: the stop waits for kvm, in the kernel for 0.5 s: a driver's probe is not interrupted\n",
            error.ToString());
        var buffer = new byte[1000];
        Assert.StartsWith(
            "STATUS=waits for megaraid_sas, in the kernel for 71.3 s",
            Encoding.UTF8.GetString(buffer, 0, manager.Receive(buffer)), StringComparison.Ordinal);
    }

    /// <summary>A newline would begin another variable of sd_notify(3).</summary>
    [Fact]
    public void A_stop_brings_no_control_characters_of_names()
    {
        using var folder = new TestRoot();
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(folder["/notify"]));
        using var error = new StringWriter { NewLine = "\n" };
        StopReport.Write(
            [new RunningLoad("a\nREADY=1", 1, TimeSpan.Zero, "b\e[2J")], new ServiceNotifier(folder["/notify"], null),
            new Terminal(TextWriter.Null, error, isWatched: false));
        var buffer = new byte[1000];
        var status = Encoding.UTF8.GetString(buffer, 0, manager.Receive(buffer));
        Assert.Equal("STATUS=waits for a?READY=1, in the kernel for 0.0 s, asked by b?[2J", status);
        Assert.DoesNotContain('\e', error.ToString());
    }

    [Fact]
    public void A_stop_without_loads_says_nothing()
    {
        using var error = new StringWriter();
        StopReport.Write([], new ServiceNotifier(null, null), new Terminal(TextWriter.Null, error, isWatched: false));
        Assert.Empty(error.ToString());
    }
}
