using Drover.Devices;
using Drover.Linux.Netlink;
using Drover.Linux.Sysfs;

namespace Drover.Linux.Tests;

/// <summary>The kernel's own events, asked for by writing to a device's uevent file: needs root and a kernel that lets this namespace have them.</summary>
public sealed class UeventSocketTests : IDisposable
{
    const string Device = "/sys/class/mem/null/uevent";

    readonly LiveLoop _loop = new();
    readonly SysfsDevices _devices;

    public UeventSocketTests() => _devices = new(_loop);

    public void Dispose()
    {
        _devices.Dispose();
        _loop.Dispose();
    }

    [Fact]
    public void Events_of_the_kernel_arrive_on_the_loop_in_their_order_and_none_is_missed()
    {
        SkipWhereThereAreNone();
        const int Count = 500;
        var mark = Guid.NewGuid().ToString();
        var got = new List<DeviceEvent>();
        var threads = new HashSet<int>();
        var (before, after) = _loop.Run(async () =>
        {
            var all = new TaskCompletionSource();
            using var listening = (UeventSocket)_devices.Listen(
                e =>
                {
                    threads.Add(Environment.CurrentManagedThreadId);
                    if (IsOurs(e, mark))
                    {
                        got.Add(e);
                        if (got.Count == Count)
                        {
                            all.SetResult();
                        }
                    }
                },
                () => all.SetException(new InvalidOperationException("events were lost")))!;
            var first = _devices.Seqnum;
            for (var i = 0; i < Count; i++)
            {
                File.WriteAllText(Device, $"change {mark} N={i}");
            }

            var last = _devices.Seqnum;
            await all.Task;
            Assert.Equal((0, 0, 0), (listening.Malformed, listening.Foreign, listening.Losses));
            return (first, last);
        });
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"SYNTH_ARG_N={i}"), got.Select(e => e.Properties.Single(p => p.StartsWith("SYNTH_ARG_N", StringComparison.Ordinal))));
        Assert.All(got, e => Assert.Equal((DeviceAction.Change, "/devices/virtual/mem/null", "mem"), (e.Action, e.DevPath, e.Subsystem)));
        Assert.Equal(got.Select(e => e.Seqnum).Order(), got.Select(e => e.Seqnum));
        Assert.All(got, e => Assert.InRange(e.Seqnum, before + 1, after));
        Assert.Equal([Environment.CurrentManagedThreadId], threads);
    }

    [Fact]
    public void After_disposal_no_event_comes_and_listening_again_works()
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
                listening.Dispose(); // its event may be on its way to the loop
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
    public void What_another_process_sends_is_not_taken_for_the_kernels()
    {
        SkipWhereThereAreNone();
        var mark = Guid.NewGuid().ToString();
        var got = new List<string>();
        var foreign = _loop.Run(async () =>
        {
            var end = new TaskCompletionSource<long>();
            UeventSocket? listening = null;
            listening = (UeventSocket)_devices.Listen(
                e =>
                {
                    got.Add(e.DevPath);
                    if (IsOurs(e, mark))
                    {
                        end.TrySetResult(listening!.Foreign);
                    }
                },
                () => { })!;
            using (listening)
            {
                NetlinkForger.Send("add@/devices/forged\0ACTION=add\0DEVPATH=/devices/forged\0SUBSYSTEM=x\0SEQNUM=1\0MODALIAS=forged\0"u8);
                File.WriteAllText(Device, $"change {mark}"); // after it, so that once this is here the other was
                return await end.Task;
            }
        });
        Assert.Equal(1, foreign);
        Assert.DoesNotContain("/devices/forged", got);
    }

    [Fact]
    public void Events_that_do_not_fit_are_told_as_lost_and_later_ones_arrive()
    {
        SkipWhereThereAreNone();
        const int Smallest = 1; // the kernel makes its least of it, which two events overflow
        var mark = Guid.NewGuid().ToString();
        _loop.Run(async () =>
        {
            var lost = 0;
            var later = new TaskCompletionSource<int>();
            using var listening = UeventSocket.TryOpen(_loop, e => { if (IsOurs(e, mark)) { later.TrySetResult(0); } }, () => lost++, Smallest)!;
            while (lost == 0)
            {
                for (var i = 0; i < 50; i++)
                {
                    File.WriteAllText(Device, "change");
                }

                await Task.Yield();
            }

            Assert.InRange(listening.Losses, lost, long.MaxValue);
            while (!later.Task.IsCompleted)
            {
                File.WriteAllText(Device, $"change {mark}"); // one of them finds room
                await Task.Yield();
            }

            return 0;
        });
    }

    static bool IsOurs(DeviceEvent e, string mark) => e.Properties.Contains($"SYNTH_UUID={mark}");

    /// <summary>Judged by other means: udev's own condition, and whether the write is allowed.</summary>
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
