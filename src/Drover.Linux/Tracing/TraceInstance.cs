using System.Diagnostics;
using System.Globalization;
using System.Text;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Tracing;

/// <summary>A private tracefs instance (Documentation/trace/ftrace.rst, "Instances") with private kprobe events, so
/// that other tracing is not affected. It has the process id in its name; <see cref="Dispose"/> removes it, and the
/// next process removes that of a killed one. One owner.</summary>
public sealed class TraceInstance : IDisposable
{
    const string BootName = "boot"; // the instance that no process owns: started early in a boot, taken over later
    const string Prefix = "drover-";

    /// <summary>For all CPUs (a boot of 32 under udev writes 0.5 MB), and limits per CPU.</summary>
    const int BufferKilobytes = 8 << 10, MinPerCpuKilobytes = 128, MaxPerCpuKilobytes = 2 << 10;

    static readonly string[] s_traceEvents =
    [
        "syscalls/sys_enter_finit_module", "syscalls/sys_exit_finit_module",
        "syscalls/sys_enter_init_module", "syscalls/sys_exit_init_module",
        "syscalls/sys_enter_delete_module", "syscalls/sys_exit_delete_module",
        "module/module_load", "module/module_request",
    ];

    /// <summary>A buffer holds thousands of events, udev makes hundreds a second; a check costs ten events.</summary>
    static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    /// <summary>The longest time until an event is in the buffer, unless a hypervisor paused the CPU.</summary>
    static readonly TimeSpan s_settled = TimeSpan.FromMilliseconds(10);

    readonly string _root, _name;
    readonly List<int> _descriptors = [];
    TraceMerge? _lines;
    bool _isKept;

    TraceInstance(string root, string name) => (_root, _name) = (root, name);

    /// <summary>Names of the kprobe events that the kernel accepted.</summary>
    public IReadOnlyList<string> Events { get; private set; } = [];

    string Folder => $"{_root}/instances/{Prefix}{_name}";

    /// <summary>A kprobe group must be a C identifier.</summary>
    string Group => $"drover_{_name}";

    /// <param name="plan">The probes (<see cref="ProbePlan.For"/>).</param>
    /// <param name="forBoot">The instance outlives this process, for <see cref="TakeOverBoot"/>.</param>
    /// <exception cref="IOException">The kernel refuses; the message has the reason and the remedy.</exception>
    public static TraceInstance Begin(IReadOnlyList<IReadOnlyList<Probe>> plan, bool forBoot = false)
    {
        var root = Root();
        RemoveLeftovers(root);
        var name = forBoot ? BootName : Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var instance = new TraceInstance(root, name);
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

    /// <summary>Takes over the instance that <see cref="Begin"/> started for the boot.</summary>
    /// <exception cref="IOException">There is no such instance.</exception>
    public static TraceInstance TakeOverBoot()
    {
        var instance = new TraceInstance(Root(), BootName);
        if (!Directory.Exists(instance.Folder))
        {
            throw new IOException(
                "nothing has watched since the boot: run 'drover watch --begin' first thing in the initramfs, " +
                "then 'drover watch --since-boot'");
        }
        var events = $"{instance.Folder}/events/{instance.Group}";
        instance.Events = Directory.Exists(events)
            ? [.. Directory.GetDirectories(events).Select(path => Path.GetFileName(path))]
            : [];
        return instance;
    }

    /// <summary>Keeps the instance after <see cref="Dispose"/>, for <see cref="TakeOverBoot"/>.</summary>
    public void Keep() => _isKept = true;

    /// <summary>Reads once a second (a blocked reader would slow traced calls); at the end stops the tracing.</summary>
    /// <param name="line">Receives a line without its newline; the span is valid during the call.</param>
    /// <param name="drained">Called after each read of all lines.</param>
    /// <param name="atMost">Time limit; null for none.</param>
    /// <exception cref="IOException">The trace cannot be read.</exception>
    public void Follow(
        Action<ReadOnlySpan<byte>> line, Action drained, TimeSpan? atMost, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!cancellationToken.IsCancellationRequested &&
            (atMost is not { } limit || Stopwatch.GetElapsedTime(begun) < limit))
        {
            Drain(line, Machine.MonotonicUs() - (long)s_settled.TotalMicroseconds);
            drained();
            var left = atMost is { } most ? most - Stopwatch.GetElapsedTime(begun) : s_interval;
            var milliseconds = Math.Clamp(left.TotalMilliseconds, 1, s_interval.TotalMilliseconds);
            _ = cancellationToken.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(milliseconds));
        }
        _ = Write($"{Folder}/tracing_on", "0");
        Drain(line, long.MaxValue);
        drained();
    }

    void Drain(Action<ReadOnlySpan<byte>> line, long untilUs)
    {
        _lines ??= new([.. Directory.GetDirectories($"{Folder}/per_cpu").Select(Open)]);
        _lines.TakeUntil(untilUs, line);
    }

    CpuTracePipe Open(string cpu)
    {
        var descriptor = Libc.OpenAt(Libc.AT_FDCWD, $"{cpu}/trace_pipe",
            Libc.O_RDONLY | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        if (descriptor < 0)
            throw new IOException($"{cpu}/trace_pipe cannot be read: {ErrnoText.Describe(Libc.LastError)}");
        _descriptors.Add(descriptor);
        return new(into =>
        {
            while (true)
            {
                var length = (int)Libc.Read(descriptor, ref into[0], into.Length);
                if (length >= 0 || Libc.LastError is not Errno.EINTR)
                    return length;
            }
        });
    }

    /// <summary>Removes the instance and its kprobes.</summary>
    public void Dispose()
    {
        foreach (var descriptor in _descriptors)
            _ = Libc.Close(descriptor);
        _descriptors.Clear();
        if (!_isKept)
            Remove(_root, _name);
    }

    void SetUp(IReadOnlyList<IReadOnlyList<Probe>> plan)
    {
        var perCpu = Math.Clamp(BufferKilobytes / Machine.CountCpus(), MinPerCpuKilobytes, MaxPerCpuKilobytes);
        Require($"{Folder}/buffer_size_kb", perCpu.ToString(CultureInfo.InvariantCulture));
        Require($"{Folder}/trace_clock", "mono");
        _ = Write($"{Folder}/options/record-tgid", "1"); // since 4.13; without it the process of a thread is unknown
        foreach (var item in s_traceEvents)
        {
            if (Write($"{Folder}/events/{item}/enable", "1") is not Errno.None and var error)
                throw new IOException(WhyMissing(item, error, File.Exists("/proc/modules")));
        }
        Events = plan.Select(choices => choices.FirstOrDefault(TryProbe)?.Event).OfType<string>().ToList();
    }

    /// <summary>Why a trace event cannot be enabled.</summary>
    /// <param name="hasModules">The kernel has CONFIG_MODULES; without it there are no events of modules.</param>
    internal static string WhyMissing(string item, Errno error, bool hasModules) => (hasModules, error) switch
    {
        (false, _) => "this kernel was built without loadable modules (CONFIG_MODULES): there are no loads to watch",
        (_, Errno.ENOENT) => $"the kernel has no trace event {item}: it was built without CONFIG_FTRACE_SYSCALLS, "
            + "and cannot be watched",
        _ => $"the trace event {item} cannot be enabled: {ErrnoText.Describe(error)}",
    };

    bool TryProbe(Probe probe)
    {
        var definition = $"{probe.Kind}:{Group}/{probe.Event} {probe.Symbol} {probe.Fetch}\n";
        if (Write($"{_root}/kprobe_events", definition, Libc.O_APPEND) is not Errno.None)
            return false;
        var folder = $"{Folder}/events/{Group}/{probe.Event}";
        if ((probe.Filter is null || Write($"{folder}/filter", probe.Filter) is Errno.None) &&
            Write($"{folder}/enable", "1") is Errno.None)
        {
            return true;
        }
        _ = Write($"{_root}/kprobe_events", $"-:{Group}/{probe.Event}\n", Libc.O_APPEND);
        return false;
    }

    /// <exception cref="IOException">There is no tracefs, or the caller is not root.</exception>
    static string Root()
    {
        foreach (var root in new[] { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" })
        {
            if (Directory.Exists($"{root}/instances"))
                return root;
        }
        throw new IOException(Libc.GetEUid() == 0
            ? "there is no tracefs: mount it (mount -t tracefs tracefs /sys/kernel/tracing), " +
                "or boot a kernel that has it (CONFIG_FTRACE)"
            : "watching module loads needs root: run this with sudo");
    }

    /// <summary>Removes the instances of processes that have ended.</summary>
    static void RemoveLeftovers(string root)
    {
        foreach (var folder in Directory.GetDirectories($"{root}/instances", $"{Prefix}*"))
        {
            var owner = Path.GetFileName(folder)[Prefix.Length..];
            if (int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) &&
                (pid == Environment.ProcessId || !Directory.Exists($"/proc/{pid}")))
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
            _ = Write($"{folder}/events/{group}/{Path.GetFileName(probe)}/enable", "0");
        try
        {
            Directory.Delete(folder);
        }
        catch (IOException)
        {
            // a file of it is open in another process: its events are off, and the next watch retries
        }
        foreach (var probe in probes)
            _ = Write($"{root}/kprobe_events", $"-:{group}/{Path.GetFileName(probe)}\n", Libc.O_APPEND);
    }

    static void Require(string path, string value)
    {
        if (Write(path, value) is not Errno.None and var error)
            throw new IOException($"{path} does not take '{value}': {ErrnoText.Describe(error)}");
    }

    /// <summary>One write(2) is one command to tracefs. O_TRUNC would remove the kprobes of other users.</summary>
    static Errno Write(string path, string text, int flags = 0)
    {
        var fd = Libc.OpenAt(Libc.AT_FDCWD, path, Libc.O_WRONLY | Libc.O_CLOEXEC | flags, 0);
        if (fd < 0)
            return Libc.LastError;
        var bytes = Encoding.UTF8.GetBytes(text);
        var error = Libc.Write(fd, in bytes[0], bytes.Length) < 0 ? Libc.LastError : Errno.None;
        _ = Libc.Close(fd);
        return error;
    }
}
