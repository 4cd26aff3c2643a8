using Drover.Lab.Reading;

namespace Drover.Lab.Tests.Reading;

public sealed class InstructionAccountTests
{
    [Fact]
    public void Time_is_charged_to_the_task_that_runs()
    {
        var account = Of("""
            sh-1 [000] ..... 1.000000: tracing_mark_write: lab start
            <idle>-0 [000] d.... 1.100000: sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=drover next_pid=7 next_prio=120
            drover-7 [000] d.... 1.300000: sched_switch: prev_comm=drover prev_pid=7 prev_prio=120 prev_state=S ==> next_comm=(udev-worker) next_pid=8 next_prio=120
            (udev-worker)-8 [000] d.... 1.600000: sched_switch: prev_comm=(udev-worker) prev_pid=8 prev_prio=120 prev_state=S ==> next_comm=kworker/0:1 next_pid=9 next_prio=120
            kworker/0:1-9 [000] d.... 1.700000: sched_switch: prev_comm=kworker/0:1 prev_pid=9 prev_prio=120 prev_state=I ==> next_comm=swapper/0 next_pid=0 next_prio=120
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
            <idle>-0 [000] d.... 1.000000: sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=modprobe next_pid=7 next_prio=120
            <idle>-0 [001] d.... 1.000000: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=udevadm next_pid=8 next_prio=120
            sh-1 [002] ..... 2.000000: tracing_mark_write: lab end
            """);

        Assert.Equal(new(500_000_000, 500_000_000, 0, 0, 0), account);
    }

    [Fact]
    public void The_kernel_inside_a_load_call_is_charged_apart()
    {
        var account = Of("""
            sh-1 [000] ..... 1.000000: tracing_mark_write: lab start
            <idle>-0 [000] d.... 1.000000: sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=drover next_pid=7 next_prio=120
            drover-7 [000] ..... 1.250000: sys_finit_module(fd: 5, uargs: 7f8100bbfefd, flags: 0)
            drover-7 [000] ..... 1.750000: sys_finit_module -> 0x0
            sh-1 [000] ..... 2.000000: tracing_mark_write: lab end
            """);

        Assert.Equal(new(500_000_000, 0, 500_000_000, 0, 0) { Drover = 500_000_000 }, account);
    }

    [Fact]
    public void Without_the_schedulers_events_there_is_no_account() =>
        Assert.Null(Of("""
            sh-1 [000] ..... 1.000000: tracing_mark_write: lab start
            sh-1 [000] ..... 2.000000: tracing_mark_write: lab end
            """));

    static InstructionAccount? Of(string trace) => ModuleTrace.Read(trace).Instructions;
}
