using Drover.Linux.Syscalls;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Linux;

/// <summary>The kernel this process runs on. Used on the event loop; what blocks runs on <see cref="KernelThreads"/>.</summary>
public sealed class LinuxKernel : IKernel, IModuleRemovals, IDisposable
{
    readonly KernelThreads _threads;
    readonly UeventSeqnum _seqnum = new();

    /// <exception cref="PlatformNotSupportedException">An architecture whose system call numbers are not known here.</exception>
    public LinuxKernel(KernelThreads threads)
    {
        _threads = threads;
        _ = ModuleCallNumbers.Of(System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture); // says so now rather than in the middle of a load
        Decompresses = SysModule.Compression();
    }

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
        SysModule.InitStateOf(module) is var state && state is InitState.Coming && SysModule.IsBuiltIn(module) ? InitState.Absent : state;

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

        // what kernel_read_file says to anything else
        if ((stat.Mode & Libc.S_IFMT) != Libc.S_IFREG)
        {
            reason = new(Errno.EINVAL, $"{path}: not a regular file");
            return false;
        }

        reason = FileErrors.Guard(path, () => ModuleFile.Measure(path), out var size);
        if (reason.Error is not Errno.None)
        {
            return false;
        }

        facts = new(
            new(((ulong)stat.DeviceMajor << 32) | stat.DeviceMinor, stat.Inode),
            new((long)stat.Size, (stat.ModifiedSeconds * NsPerSecond) + stat.ModifiedNanoseconds),
            size.FileBytes, size.ImageBytes, size.Compression);
        return true;
    }

    /// <inheritdoc/>
    public Task<LoadReply> LoadAsync(LoadCall call) => _threads.Run(() => ModuleCalls.Load(call));

    /// <inheritdoc/>
    public Task<LoadReply> DeleteAsync(string module, bool force) => _threads.Run(() => ModuleCalls.Delete(module, Libc.O_NONBLOCK | (force ? Libc.O_TRUNC : 0)));

    /// <inheritdoc/>
    public int? ReferencesTo(string module) => SysModule.ReferencesTo(module);

    /// <inheritdoc/>
    public IReadOnlyList<string>? HoldersOf(string module) => SysModule.HoldersOf(module);

    /// <summary>Variables that commands find in their environment, beside this process's own.</summary>
    public IReadOnlyDictionary<string, string> CommandEnvironment { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public Task<int> RunInstallCommandAsync(string command, string module) => _threads.Run(() => InstallCommand.Run(command, module, CommandEnvironment));

    /// <summary>Gives back what it holds open. Calls in flight go on.</summary>
    public void Dispose() => _seqnum.Dispose();
}
