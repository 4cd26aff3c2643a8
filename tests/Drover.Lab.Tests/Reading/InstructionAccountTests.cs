using System.Text.RegularExpressions;
using Drover.Lab.Reading;

namespace Drover.Lab.Tests.Reading;

public sealed partial class InstructionAccountTests
{
    [Fact]
    public void Time_is_charged_to_the_task_that_runs()
    {
        var account = Of("""
            sh-1 [000] ..... 1.000000: tracing_mark_write: lab start
            <idle>-0 [000] d.... 1.100000: swapper/0 0 R drover 7
            drover-7 [000] d.... 1.300000: drover 7 S (udev-worker) 8
            (udev-worker)-8 [000] d.... 1.600000: (udev-worker) 8 S kworker/0:1 9
            kworker/0:1-9 [000] d.... 1.700000: kworker/0:1 9 I swapper/0 0
            sh-1 [000] ..... 2.000000: tracing_mark_write: lab end
            """);

        Assert.Equal(new(200_000_000, 300_000_000, 0, 100_000_000, 0.4) { Drover = 200_000_000 }, account);
    }

    /// <summary>One thread of QEMU executes both CPUs in turn.</summary>
    [Fact]
    public void Two_busy_cpus_share_the_time()
    {
        var account = Of("""
            sh-1 [000] ..... 1.000000: tracing_mark_write: lab start
            <idle>-0 [000] d.... 1.000000: swapper/0 0 R modprobe 7
            <idle>-0 [001] d.... 1.000000: swapper/1 0 R udevadm 8
            sh-1 [002] ..... 2.000000: tracing_mark_write: lab end
            """);

        Assert.Equal(new(500_000_000, 500_000_000, 0, 0, 0), account);
    }

    [Fact]
    public void The_kernel_inside_a_load_call_is_charged_apart()
    {
        var account = Of("""
            sh-1 [000] ..... 1.000000: tracing_mark_write: lab start
            <idle>-0 [000] d.... 1.000000: swapper/0 0 R drover 7
            drover-7 [000] ..... 1.250000: sys_finit_module(fd: 5, uargs: 7f8100bbfefd, flags: 0)
            drover-7 [000] ..... 1.750000: sys_finit_module -> 0x0
            sh-1 [000] ..... 2.000000: tracing_mark_write: lab end
            """);

        Assert.Equal(new(500_000_000, 0, 500_000_000, 0, 0) { Drover = 500_000_000 }, account);
    }

    [Fact]
    public void A_call_is_busy_while_its_thread_has_a_cpu()
    {
        var call = Assert.Single(Read("""
            sh-1 [000] ..... 1.000000: tracing_mark_write: lab start
            <idle>-0 [000] d.... 1.000000: swapper/0 0 R drover 7
            drover-7 [000] ..... 1.250000: sys_finit_module(fd: 5, uargs: 7f8100bbfefd, flags: 0)
            drover-7 [000] d.... 1.350000: drover 7 S swapper/0 0
            <idle>-0 [000] d.... 1.700000: swapper/0 0 R drover 7
            drover-7 [000] ..... 1.750000: sys_finit_module -> 0x0
            sh-1 [000] ..... 2.000000: tracing_mark_write: lab end
            """).Calls);
        Assert.Equal(0.15, call.BusySeconds);
    }

    [Fact]
    public void Without_the_schedulers_events_there_is_no_account() =>
        Assert.Null(Of("""
            sh-1 [000] ..... 1.000000: tracing_mark_write: lab start
            sh-1 [000] ..... 2.000000: tracing_mark_write: lab end
            """));

    static InstructionAccount? Of(string trace) => Read(trace).Instructions;

    /// <param name="trace">A switch as "previous name, pid, state, next name, pid".</param>
    static ModuleTrace Read(string trace) => ModuleTrace.Read(Switch.Replace(
        trace,
        ": sched_switch: prev_comm=${comm} prev_pid=${pid} prev_prio=120 prev_state=${state} ==> "
        + "next_comm=${next} next_pid=${nextPid} next_prio=120"));

    [GeneratedRegex(
        @": (?<comm>\S+) (?<pid>\d+) (?<state>[A-Z]) (?<next>\S+) (?<nextPid>\d+)$",
        RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    static partial Regex Switch { get; }
}
