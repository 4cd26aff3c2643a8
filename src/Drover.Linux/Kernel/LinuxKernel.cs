using System.Runtime.InteropServices;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Linux.Runtime;
using Drover.Linux.Syscalls;
using Drover.Modules;
using Drover.Modules.Image;

namespace Drover.Linux.Kernel;

/// <summary>The running kernel. Used on the event loop; calls block on <see cref="KernelThreads"/>.</summary>
public sealed class LinuxKernel : IKernel, IModuleRemovals, IDisposable
{
    static readonly LoadReply s_noThread = new(Errno.EAGAIN,
        "the system has no thread left for the call (TasksMax=, ulimit -u)");

    /// <summary>For delete_module, whose EAGAIN says that the module is in use.</summary>
    static readonly LoadReply s_noThreadToDelete = s_noThread with { Error = Errno.ENOMEM };

    readonly KernelThreads _threads;
    readonly UeventSeqnum _seqnum = new();

    /// <exception cref="PlatformNotSupportedException">Unknown system call numbers.</exception>
    public LinuxKernel(KernelThreads threads)
    {
        _threads = threads;
        // fails now rather than in the middle of a load
        _ = Abi.Of(RuntimeInformation.ProcessArchitecture);
        Decompresses = SysModule.Compression();
    }

    /// <summary>Variables added to the environment of install commands.</summary>
    public IReadOnlyDictionary<string, string> CommandEnvironment { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public int CpuCount { get; } = Machine.CountCpus();

    /// <inheritdoc/>
    public long AvailableBytes => Machine.AvailableBytes();

    /// <inheritdoc/>
    public ModuleCompression Decompresses { get; }

    /// <summary>Xz where liblzma is: it takes three quarters of the kernel's instructions. Zstandard is the same code
    /// in both.</summary>
    public ModuleCompression CheaperHere =>
        SystemDecoders.Current?.HasXz == true ? ModuleCompression.Xz : ModuleCompression.None;

    /// <inheritdoc/>
    public ulong UeventSeqnum => _seqnum.Read();

    /// <inheritdoc/>
    public InitState InitStateOf(string module) =>
        SysModule.InitStateOf(module) is var state && state is InitState.Coming && SysModule.IsBuiltIn(module)
            ? InitState.Absent
            : state;

    /// <inheritdoc/>
    public bool HasDrivers(string module) => SysModule.HasDrivers(module);

    /// <inheritdoc/>
    public bool TryInspect(string path, out ModuleFileFacts facts, out LoadReply reason)
    {
        const long NsPerSecond = 1_000_000_000;
        facts = default;
        if (Libc.StatXAt(Libc.AT_FDCWD, path, flags: 0, Libc.STATX_BASIC_STATS, out var stat) < 0)
        {
            var error = Libc.LastError;
            var why = error is Errno.ENOENT
                ? "there is no such file (stale index? run depmod)"
                : ErrnoText.Describe(error);
            reason = new(error, $"{path}: {why}");
            return false;
        }
        // as kernel_read_file
        if ((stat.Mode & Libc.S_IFMT) != Libc.S_IFREG)
        {
            reason = new(Errno.EINVAL, $"{path}: not a regular file");
            return false;
        }
        reason = ModuleCalls.Read(path, () => ModuleFile.Measure(path), out var size);
        if (reason.Error is not Errno.None)
            return false;
        facts = new(
            new(((ulong)stat.DeviceMajor << 32) | stat.DeviceMinor, stat.Inode),
            new((long)stat.Size, (stat.ModifiedSeconds * NsPerSecond) + stat.ModifiedNanoseconds),
            size.FileBytes, size.ImageBytes, size.Compression)
        {
            IsUnusual = size.IsUnusual,
        };
        return true;
    }

    /// <inheritdoc/>
    public Task<LoadReply> LoadAsync(LoadCall call) => _threads.Run(() => ModuleCalls.Load(call), s_noThread);

    /// <inheritdoc/>
    public Task<FailureFacts?> ExamineAsync(LoadCall call, LoadReply reply) => _threads.Run<FailureFacts?>(
        () => LoadExamination.Of(call, reply), noThread: null);

    /// <inheritdoc/>
    public Task<LoadReply> DeleteAsync(string module, bool force)
    {
        var flags = Libc.O_NONBLOCK | (force ? Libc.O_TRUNC : 0);
        return _threads.RunWithRetryAsync(() => ModuleCalls.Delete(module, flags), s_noThreadToDelete);
    }

    /// <inheritdoc/>
    public Task<int> RunInstallCommandAsync(string command, string module) =>
        _threads.RunWithRetryAsync(
            () => InstallCommand.Run(command, module, CommandEnvironment), CommandStatus.NoShell);

    /// <summary>Runs a <c>remove</c> line.</summary>
    /// <inheritdoc cref="RunInstallCommandAsync"/>
    public Task<int> RunRemoveCommandAsync(string command, string module) => _threads.RunWithRetryAsync(
        () => InstallCommand.Run(command, module, CommandEnvironment, isRemove: true), CommandStatus.NoShell);

    /// <summary>Closes the descriptors. Calls in flight go on.</summary>
    public void Dispose() => _seqnum.Dispose();
}

/// <summary>The blocking system calls that load and remove modules. Nothing here throws.</summary>
static class ModuleCalls
{
    internal static LoadReply Load(LoadCall call)
    {
        var log = KernelLog.OpenAtEnd();
        var reply = Make(call);
        if (reply.Error is not (Errno.None or Errno.ENODEV))
            reply = reply with { Log = log.Read() };
        log.Close();
        return reply;
    }

    static LoadReply Make(LoadCall call) => call.Via switch
    {
        LoadVia.FinitModule => FInit(call, (int)call.Ignored),
        LoadVia.FinitModuleCompressed => FInit(call, Libc.MODULE_INIT_COMPRESSED_FILE | (int)call.Ignored),
        LoadVia.InitModule => Init(call),
        _ => throw new ArgumentOutOfRangeException(nameof(call)),
    };

    internal static LoadReply Delete(string module, int flags) =>
        Libc.DeleteModule(Abi.Here.DeleteModule, module, flags) < 0 ? new(Libc.LastError) : new(Errno.None);

    /// <summary>Reads a module file; a failure has the errno of finit_module, EBADMSG for a corrupt file.</summary>
    internal static LoadReply Read<T>(string path, Func<T> read, out T? result)
    {
        try
        {
            result = read();
            return new(Errno.None);
        }
        catch (ModuleDataException e)
        {
            result = default;
            return new(Errno.EBADMSG, e.Message);
        }
        catch (OutOfMemoryException e)
        {
            result = default;
            return new(Errno.ENOMEM, $"{path}: {e.Message}");
        }
        catch (Exception e) when (FileErrno.Of(e) is { } error)
        {
            result = default;
            return new(error, $"{path}: {e.Message}");
        }
    }

    // The file is opened here and not earlier: a tracer sees its name and the load on one thread, one after the other.
    static LoadReply FInit(LoadCall call, int flags)
    {
        var fd = SmallFile.Open(call.Path, out var error);
        if (fd < 0)
            return new(error, $"{call.Path}: open: {ErrnoText.Describe(error)}");
        error = Libc.FInitModule(Abi.Here.FInitModule, fd, call.Parameters, flags) < 0 ? Libc.LastError : Errno.None;
        _ = Libc.Close(fd);
        return new(error, error is Errno.ETXTBSY ? FileWriters.Describe(call.Path) : null);
    }

    static LoadReply Init(LoadCall call)
    {
        var reply = Read(call.Path, () => ModuleFile.ReadImage(call.Path), out var image);
        if (image is not { Length: > 0 })
            return reply.Error is Errno.None ? new(Errno.ENOEXEC, $"{call.Path}: the file is empty") : reply;
        // init_module has no flags; the kernel does not check what the image lacks
        if (call.Ignored is not IgnoredChecks.None)
        {
            var hidden = Read(call.Path, () => Hide(image, call), out _);
            if (hidden.Error is not Errno.None)
                return hidden;
        }
        return Libc.InitModule(Abi.Here.InitModule, ref image[0], image.Length, call.Parameters) < 0
            ? new(Libc.LastError)
            : new(Errno.None);
    }

    static bool Hide(byte[] image, LoadCall call)
    {
        if (call.Ignored.HasFlag(IgnoredChecks.Modversions))
            ModuleChecks.HideModversions(image, call.Path);
        if (call.Ignored.HasFlag(IgnoredChecks.Vermagic))
            ModuleChecks.HideVermagic(image, call.Path);
        return true;
    }
}
