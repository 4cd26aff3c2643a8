namespace Drover.Kernel;

/// <summary>A module's state as <c>/sys/module/NAME/initstate</c> shows it.</summary>
public enum InitState
{
    /// <summary>The kernel has no module of that name.</summary>
    Absent,

    /// <summary>Being set up: <c>coming</c>, or its directory exists and <c>initstate</c> does not yet.</summary>
    Coming,

    Live,

    /// <summary>Its init failed, or it is being removed.</summary>
    Going,
}

public enum LoadVia
{
    /// <summary><c>finit_module</c> of an uncompressed file.</summary>
    FinitModule,

    /// <summary><c>finit_module</c> with <c>MODULE_INIT_COMPRESSED_FILE</c>: the kernel decompresses.</summary>
    FinitModuleCompressed,

    /// <summary><c>init_module</c> of bytes decompressed here; the kernel finds no duplicates by file.</summary>
    InitModule,
}

/// <summary>Checks that the kernel skips; the values are the kernel's (include/uapi/linux/module.h).</summary>
[Flags]
public enum IgnoredChecks
{
    None = 0,

    /// <summary>MODULE_INIT_IGNORE_MODVERSIONS: checksums of the symbols it uses.</summary>
    Modversions = 1,

    /// <summary>MODULE_INIT_IGNORE_VERMAGIC: the kernel version it was built for.</summary>
    Vermagic = 2,
}

public enum ModuleCompression
{
    None,
    Gzip,
    Xz,
    Zstd,
}

/// <summary>One load call.</summary>
/// <param name="Module">Normalised name.</param>
/// <param name="Parameters">As the kernel parses them; empty for none.</param>
/// <param name="Ignored">Checks to skip: by flag, or by hiding the image's data where the call has none.</param>
public sealed record LoadCall(
    string Module, string Path, LoadVia Via, string Parameters, IgnoredChecks Ignored = IgnoredChecks.None);

/// <param name="Error"><see cref="Errno.None"/> when the module is live.</param>
/// <param name="Detail">Details beyond the errno (which byte of which file is corrupt), or null.</param>
/// <param name="Log">What the kernel has logged during a call that failed; null where that is not known.</param>
public readonly record struct LoadReply(Errno Error, string? Detail = null, IReadOnlyList<string>? Log = null);

/// <summary>The properties of a module's file that loading depends on.</summary>
/// <param name="Id">Identifies the file independent of its path.</param>
/// <param name="Version">Changes when the content may have changed (size and mtime).</param>
/// <param name="FileBytes">Bytes on disk.</param>
/// <param name="ImageBytes">Bytes of the module in the kernel, or an upper bound.</param>
public readonly record struct ModuleFileFacts(
    FileId Id, FileVersion Version, long FileBytes, long ImageBytes, ModuleCompression Compression)
{
    /// <summary>Packed otherwise than by the kernel's build: a kernel that reads the format may refuse it.</summary>
    public bool IsUnusual { get; init; }
}

/// <summary>A file's identity: device and inode number.</summary>
public readonly record struct FileId(ulong Device, ulong Inode);

/// <summary>Size in bytes and modification time in nanoseconds since the epoch.</summary>
public readonly record struct FileVersion(long Bytes, long ModifiedNs);

/// <summary>The loader's port to the kernel: the real one or a model. Methods are called on the event loop, return at
/// once and complete their tasks there. Failures of kernel, disk or resources are replies, not exceptions.</summary>
public interface IKernel
{
    /// <summary>CPUs online; at least 1.</summary>
    int CpuCount { get; }

    /// <summary>Memory available without swapping, in bytes (MemAvailable).</summary>
    long AvailableBytes { get; }

    /// <summary>The format that the kernel decompresses (<c>/sys/module/compression</c>), or None.</summary>
    ModuleCompression Decompresses { get; }

    /// <summary>The format that a library of the system decompresses with less work than the kernel, or None.</summary>
    ModuleCompression CheaperHere { get; }

    /// <summary>SEQNUM of the last uevent sent (<c>/sys/kernel/uevent_seqnum</c>).</summary>
    ulong UeventSeqnum { get; }

    InitState InitStateOf(string module);

    /// <summary>A live module has drivers (<c>/sys/module/NAME/drivers</c>): they may probe after its init.</summary>
    bool HasDrivers(string module);

    /// <summary>Reads a file's properties; <paramref name="reason"/> holds the error when that fails.</summary>
    bool TryInspect(string path, out ModuleFileFacts facts, out LoadReply reason);

    /// <summary>Makes the call on a separate thread. A call in the kernel is never cancelled.</summary>
    Task<LoadReply> LoadAsync(LoadCall call);

    /// <summary>Gathers on a separate thread what the machine knows about a load that has failed; null where it knows
    /// nothing.</summary>
    Task<FailureFacts?> ExamineAsync(LoadCall call, LoadReply reply) => Task.FromResult<FailureFacts?>(null);

    /// <summary>Runs an <c>install</c> line, without <c>CMDLINE_OPTS</c>; sets <c>MODPROBE_MODULE</c>.</summary>
    /// <returns>The exit status, or a <see cref="CommandStatus"/>.</returns>
    Task<int> RunInstallCommandAsync(string command, string module);
}

/// <summary>What an install or remove command may end with that is no exit status.</summary>
public static class CommandStatus
{
    /// <summary>No shell could be started.</summary>
    public const int NoShell = -1;

    /// <summary>The command has led to this process, and would again.</summary>
    public const int Loop = -2;
}

/// <summary>Port: removals of modules. Called on the event loop, where its tasks complete; throws nothing.</summary>
public interface IModuleRemovals
{
    /// <summary>Removes a module (delete_module with O_NONBLOCK): EAGAIN or EBUSY while it is in use, ENOENT when it is
    /// not loaded. A call in the kernel is never cancelled.</summary>
    /// <param name="module">Normalised name.</param>
    /// <param name="force">O_TRUNC: even while in use, where the kernel has CONFIG_MODULE_FORCE_UNLOAD.</param>
    Task<LoadReply> DeleteAsync(string module, bool force);
}
