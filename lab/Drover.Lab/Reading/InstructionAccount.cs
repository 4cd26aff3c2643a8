using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Drover.Lab.Reading;

/// <summary>Instructions executed between two marks by who executed them, on the clock of instructions: a nanosecond is
/// an instruction, whichever CPU executes it.</summary>
/// <param name="Loader">Drover's processes, or kmod's, outside of load calls.</param>
/// <param name="Udev">udevd, its workers and udevadm, outside of load calls.</param>
/// <param name="ModuleLoading">The kernel inside finit_module and init_module, for any process.</param>
/// <param name="Rest">Everything else: kernel threads, the shell, interrupts of idle CPUs.</param>
/// <param name="IdleSeconds">Time in which no CPU had work, which the clock skips.</param>
/// <remarks>From <c>sched:sched_switch</c>. One thread of QEMU executes all busy CPUs in turn: each of k busy CPUs is
/// charged a k-th of the time.</remarks>
sealed partial record InstructionAccount(long Loader, long Udev, long ModuleLoading, long Rest, double IdleSeconds)
{
    const double PerSecond = 1e9;

    /// <summary>The part of <see cref="Loader"/> that is Drover's; kmod's modprobe also runs for the kernel's own
    /// requests.</summary>
    public long Drover { get; init; }

    public long Total => Loader + Udev + ModuleLoading + Rest;

    /// <summary>Null without events of the scheduler, or without the marks.</summary>
    /// <param name="callSeconds">The part of each ended load call in which its thread had a CPU, by thread and start;
    /// empty where the result is null.</param>
    public static InstructionAccount? Of(
        IReadOnlyList<TraceEvent> events, IReadOnlyDictionary<string, double> marks,
        out IReadOnlyDictionary<(int Tid, double StartSeconds), double> callSeconds)
    {
        var ended = new Dictionary<(int, double), double>();
        callSeconds = ended;
        if (!marks.TryGetValue("start", out var start) || !marks.TryGetValue("end", out var end))
            return null;
        var running = new Dictionary<int, Turn>(); // by CPU; a CPU that idles is not in it
        var inCall = new Dictionary<int, Call>(); // by thread
        var seconds = new double[5];
        var (now, idle, switches) = (start, 0.0, 0);

        foreach (var item in events)
        {
            AdvanceTo(Math.Clamp(item.Seconds, now, end));
            switch (item.Name)
            {
                case "sched_switch" when Switch.Match(item.Text) is { Success: true } match:
                    switches++;
                    // a process gets its program's name while it runs
                    End(item.Cpu, match.Groups["previous"].Value);
                    if (int.Parse(match.Groups["tid"].ValueSpan) is not 0 and var tid)
                        running[item.Cpu] = new Turn(match.Groups["next"].Value, tid);
                    break;
                case "sys_finit_module" or "sys_init_module":
                    if (item.Text.StartsWith('('))
                        inCall[item.Tid] = new Call(item.Seconds);
                    else if (inCall.Remove(item.Tid, out var call))
                        ended[(item.Tid, call.StartSeconds)] = Math.Round(call.Seconds, 6);
                    break;
            }
        }
        AdvanceTo(end);
        foreach (var (cpu, turn) in running)
            End(cpu, turn.Comm);
        Debug.Assert(Math.Abs(seconds.Sum() + idle - (end - start)) < 1e-3, "every moment is charged once");
        if (switches == 0)
        {
            ended.Clear();
            return null;
        }
        return new(Count(0) + Count(4), Count(1), Count(2), Count(3), Math.Round(idle, 6)) { Drover = Count(0) };

        long Count(int part) => (long)Math.Round(seconds[part] * PerSecond);

        void AdvanceTo(double time)
        {
            if (running.Count == 0)
                idle += time - now;
            foreach (var turn in running.Values)
            {
                var share = (time - now) / running.Count;
                if (inCall.TryGetValue(turn.Tid, out var call))
                {
                    seconds[2] += share;
                    call.Seconds += share;
                }
                else
                {
                    turn.Seconds += share;
                }
            }
            now = time;
        }

        void End(int cpu, string comm)
        {
            if (running.Remove(cpu, out var turn))
                seconds[PartOf(comm)] += turn.Seconds;
        }
    }

    /// <summary>A task on a CPU, from one switch to the next; the time in load calls is charged apart.</summary>
    sealed record Turn(string Comm, int Tid)
    {
        public double Seconds { get; set; }
    }

    sealed record Call(double StartSeconds)
    {
        public double Seconds { get; set; }
    }

    static int PartOf(string comm) => comm switch
    {
        _ when comm.Contains("udev", StringComparison.Ordinal) => 1,
        "drover" or "kernel call" => 0,
        "modprobe" or "kmod" => 4,
        _ when comm.StartsWith(".NET", StringComparison.Ordinal) => 0,
        _ => 3,
    };

    // prev_comm=swapper/3 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=udevadm next_pid=101 next_prio=120
    [GeneratedRegex(@"prev_comm=(?<previous>.*) prev_pid=.*next_comm=(?<next>.*) next_pid=(?<tid>\d+) ")]
    static partial Regex Switch { get; }
}
