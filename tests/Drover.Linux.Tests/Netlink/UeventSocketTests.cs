using Drover.Devices;
using Drover.Linux.Netlink;
using Drover.Linux.Runtime;
using Drover.Linux.Sysfs;

namespace Drover.Linux.Tests.Netlink;

/// <summary>Kernel events, triggered by writes to the uevent file of a device: needs root and a kernel that sends
/// events to this namespace.</summary>
public sealed class UeventSocketTests : IDisposable
{
    const string Device = "/sys/class/mem/null/uevent";

    readonly LiveLoop _loop = new();
    readonly SysfsDevices _devices;

    public UeventSocketTests() => _devices = new(_loop);

    public void Dispose()
    {
        _devices.Dispose();
    }

    [Fact]
    public void Kernel_events_arrive_on_the_loop_complete_and_in_order()
    {
        SkipWhereThereAreNone();
        const int Count = 500;
        var mark = Guid.NewGuid().ToString();
        var got = new List<DeviceEvent>();
        var threads = new HashSet<int>();
        var (before, after) = _loop.Run(async () =>
        {
            var all = new TaskCompletionSource();
            using var listening = _devices.Listen(
                e =>
                {
                    threads.Add(Environment.CurrentManagedThreadId);
                    if (IsOurs(e, mark))
                    {
                        got.Add(e);
                        if (got.Count == Count)
                            all.SetResult();
                    }
                },
                () => all.SetException(new InvalidOperationException("events were lost")))!;
            var first = _devices.Seqnum;
            for (var i = 0; i < Count; i++)
                File.WriteAllText(Device, $"change {mark} N={i}");
            var last = _devices.Seqnum;
            await all.Task;
            return (first, last);
        });
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"SYNTH_ARG_N={i}"),
            got.Select(e => e.Properties.Single(p => p.StartsWith("SYNTH_ARG_N", StringComparison.Ordinal))));
        Assert.All(got, e =>
            Assert.Equal((DeviceAction.Change, "/devices/virtual/mem/null", "mem"),
            (e.Action, e.DevPath, e.Subsystem)));
        Assert.Equal(got.Select(e => e.Seqnum).Order(), got.Select(e => e.Seqnum));
        Assert.All(got, e => Assert.InRange(e.Seqnum, before + 1, after));
        Assert.Equal([Environment.CurrentManagedThreadId], threads);
    }

    [Fact]
    public void Dispose_stops_events_and_a_new_socket_receives_them()
    {
        SkipWhereThereAreNone();
        var mark = Guid.NewGuid().ToString();
        var early = 0;
        _loop.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                var listening = _devices.Listen(e => early += IsOurs(e, mark) ? 1 : 0, () => { })!;
                File.WriteAllText(Device, $"change {mark}");
                listening.Dispose(); // an event may be queued on the loop
                listening.Dispose();
            }
            var seen = new TaskCompletionSource<int>();
            using var last = _devices.Listen(e => { if (IsOurs(e, mark)) { seen.TrySetResult(0); } }, () => { })!;
            File.WriteAllText(Device, $"change {mark}");
            return await seen.Task;
        });
        Assert.Equal(0, early);
    }

    [Fact]
    public void Messages_of_other_processes_are_ignored()
    {
        SkipWhereThereAreNone();
        var mark = Guid.NewGuid().ToString();
        var got = new List<string>();
        _loop.Run(async () =>
        {
            var end = new TaskCompletionSource<int>();
            using var listening = _devices.Listen(
                e =>
                {
                    got.Add(e.DevPath);
                    if (IsOurs(e, mark))
                        end.TrySetResult(0);
                },
                () => { })!;
            NetlinkForger.Send(
                "add@/devices/forged\0ACTION=add\0DEVPATH=/devices/forged\0SUBSYSTEM=x\0SEQNUM=1\0"u8 +
                "MODALIAS=forged\0"u8);
            File.WriteAllText(Device, $"change {mark}"); // sent last: when this arrives, the other one has arrived
            return await end.Task;
        });
        Assert.DoesNotContain("/devices/forged", got);
    }

    [Fact]
    public void Overflow_is_reported_and_later_events_arrive()
    {
        SkipWhereThereAreNone();
        const int Smallest = 1; // the kernel raises it to its minimum, which two events overflow
        var mark = Guid.NewGuid().ToString();
        _loop.Run(async () =>
        {
            var lost = 0;
            var later = new TaskCompletionSource<int>();
            using var listening = UeventSocket.TryOpen(_loop, e =>
                { if (IsOurs(e, mark)) { later.TrySetResult(0); } }, () => lost++, Smallest)!;
            while (lost == 0)
            {
                for (var i = 0; i < 50; i++)
                    File.WriteAllText(Device, "change");
                await Task.Yield();
            }
            while (!later.Task.IsCompleted)
            {
                File.WriteAllText(Device, $"change {mark}"); // one of them fits
                await Task.Yield();
            }
            return 0;
        });
    }

    static bool IsOurs(DeviceEvent e, string mark) => e.Properties.Contains($"SYNTH_UUID={mark}");

    /// <summary>From other sources: udev's own condition, and the permission to write.</summary>
    static void SkipWhereThereAreNone()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && File.Exists(Device), "needs root and /sys/class/mem/null");
        try
        {
            File.WriteAllText(Device, "change");
        }
        catch (IOException e)
        {
            Assert.Skip($"/sys cannot be written here: {e.Message}");
        }
        Assert.SkipUnless(File.Exists("/proc/net/netlink"), "this kernel has no netlink");
    }
}
