using System.Diagnostics;
using System.Globalization;
using System.Text;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux.Tracing;

/// <summary>
/// A tracefs instance of one's own (Documentation/trace/ftrace.rst, "Instances") with kprobe events of one's own, so that nobody else's tracing is touched. It is
/// named after the process, and goes with <see cref="Dispose"/>; what a killed process left is removed by the next. One owner.
/// </summary>
public sealed class TraceInstance : IDisposable
{
    /// <summary>An instance that belongs to no process: begun early in a boot, taken over later.</summary>
    const string BootName = "boot";

    const string Prefix = "drover-";

    /// <summary>Together, of all CPUs: a boot of 32 CPUs under udev writes 0.5 MB. A small one for each CPU at least, for all may happen on one.</summary>
    const int BufferKilobytes = 8 << 10, LeastPerCpuKilobytes = 128, MostPerCpuKilobytes = 2 << 10;

    static readonly string[] TraceEvents =
    [
        "syscalls/sys_enter_finit_module", "syscalls/sys_exit_finit_module", "syscalls/sys_enter_init_module", "syscalls/sys_exit_init_module",
        "syscalls/sys_enter_delete_module", "syscalls/sys_exit_delete_module", "module/module_load",
    ];

    /// <summary>A buffer holds some thousand events a CPU, a herd makes hundreds a second, and each look costs what ten events do.</summary>
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>An event has its time a moment before it is in the buffer: no longer than this, unless the CPU was taken away from under the kernel in between.</summary>
    static readonly TimeSpan Settled = TimeSpan.FromMilliseconds(10);

    readonly string _root;
    readonly string _name;
    readonly List<int> _descriptors = [];
    TraceMerge? _lines;
    bool _isKept;

    TraceInstance(string root, string name) => (_root, _name) = (root, name);

    /// <summary>Names of the kprobe events that the kernel took.</summary>
    public IReadOnlyList<string> Events { get; private set; } = [];

    string Folder => $"{_root}/instances/{Prefix}{_name}";

    /// <summary>Kprobe groups are names in C.</summary>
    string Group => $"drover_{_name}";

    /// <summary>Begins to trace, for this process.</summary>
    /// <param name="plan">What to probe (<see cref="ProbePlan.For"/>).</param>
    /// <param name="forBoot">For whoever takes it over: it stays when this process ends.</param>
    /// <exception cref="IOException">It cannot be; the message says why and what to do.</exception>
    public static TraceInstance Begin(IReadOnlyList<IReadOnlyList<Probe>> plan, bool forBoot = false)
    {
        var root = Root();
        RemoveLeftovers(root);
        var instance = new TraceInstance(root, forBoot ? BootName : string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}"));
        if (Libc.MkDir(instance.Folder, 0x1C0) < 0)
        {
            throw new IOException(Libc.LastError is Errno.EEXIST
                ? "a watch of the boot has been begun already: 'drover watch --since-boot' takes it over"
                : $"no trace instance {instance.Folder}: {ErrnoText.Describe(Libc.LastError)}");
        }

        try
        {
            instance.SetUp(plan);
            return instance;
        }
        catch
        {
            instance.Dispose();
            throw;
        }
    }

    /// <summary>Takes over what <see cref="Begin"/> began for the boot.</summary>
    /// <exception cref="IOException">Nobody began.</exception>
    public static TraceInstance TakeOverBoot()
    {
        var instance = new TraceInstance(Root(), BootName);
        if (!Directory.Exists(instance.Folder))
        {
            throw new IOException("nothing has watched since the boot: run 'drover watch --begin' first thing in the initramfs, then 'drover watch --since-boot'");
        }

        var events = $"{instance.Folder}/events/{instance.Group}";
        instance.Events = Directory.Exists(events) ? Array.ConvertAll(Directory.GetDirectories(events), path => Path.GetFileName(path)) : [];
        return instance;
    }

    /// <summary>Leaves it to whoever takes it over, whatever becomes of this process.</summary>
    public void Keep() => _isKept = true;

    /// <summary>
    /// Hands over the lines as they come, once a second, and ends the tracing with the last of them. Nobody sleeps on the buffer meanwhile: who
    /// traces has nobody to wake.
    /// </summary>
    /// <param name="line">A line without its newline; the span is good for the call.</param>
    /// <param name="drained">Told each time that all which was there has been handed over.</param>
    /// <param name="atMost">How long; null for until <paramref name="stop"/>.</param>
    /// <exception cref="IOException">The trace cannot be read.</exception>
    public void Follow(Action<ReadOnlySpan<byte>> line, Action drained, TimeSpan? atMost, CancellationToken stop)
    {
        using var wake = new WakeUp();
        using var registration = stop.Register(wake.Set);
        var begun = Stopwatch.GetTimestamp();
        while (!stop.IsCancellationRequested && (atMost is not { } limit || Stopwatch.GetElapsedTime(begun) < limit))
        {
            Drain(line, Machine.MonotonicUs() - (long)Settled.TotalMicroseconds);
            drained();
            var left = atMost is { } most ? most - Stopwatch.GetElapsedTime(begun) : Interval;
            _ = wake.Wait(TimeSpan.FromMilliseconds(Math.Clamp(left.TotalMilliseconds, 1, Interval.TotalMilliseconds)));
        }

        _ = Write($"{Folder}/tracing_on", "0");
        Drain(line, long.MaxValue);
        drained();
    }

    void Drain(Action<ReadOnlySpan<byte>> line, long untilUs)
    {
        _lines ??= new([.. Directory.GetDirectories($"{Folder}/per_cpu").Select(Open)]);
        _lines.HandOver(untilUs, line);
    }

    CpuTracePipe Open(string cpu)
    {
        var descriptor = Libc.OpenAt(Libc.AT_FDCWD, $"{cpu}/trace_pipe", Libc.O_RDONLY | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        if (descriptor < 0)
        {
            throw new IOException($"{cpu}/trace_pipe cannot be read: {ErrnoText.Describe(Libc.LastError)}");
        }

        _descriptors.Add(descriptor);
        return new(into =>
        {
            while (true)
            {
                var length = (int)Libc.Read(descriptor, ref into[0], into.Length);
                if (length >= 0 || Libc.LastError is not Errno.EINTR)
                {
                    return length;
                }
            }
        });
    }

    /// <summary>Removes it, and its kprobes.</summary>
    public void Dispose()
    {
        foreach (var descriptor in _descriptors)
        {
            _ = Libc.Close(descriptor);
        }

        _descriptors.Clear();

        if (!_isKept)
        {
            Remove(_root, _name);
        }
    }

    void SetUp(IReadOnlyList<IReadOnlyList<Probe>> plan)
    {
        var perCpu = Math.Clamp(BufferKilobytes / Machine.CountCpus(), LeastPerCpuKilobytes, MostPerCpuKilobytes);
        Require($"{Folder}/buffer_size_kb", perCpu.ToString(CultureInfo.InvariantCulture));
        Require($"{Folder}/trace_clock", "mono");
        _ = Write($"{Folder}/options/record-tgid", "1"); // since 4.13; without it processes are not told from threads
        foreach (var item in TraceEvents)
        {
            if (Write($"{Folder}/events/{item}/enable", "1") is not Errno.None and var error)
            {
                throw new IOException($"the kernel has no trace event {item} ({ErrnoText.Describe(error)}): it was built without CONFIG_FTRACE_SYSCALLS, and cannot be watched");
            }
        }

        Events = plan.Select(choices => choices.FirstOrDefault(TryProbe)?.Event).OfType<string>().ToList();
    }

    bool TryProbe(Probe probe)
    {
        if (Write($"{_root}/kprobe_events", $"{probe.Kind}:{Group}/{probe.Event} {probe.Symbol} {probe.Fetch}\n", Libc.O_APPEND) is not Errno.None)
        {
            return false;
        }

        var folder = $"{Folder}/events/{Group}/{probe.Event}";
        if ((probe.Filter is null || Write($"{folder}/filter", probe.Filter) is Errno.None) && Write($"{folder}/enable", "1") is Errno.None)
        {
            return true;
        }

        _ = Write($"{_root}/kprobe_events", $"-:{Group}/{probe.Event}\n", Libc.O_APPEND);
        return false;
    }

    /// <exception cref="IOException">There is no tracefs, or it is not for us.</exception>
    static string Root()
    {
        foreach (var root in new[] { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" })
        {
            if (Directory.Exists($"{root}/instances"))
            {
                return root;
            }
        }

        throw new IOException(Libc.GetEUid() == 0
            ? "there is no tracefs: mount it (mount -t tracefs tracefs /sys/kernel/tracing), or boot a kernel that has it (CONFIG_FTRACE)"
            : "watching module loads needs root: run this with sudo");
    }

    /// <summary>A process' instance goes with it, whether it could see to that or not.</summary>
    static void RemoveLeftovers(string root)
    {
        foreach (var folder in Directory.GetDirectories($"{root}/instances", $"{Prefix}*"))
        {
            var owner = Path.GetFileName(folder)[Prefix.Length..];
            if (int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && (pid == Environment.ProcessId || !Directory.Exists($"/proc/{pid}")))
            {
                Remove(root, owner);
            }
        }
    }

    static void Remove(string root, string name)
    {
        var (folder, group) = ($"{root}/instances/{Prefix}{name}", $"drover_{name}");
        _ = Write($"{folder}/tracing_on", "0");
        var events = $"{root}/events/{group}";
        var probes = Directory.Exists(events) ? Directory.GetDirectories(events) : [];
        foreach (var probe in probes)
        {
            _ = Write($"{folder}/events/{group}/{Path.GetFileName(probe)}/enable", "0");
        }

        try
        {
            Directory.Delete(folder);
        }
        catch (IOException)
        {
            // somebody else has a file of it open: its events are off, and the next watch tries again
        }

        foreach (var probe in probes)
        {
            _ = Write($"{root}/kprobe_events", $"-:{group}/{Path.GetFileName(probe)}\n", Libc.O_APPEND);
        }
    }

    static void Require(string path, string value)
    {
        if (Write(path, value) is not Errno.None and var error)
        {
            throw new IOException($"{path} does not take '{value}': {ErrnoText.Describe(error)}");
        }
    }

    /// <summary>One write(2), which is one command to tracefs. Without O_TRUNC, which would remove everybody's kprobes.</summary>
    static Errno Write(string path, string text, int flags = 0)
    {
        var fd = Libc.OpenAt(Libc.AT_FDCWD, path, Libc.O_WRONLY | Libc.O_CLOEXEC | flags, 0);
        if (fd < 0)
        {
            return Libc.LastError;
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        var error = Libc.Write(fd, in bytes[0], bytes.Length) < 0 ? Libc.LastError : Errno.None;
        _ = Libc.Close(fd);
        return error;
    }
}
