using System.Buffers.Text;
using Drover.Kernel;
using Drover.Modules;
using Drover.Text;

namespace Drover.Linux.Tracing;

/// <summary>Joins each thread's trace events into calls, in bounded memory for any input. One owner.</summary>
/// <param name="ended">Receives each call at its exit.</param>
/// <param name="nameOfDescriptor">The path of a thread's descriptor, or null; the last resort.</param>
public sealed class CallJoiner(Action<TracedCall> ended, Func<int, int, string?>? nameOfDescriptor = null)
{
    /// <summary>Threads remembered at a time; udev has at most 2048 workers (its children_max).</summary>
    public const int MaxThreads = 4096;

    readonly Dictionary<int, Worker> _workers = [];

    /// <summary>Whether the trace has the kernel's reads, which tell calls that read nothing apart.</summary>
    public bool SeesReads { get; init; } = true;

    /// <summary>Receives each request of the kernel's own.</summary>
    public Action<TracedRequest> Requested { get; init; } = _ => { };

    /// <summary>Events lost because a buffer was full.</summary>
    public long LostEvents { get; private set; }

    /// <summary>Lines that are neither an event nor a note of lost events.</summary>
    public long UnreadLines { get; private set; }

    /// <summary>Exits of calls whose entry was lost or came before the watch.</summary>
    public long CutOffCalls { get; private set; }

    /// <summary>Calls that have not returned, ordered by entry.</summary>
    public IReadOnlyList<TracedCall> InFlight
    {
        get
        {
            var calls = new List<TracedCall>();
            foreach (var worker in _workers.Values)
            {
                if (worker.Call is { } call)
                    calls.Add(call.Finish(worker, null, 0, SeesReads));
            }
            calls.Sort((a, b) => (a.StartUs, a.Tid).CompareTo((b.StartUs, b.Tid)));
            return calls;
        }
    }

    /// <summary>The next line of the trace, without its newline.</summary>
    public void Take(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty || line[0] == '#')
            return;
        if (TraceLine.TryParse(line, out var item))
            Take(item);
        else if (TraceLine.LostEvents(line) is > 0 and var lost)
            LostEvents += lost;
        else
            UnreadLines++;
    }

    void Take(in TraceLine item)
    {
        var name = item.Name;
        if (name.StartsWith("sys_"u8))
        {
            if (SyscallOf(name["sys_"u8.Length..]) is not { } syscall)
                return;
            if (item.Text.StartsWith("("u8))
                Enter(syscall, item);
            else if (item.TryResult(out var result))
                Exit(syscall, item, result);
        }
        else if (name.SequenceEqual(ProbePlan.Opened))
        {
            Opened(WorkerOf(item), Quoted(item.Text, "name="u8));
        }
        else if (name.SequenceEqual("module_request"u8))
        {
            var asking = WorkerOf(item);
            Requested(new(item.TimeUs, TracedRequest.NameIn(item.Text), asking.Comm, item.Pid, item.Tid));
        }
        else if (_workers.TryGetValue(item.Tid, out var worker) && worker.Call is { } call)
        {
            During(call, item);
        }
    }

    void Enter(ModuleSyscall syscall, in TraceLine item)
    {
        var worker = WorkerOf(item);
        if (worker.Call is { } unfinished)
            ended(unfinished.Finish(worker, null, 0, SeesReads)); // its exit was lost
        worker.Pid = item.Pid > 0 ? item.Pid : worker.Pid;
        var call = new OpenCall(syscall, item.TimeUs, item.Tid);
        worker.Call = call;
        if (syscall is ModuleSyscall.InitModule && item.TryField("len: "u8, out var length))
            call.Read = length;
        long? fd = syscall is ModuleSyscall.FinitModule && item.TryField("fd: "u8, out var number) ? number : null;
        if (syscall is not ModuleSyscall.DeleteModule && (worker.OpenedModule ?? worker.FileOf(fd)) is { } opened)
        {
            call.Name(opened, NamedBy.Opened);
            worker.Remember(fd, opened);
        }
        else if (fd is >= 0 and <= int.MaxValue && nameOfDescriptor?.Invoke(item.Tid, (int)fd) is { } path &&
            ModuleOf(path) is { } module)
        {
            call.Name(module, NamedBy.Descriptor);
        }
    }

    void Exit(ModuleSyscall syscall, in TraceLine item, long result)
    {
        if (!_workers.TryGetValue(item.Tid, out var worker) || worker.Call is not { } call || call.Syscall != syscall)
        {
            CutOffCalls++;
            return;
        }
        worker.Call = null;
        // a file opened for this call is not that of the next, unless it has the same descriptor
        worker.OpenedModule = null;
        var error = (Errno)(int)Math.Clamp(-result, 0, int.MaxValue);
        ended(call.Finish(worker, error, Math.Max(0, item.TimeUs - call.StartUs), SeesReads));
    }

    static void During(OpenCall call, in TraceLine item)
    {
        if (item.Name.SequenceEqual(ProbePlan.Read) || item.Name.SequenceEqual(ProbePlan.Gate))
        {
            if (ModuleOf(Quoted(item.Text, "name="u8)) is { } file)
                call.Name(file, NamedBy.File);
            if (item.Name.SequenceEqual(ProbePlan.Read))
                call.ReadAtUs ??= item.TimeUs;
            if (item.Name.SequenceEqual(ProbePlan.Read) && Decimal(item.Text, "size="u8) is { } size)
                call.Read = size;
        }
        else if (item.Name.SequenceEqual(ProbePlan.Returned))
        {
            call.Read = Math.Max(0, Decimal(item.Text, "bytes="u8) ?? 0);
        }
        else if (item.Name.SequenceEqual(ProbePlan.Found))
        {
            call.Name(Quoted(item.Text, "name="u8), NamedBy.Module);
        }
        else if (item.Name.SequenceEqual(ProbePlan.LaidOut))
        {
            call.LaidOutAtUs ??= item.TimeUs;
        }
        else if (item.Name.SequenceEqual("module_load"u8))
        {
            call.FormedAtUs = item.TimeUs;
            var word = item.Text.Trim((byte)' ');
            call.Name(ByteText.Of(word.IndexOf((byte)' ') is > 0 and var end ? word[..end] : word),
                NamedBy.Module);
        }
    }

    /// <summary>A module file, or the <c>uevent</c> file of a device, which udev reads before its parents'.</summary>
    static void Opened(Worker worker, string path)
    {
        const string Sys = "/sys", Uevent = "/uevent";
        if (path.StartsWith(Sys, StringComparison.Ordinal) && path.EndsWith(Uevent, StringComparison.Ordinal))
        {
            var device = path[Sys.Length..^Uevent.Length];
            if (worker.Device is not { } current || !current.StartsWith(device + "/", StringComparison.Ordinal))
                worker.Device = device;
        }
        else if (ModuleOf(path) is { } module)
        {
            worker.OpenedModule = module;
        }
    }

    Worker WorkerOf(in TraceLine item)
    {
        if (!_workers.TryGetValue(item.Tid, out var worker))
        {
            if (_workers.Count >= MaxThreads)
                Forget();
            _workers[item.Tid] = worker = new Worker();
        }
        if (!item.Comm.SequenceEqual("<...>"u8))
            worker.SetComm(item.Comm);
        else if (Quoted(item.Text, "comm="u8) is { Length: > 0 } comm)
            worker.SetComm(ByteText.BytesOf(comm));
        return worker;
    }

    /// <summary>Drops the threads without a call; if all have one, drops all.</summary>
    void Forget()
    {
        foreach (var (tid, worker) in _workers)
        {
            if (worker.Call is null)
                _workers.Remove(tid);
        }
        if (_workers.Count >= MaxThreads)
        {
            CutOffCalls += _workers.Count;
            _workers.Clear();
        }
    }

    static ModuleSyscall? SyscallOf(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("finit_module"u8) ? ModuleSyscall.FinitModule
        : name.SequenceEqual("init_module"u8) ? ModuleSyscall.InitModule
        : name.SequenceEqual("delete_module"u8) ? ModuleSyscall.DeleteModule
        : null;

    /// <summary>The module of a file <c>NAME.ko</c>, <c>NAME.ko.xz</c>, …; null for any other.</summary>
    static string? ModuleOf(string path)
    {
        var file = path[(path.LastIndexOf('/') + 1)..];
        return file.IndexOf(".ko", StringComparison.Ordinal) is > 0 and var end &&
            (end + 3 == file.Length || file[end + 3] == '.')
            ? ModuleName.Normalize(file)
            : null;
    }

    /// <summary>Quoted text after a key (kernel: print_type_string, no escapes); empty after a fault.</summary>
    static string Quoted(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key)
    {
        if (text.IndexOf(key) is not (>= 0 and var at) || !text[(at + key.Length)..].StartsWith("\""u8))
            return "";
        var value = text[(at + key.Length + 1)..];
        return value.IndexOf((byte)'"') is >= 0 and var end ? ByteText.Of(value[..end]) : "";
    }

    static long? Decimal(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key) =>
        text.IndexOf(key) is >= 0 and var at && Utf8Parser.TryParse(text[(at + key.Length)..], out long value, out _)
            ? value
            : null;

    /// <summary>State of a thread between its calls.</summary>
    sealed class Worker
    {
        /// <summary>libkmod holds a file open for each module of a request; beyond the limit all are dropped.</summary>
        const int MaxFiles = 64;

        readonly Dictionary<long, string> _files = [];
        byte[] _commBytes = [];

        public string Comm { get; private set; } = "";
        public int Pid { get; set; }
        public string? Device { get; set; }
        public string? OpenedModule { get; set; }
        public OpenCall? Call { get; set; }

        /// <summary>An earlier call's module: libkmod retries without opening the file again.</summary>
        public string? FileOf(long? fd) => fd is { } number ? _files.GetValueOrDefault(number) : null;

        public void Remember(long? fd, string module)
        {
            if (fd is not { } number)
                return;
            if (_files.Count >= MaxFiles)
                _files.Clear();
            _files[number] = module;
        }

        public void SetComm(ReadOnlySpan<byte> comm)
        {
            if (!comm.SequenceEqual(_commBytes))
            {
                _commBytes = comm.ToArray();
                Comm = ByteText.Of(comm);
            }
        }
    }

    /// <summary>A call that has not returned.</summary>
    sealed class OpenCall(ModuleSyscall syscall, long startUs, int tid)
    {
        string? _module;
        NamedBy _namedBy;

        public ModuleSyscall Syscall => syscall;

        public long StartUs => startUs;

        /// <summary>Null until the kernel has read.</summary>
        public long? Read { get; set; }

        public long? ReadAtUs { get; set; }
        public long? LaidOutAtUs { get; set; }

        /// <summary>Only the module's init remained to run (kernel: trace_module_load).</summary>
        public long? FormedAtUs { get; set; }

        /// <summary>The strongest source wins, the first among equals.</summary>
        public void Name(string module, NamedBy by)
        {
            if (module.Length > 0 && by > _namedBy)
                (_module, _namedBy) = (module, by);
        }

        public TracedCall Finish(Worker worker, Errno? result, long tookUs, bool seesReads)
        {
            var isLoad = syscall is not ModuleSyscall.DeleteModule;
            var hasFailed = isLoad && result is not (null or Errno.None);
            var read = Read ?? (isLoad && !seesReads ? null : 0L);
            return new()
            {
                Syscall = syscall,
                Module = _module,
                NamedBy = _namedBy,
                Result = result,
                HasWaited = syscall is ModuleSyscall.FinitModule && seesReads && Read is null && result is { } error
                    && !IsRefusal(error),
                StartUs = startUs,
                TookUs = tookUs,
                Comm = worker.Comm,
                Pid = worker.Pid,
                Tid = tid,
                Device = worker.Comm.Contains("udev", StringComparison.Ordinal) ? worker.Device : null,
                ReadBytes = read,
                WastedBytes = !hasFailed || FormedAtUs is not null ? 0 : (read ?? 0) * (LaidOutAtUs is null ? 1 : 2),
                ReadAfterUs = ReadAtUs - startUs,
                LaidOutAfterUs = LaidOutAtUs - startUs,
                FormedAfterUs = FormedAtUs - startUs,
            };
        }

        /// <summary>Errors before finit_module reads or waits (may_init_module, deny_write_access).</summary>
        static bool IsRefusal(Errno error) =>
            error is Errno.EPERM or Errno.EBADF or Errno.EINVAL or Errno.EFAULT or Errno.ETXTBSY
            or Errno.EINTR or Errno.ENOSYS;
    }
}
