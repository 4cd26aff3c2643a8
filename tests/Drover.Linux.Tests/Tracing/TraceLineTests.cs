using System.Text;
using CsCheck;
using Drover.Linux.Tracing;

namespace Drover.Linux.Tests.Tracing;

public sealed class TraceLineTests
{
    [Theory] // as Debian 6.1 (with record-tgid), the lab's 6.12 and 5.10 print them
    [InlineData(
        "   (udev-worker)-143     (    143) [000] .....    82.929167: sys_finit_module(fd: 5, uargs: " +
            "7f4134873efd, flags: 0)", "(udev-worker)", 143, 143, 82929167, "sys_finit_module",
                "(fd: 5, uargs: 7f4134873efd, flags: 0)")]
    [InlineData("   (udev-worker)-143     (-------) [000] .N.1.    90.240517: sys_finit_module -> 0xffffffffffffffed",
        "(udev-worker)", 143, 0, 90240517, "sys_finit_module", " -> 0xffffffffffffffed")]
    [InlineData("           <...>-4194304 [003] d.Z..   188.861346: module_load: pcc_cpufreq ", "<...>", 4194304, 0,
        188861346, "module_load", " pcc_cpufreq ")]
    [InlineData(
        " a-1 [000] b: c(d-77      [255] d..2 99999.000001: ko_opened: (do_sys_openat2+0x0/0x170) comm=\"x\" " +
            "name=\"/a.ko\"", "a-1 [000] b: c(d", 77, 0, 99999000001, "ko_opened",
                " (do_sys_openat2+0x0/0x170) comm=\"x\" name=\"/a.ko\"")]
    public void Parse_reads_a_line_of_the_kernel(string line, string comm, int tid, int pid, long timeUs,
        string name, string text)
    {
        Assert.True(
            TraceLine.TryParse(
            Encoding.UTF8.GetBytes(line.StartsWith(" a-1", StringComparison.Ordinal) ? line[1..] : line),
            out var parsed));

        Assert.Equal((comm, tid, pid, timeUs),
            (Encoding.UTF8.GetString(parsed.Comm), parsed.Tid, parsed.Pid, parsed.TimeUs));
        Assert.Equal((name, text), (Encoding.UTF8.GetString(parsed.Name), Encoding.UTF8.GetString(parsed.Text)));
    }

    [Fact]
    public void Lost_events_are_counted()
    {
        Assert.Equal(123, TraceLine.LostEvents("CPU:3 [LOST 123 EVENTS]"u8));
        Assert.Equal(1, TraceLine.LostEvents("CPU:31 [LOST EVENTS]"u8));
        Assert.Equal(0, TraceLine.LostEvents("CPU:3 [LOST x EVENTS]"u8));
        Assert.Equal(0, TraceLine.LostEvents("# tracer: nop"u8));
    }

    [Fact]
    public void Parse_never_throws() => Gen.Select(Gen.Int[0, 90], Gen.Byte).Array[0, 6].Sample(damages =>
    {
        byte[] line =
        [
            .. "   (udev-worker)-143     (    143) [000] .....    82.929167: "u8,
            .. "sys_finit_module(fd: 5, uargs: 7f, flags: 0)"u8,
        ];
        foreach (var (at, value) in damages)
            line[at] = value;
        for (var length = 0; length <= line.Length; length++)
        {
            if (TraceLine.TryParse(line.AsSpan(0, length), out var parsed))
                _ = parsed.TryField("fd: "u8, out _) | parsed.TryResult(out _);
        }
    });
}
