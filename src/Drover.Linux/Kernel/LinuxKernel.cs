using System.Runtime.InteropServices;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Linux.Runtime;
using Drover.Linux.Syscalls;
using Drover.Modules.Image;

namespace Drover.Linux.Kernel;

/// <summary>The running kernel. Used on the event loop; calls block on <see cref="KernelThreads"/>.</summary>
public sealed class LinuxKernel : IKernel, IModuleRemovals, IDisposable
{
    static readonly LoadReply s_noThread = new(Errno.EAGAIN,
        "the system has no thread left for the call (TasksMax=, ulimit -u)");

    readonly KernelThreads _threads;
    readonly UeventSeqnum _seqnum = new();

    /// <exception cref="PlatformNotSupportedException">Unknown system call numbers.</exception>
    public LinuxKernel(KernelThreads threads)
    {
        _threads = threads;
        // fails now rather than in the middle of a load
        _ = ModuleCallNumbers.Of(RuntimeInformation.ProcessArchitecture);
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
            reason = new(error, $"{path}: {ErrnoText.Describe(error)}");
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
            size.FileBytes, size.ImageBytes, size.Compression);
        return true;
    }

    /// <inheritdoc/>
    public Task<LoadReply> LoadAsync(LoadCall call) => _threads.Run(() => ModuleCalls.Load(call), s_noThread);

    /// <inheritdoc/>
    public Task<LoadReply> DeleteAsync(string module, bool force)
    {
        var flags = Libc.O_NONBLOCK | (force ? Libc.O_TRUNC : 0);
        return _threads.Run(() => ModuleCalls.Delete(module, flags), s_noThread);
    }

    /// <inheritdoc/>
    public int? ReferencesTo(string module) => SysModule.ReferencesTo(module);

    /// <inheritdoc/>
    public IReadOnlyList<string>? HoldersOf(string module) => SysModule.HoldersOf(module);

    /// <inheritdoc/>
    public Task<int> RunInstallCommandAsync(string command, string module) =>
        _threads.Run(() => InstallCommand.Run(command, module, CommandEnvironment), InstallCommand.NoShell);

    /// <summary>Closes the descriptors. Calls in flight go on.</summary>
    public void Dispose() => _seqnum.Dispose();
}
