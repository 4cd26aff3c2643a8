using System.CommandLine;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;
using Drover.Lab.Torture;
using static Drover.Lab.Commands.LabOptions;

namespace Drover.Lab.Commands;

static class TortureCommand
{
    /// <summary>Size of each CPU's trace buffer: every modprobe without a daemon leaves a dozen events.</summary>
    const int TraceBufferKilobytes = 8192;

    /// <summary>Limits of the daemon's cgroup: half more memory than it needs with 8 CPUs, and few threads more than
    /// an idle daemon has.</summary>
    const int DaemonMemoryBytes = 32 << 20, DaemonThreadsAbove = 3;

    static readonly ValueOption<GuestSystem> s_system = SystemOf(GuestSystem.Names);
    static readonly ValueOption<int> s_cpus = Cpus("8", min: 2);
    static readonly ValueOption<int> s_minutes = new(
        "--minutes", "N", "on the guest's clock; the host needs about as long again", Number(1, 600), "10");
    static readonly ValueOption<int> s_processes = new(
        "--processes", "N", "concurrent modprobes", Number(1, 10_000), "200");

    public static LabCommand Create() => new(
        "torture",
        "Boots a guest with udev and drover's daemon. At once it takes CPUs off and on, removes modules and requests "
        + "them again, runs modprobes by the hundred, repeats all devices' events, rewrites the indexes, and in the "
        + "first half kills the daemon every few seconds. The daemon's cgroup has 32 MiB of memory, and three threads "
        + "more than an idle daemon has. Reports the results of all requests, duplicate calls, "
        + "missing modules and lost memory.",
        """
        lab/torture --system debian13
        lab/torture --system 6.12 --cpus 4 --minutes 2 --raw /tmp/torture
        """,
        "all requests succeeded, no module is missing, no more duplicate calls than kills, no memory is lost, and the "
            + "daemon met its limit of threads",
        "otherwise",
        RunAsync, s_system, s_cpus, s_minutes, s_processes, Memory, TimeLimit, Binary, Raw, Verbose);

    static async Task<int> RunAsync(ParseResult line, LabHost host)
    {
        var (system, seconds, settings) = (s_system.Of(line), 60 * s_minutes.Of(line), Settings(line));
        var binary = settings.DroverFor(system);
        using var laboratory = new Laboratory(settings, host);
        var kernel = await laboratory.PrepareAsync(system);
        var timeout = settings.Timeout ?? TimeSpan.FromSeconds(600 + 4 * seconds);
        var run = new GuestRun(
            kernel, system.KernelGate, s_cpus.Of(line), GuestLoader.Daemon, settings.Memory, timeout)
        {
            Console = settings.Console,
            Binary = binary,
            Init = "torture",
            Settings = $"torture_seconds={seconds}\nherd_size={s_processes.Of(line)}\n"
                + $"trace_buffer_kb={TraceBufferKilobytes}\n"
                + $"daemon_memory_max={DaemonMemoryBytes}\ndaemon_pids_above={DaemonThreadsAbove}\n",
        };
        var report = TortureReport.Of(await laboratory.BootAsync(run, "torture"));
        Console.Write(report);
        return report.Problems().Any() ? LabException.FailedCode : 0;
    }
}
