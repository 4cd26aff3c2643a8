using Drover.Modules;

namespace Drover.Loading;

/// <summary>A module's state as <c>/sys/module/NAME/initstate</c> shows it.</summary>
public enum InitState
{
    /// <summary>The kernel knows no module of that name.</summary>
    Absent,

    /// <summary>Being set up by someone: <c>coming</c>, or its directory is there and <c>initstate</c> not yet.</summary>
    Coming,

    Live,

    /// <summary>Its init failed, or it is being removed.</summary>
    Going,
}

/// <summary>The system call that carries a module into the kernel.</summary>
public enum LoadVia
{
    /// <summary><c>finit_module</c> of an uncompressed file.</summary>
    FinitModule,

    /// <summary><c>finit_module</c> with <c>MODULE_INIT_COMPRESSED_FILE</c>: the kernel decompresses.</summary>
    FinitModuleCompressed,

    /// <summary><c>init_module</c> of bytes that we decompressed: no gate of the kernel's guards it.</summary>
    InitModule,
}

/// <summary>One call to the kernel.</summary>
/// <param name="Module">Normalised name.</param>
/// <param name="Path">The module's file.</param>
/// <param name="Via">Which system call.</param>
/// <param name="Parameters">As the kernel parses them; empty for none.</param>
/// <param name="Ignored">What the kernel is not to check: by flag, or, where the call has none, by hiding it in the image.</param>
public sealed record LoadCall(string Module, string Path, LoadVia Via, string Parameters, IgnoredChecks Ignored = IgnoredChecks.None);

/// <summary>What the kernel said.</summary>
/// <param name="Error"><see cref="Errno.None"/> when the module is live.</param>
/// <param name="Detail">What is known beyond the errno (which byte of which file is corrupt), or null.</param>
public readonly record struct LoadReply(Errno Error, string? Detail = null);

/// <summary>The file behind a module, as far as loading it needs to know.</summary>
/// <param name="Id">Which file it is, whatever path leads to it.</param>
/// <param name="Version">Changes when its content may have changed (size and mtime).</param>
/// <param name="FileBytes">Bytes on disk.</param>
/// <param name="ImageBytes">Bytes once laid out in the kernel, or an upper bound.</param>
/// <param name="Compression">How it is compressed.</param>
public readonly record struct ModuleFileFacts(FileId Id, FileVersion Version, long FileBytes, long ImageBytes, ModuleCompression Compression);

/// <summary>A file's identity: device and inode number.</summary>
public readonly record struct FileId(ulong Device, ulong Inode);

/// <summary>Size in bytes and modification time in nanoseconds since the epoch.</summary>
public readonly record struct FileVersion(long Bytes, long ModifiedNs);

/// <summary>
/// The kernel as the loader sees it; behind it stands the real one or a model.
/// Every method is called on the event loop, returns at once, and completes its task on the loop; none throws for what a kernel or a disk can do wrong.
/// </summary>
public interface IKernel
{
    /// <summary>CPUs online; at least 1.</summary>
    int CpuCount { get; }

    /// <summary>Memory to be had without swapping, in bytes (MemAvailable).</summary>
    long AvailableBytes { get; }

    /// <summary>The one format the kernel decompresses by itself (<c>/sys/module/compression</c>), or <see cref="ModuleCompression.None"/>.</summary>
    ModuleCompression Decompresses { get; }

    /// <summary>SEQNUM of the last uevent the kernel has sent (<c>/sys/kernel/uevent_seqnum</c>).</summary>
    ulong UeventSeqnum { get; }

    /// <summary>One look at sysfs.</summary>
    InitState InitStateOf(string module);

    /// <summary>A live module has registered drivers (<c>/sys/module/NAME/drivers</c>): their probes may go on after its init, and devices appear.</summary>
    bool HasDrivers(string module);

    /// <summary>Looks at a module's file; <paramref name="reason"/> says why it could not.</summary>
    bool TryInspect(string path, out ModuleFileFacts facts, out LoadReply reason);

    /// <summary>Makes the call on a thread of its own. A call in the kernel is never cancelled.</summary>
    Task<LoadReply> LoadAsync(LoadCall call);

    /// <summary>Runs an <c>install</c> line through the shell, with <c>CMDLINE_OPTS</c> already in it and <c>MODPROBE_MODULE</c> set; its exit status, or −1 when no shell could be run.</summary>
    Task<int> RunInstallCommandAsync(string command, string module);
}
