using System.Globalization;
using System.Text;
using CsCheck;
using Drover.Kernel;
using Drover.Linux.Tracing;

namespace Drover.Linux.Tests.Tracing;

public sealed class CallJoinerTests
{
    const string Enter = "sys_finit_module(fd: 5, uargs: 7f4134873efd, flags: 0)";

    readonly List<TracedCall> _calls = [];
    readonly List<TracedRequest> _requests = [];

    [Fact] // Debian 6.1, four CPUs, a worker of udev
    public void Duplicate_call_has_name_bytes_requester_and_device()
    {
        Feed(
            "   (udev-worker)-143     (    143) [000] .....    82.375073: ko_opened: " +
                "(do_sys_openat2+0x0/0x170) comm=\"(udev-worker)\" " +
                    "name=\"/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0010:00/LNXCPU:02/uevent\"",
            "   (udev-worker)-143     (    143) [000] .....    82.375074: ko_opened: " +
                "(do_sys_openat2+0x0/0x170) comm=\"(udev-worker)\" " +
                    "name=\"/sys/devices/LNXSYSTM:00/LNXSYBUS:00/uevent\"",
            "   (udev-worker)-143     (    143) [000] .....    82.459785: ko_opened: " +
                "(do_sys_openat2+0x0/0x170) comm=\"(udev-worker)\" " +
                    "name=\"/lib/modules/6.1.0-56-amd64/kernel/drivers/cpufreq/acpi-cpufreq.ko\"",
            $"   (udev-worker)-143     (    143) [000] ...1.    82.929167: {Enter}",
            "   (udev-worker)-143     (    143) [000] .....    82.929228: ko_read: " +
                "(kernel_read_file+0x0/0x330) name=\"acpi-cpufreq.ko\" size=53713",
            "   (udev-worker)-143     (    143) [003] .....    87.104789: ko_laid_out: (module_alloc+0x0/0xe0)",
            "   (udev-worker)-143     (    143) [003] .....    87.204789: ko_found: (find_module_all+0x0/0xa0) " +
                "name=\"acpi_cpufreq\"",
            "   (udev-worker)-143     (    143) [003] ...1.    87.424954: sys_finit_module -> 0xfffffffffffffff0");

        var call = Assert.Single(_calls);
        Assert.Equal((ModuleSyscall.FinitModule, "acpi_cpufreq", NamedBy.Module, Errno.EBUSY),
            (call.Syscall, call.Module, call.NamedBy, call.Result));
        Assert.Equal((82_929_167, 4_495_787), (call.StartUs, call.TookUs));
        Assert.Equal(("(udev-worker)", 143, 143, "/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0010:00/LNXCPU:02"),
            (call.Comm, call.Pid, call.Tid, call.Device));
        Assert.Equal((53713, 2 * 53713, false), (call.ReadBytes!.Value, call.WastedBytes, call.HasWaited));
    }

    [Fact] // Debian 6.12
    public void Request_of_the_kernel_has_its_name_and_the_thread_that_is_served()
    {
        Feed(
            "           mount-811     (    811) [001] .....    83.011200: module_request: fs-xfs wait=1 " +
                "call_site=__get_fs_type",
            "           <...>-812     (    811) [001] .....    83.011300: module_request: crypto-a wait=b wait=0 " +
                "call_site=crypto_larval_lookup");
        Assert.Equal(
            [
                new TracedRequest(83_011_200, "fs-xfs", "mount", 811, 811),
                new TracedRequest(83_011_300, "crypto-a wait=b", "", 811, 812),
            ],
            _requests);
        Assert.Empty(_calls);
    }

    [Fact] // Debian 6.12: kmod decompresses, and the name comes from the kernel
    public void Init_module_call_has_the_module_name_and_the_image_size()
    {
        Feed(
            Line(7, 1, "sys_init_module(umod: 557829499390, len: d1d8, uargs: 7f6703aa9efd)"),
            Line(7, 2, "ko_found: (find_module_all+0x0/0xa0) name=\"kvm_amd\""),
            Line(7, 3, "ko_found: (find_module_all+0x0/0xa0) name=\"ccp\""),
            Line(7, 4, "sys_init_module -> 0xffffffffffffffef"));

        var call = Assert.Single(_calls);
        Assert.Equal((ModuleSyscall.InitModule, "kvm_amd", Errno.EEXIST), (call.Syscall, call.Module, call.Result));
        Assert.Equal((0xd1d8, 0xd1d8), (call.ReadBytes!.Value, call.WastedBytes));
    }

    [Theory]
    [InlineData("0x0", true)]
    [InlineData("0xffffffffffffffed", true)] // the winner's ENODEV
    [InlineData("0xffffffffffffffe6", false)] // ETXTBSY: refused, by the exclusive gate
    public void Call_without_a_read_waited_unless_it_was_refused(string result, bool waited)
    {
        Feed(Line(7, 1, "ko_opened: (x) comm=\"m\" name=\"a-b.ko.zst\""), Line(7, 1, Enter),
            Line(7, 2, $"sys_finit_module -> {result}"));

        Assert.Equal((waited, "a_b", NamedBy.Opened, 0L),
            (_calls[0].HasWaited, _calls[0].Module, _calls[0].NamedBy, _calls[0].InVainBytes));
    }

    [Fact]
    public void Failed_init_wastes_its_read_and_is_not_in_kernel_statistics()
    {
        Feed(
            Line(7, 1, Enter), Line(7, 2, "ko_returned: (a <- b) bytes=33233"), Line(7, 3, "ko_laid_out: (x)"),
                Line(7, 4, "module_load: pcc_cpufreq OE"),
            Line(7, 5, "sys_finit_module -> 0xffffffffffffffed"));

        Assert.Equal(("pcc_cpufreq", 33233, 0), (_calls[0].Module, _calls[0].InVainBytes, _calls[0].WastedBytes));
    }

    [Fact]
    public void Fault_in_place_of_a_name_falls_back_to_the_descriptor()
    {
        var joiner = new CallJoiner(_calls.Add, (tid, fd) => (tid, fd) == (7, 11) ? "/lib/x.ko" : null);
        foreach (
            var line in new[] { Line(7, 1, "ko_opened: (x) comm=\"m\" name=(fault)"),
            Line(7, 1, "sys_finit_module(fd: b, uargs: 0, flags: 0)"), Line(7, 2, "sys_finit_module -> 0x0") })
        {
            joiner.Take(Encoding.UTF8.GetBytes(line));
        }
        Assert.Equal(("x", NamedBy.Descriptor), (_calls[0].Module, _calls[0].NamedBy));
    }

    [Fact] // udev's workers, refused by the exclusive gate
    public void Retry_with_the_same_descriptor_has_the_first_name()
    {
        const string Refused = "sys_finit_module -> 0xffffffffffffffe6",
            Other = "sys_finit_module(fd: c, uargs: 0, flags: 0)";
        Feed(
            Line(7, 1, "ko_opened: (x) comm=\"m\" name=\"a.ko\""), Line(7, 2, Enter), Line(7, 3, Refused),
            Line(7, 4, "ko_opened: (x) comm=\"m\" name=\"b.ko\""), Line(7, 5, Other), Line(7, 6, Refused),
            Line(7, 7, Enter), Line(7, 8, Refused));

        Assert.Equal(["a", "b", "a"], _calls.Select(call => call.Module));
    }

    [Fact]
    public void Incomplete_calls_are_reported()
    {
        var joiner = Feed(Line(7, 1, "sys_finit_module -> 0x0"), Line(8, 2, Enter), Line(8, 3, Enter), Line(9, 4, "x"),
            "CPU:1 [LOST 7 EVENTS]", "nonsense");

        Assert.Null(Assert.Single(_calls).Result); // the first call of 8: it has no exit
        Assert.Equal(8, Assert.Single(joiner.InFlight).Tid);
        Assert.Equal((1, 7, 2), (joiner.CutOffCalls, joiner.LostEvents, joiner.UnreadLines));
    }

    [Fact]
    public void Each_call_is_joined_once_for_any_interleaving() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[0, 5]).Array[1, 60].Sample(script =>
        {
            var calls = new List<TracedCall>();
            var joiner = new CallJoiner(calls.Add);
            var (open, expected, time) = (new Dictionary<int, int>(),
                new List<(int Tid, long Start, string Module, long Bytes)>(), 0);
            foreach (var (tid, step) in script)
            {
                time++;
                if (!open.Remove(tid, out var begun))
                {
                    open[tid] = time;
                    Take(tid, $"ko_opened: (x) comm=\"m\" name=\"/m/m{time}.ko\"");
                    Take(tid, Enter);
                    Take(tid,
                        string.Create(CultureInfo.InvariantCulture, $"ko_read: (x) name=\"m{time}.ko\" size={time}"));
                }
                else
                {
                    for (var i = 0; i < step; i++)
                        Take(tid, $"ko_found: (x) name=\"m{(i == 0 ? begun : i)}\"");
                    Take(tid, "sys_finit_module -> 0xffffffffffffffef");
                    expected.Add((tid, begun, $"m{begun}", begun));
                }
            }
            Assert.Equal(expected, calls.Select(call => (call.Tid, call.StartUs, call.Module!, call.WastedBytes)));
            Assert.Equal(open.Count, joiner.InFlight.Count);

            void Take(int tid, string text) => joiner.Take(Encoding.UTF8.GetBytes(Line(tid, time, text)));
        });

    [Fact]
    public void Joiner_state_is_bounded()
    {
        var joiner = new CallJoiner(_calls.Add) { Requested = _requests.Add };
        for (var tid = 1; tid <= 3 * CallJoiner.MaxThreads; tid++)
            joiner.Take(Encoding.UTF8.GetBytes(Line(tid, tid, Enter)));
        Assert.InRange(joiner.InFlight.Count, 1, CallJoiner.MaxThreads);
        Assert.Equal(3 * CallJoiner.MaxThreads, joiner.InFlight.Count + joiner.CutOffCalls);
    }

    static string Line(int tid, int timeUs, string text) =>
        string.Create(CultureInfo.InvariantCulture,
        $"{"modprobe",16}-{tid,-7} [000] ..... {timeUs / 1_000_000,5}.{timeUs % 1_000_000:D6}: {text}");

    CallJoiner Feed(params IEnumerable<string> lines)
    {
        var joiner = new CallJoiner(_calls.Add) { Requested = _requests.Add };
        foreach (var line in lines)
            joiner.Take(Encoding.UTF8.GetBytes(line));
        return joiner;
    }
}
