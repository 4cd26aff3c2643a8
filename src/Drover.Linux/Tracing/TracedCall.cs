using Drover.Kernel;

namespace Drover.Linux.Tracing;

/// <summary>The traced system calls.</summary>
public enum ModuleSyscall { FinitModule, InitModule, DeleteModule }

/// <summary>The source of the module name of a call, from the weakest to the strongest.</summary>
public enum NamedBy
{
    Nobody,

    /// <summary>The link of its descriptor in /proc; the descriptor may have been reused since.</summary>
    Descriptor,

    /// <summary>The module file that the thread opened last.</summary>
    Opened,

    /// <summary>The file that the kernel read, or whose load by another call it waited for.</summary>
    File,

    /// <summary>The name in the module, which the kernel looked up.</summary>
    Module,
}

/// <summary>One call to load or remove a module, from the kernel's trace.</summary>
public sealed record TracedCall
{
    public required ModuleSyscall Syscall { get; init; }

    /// <summary>Normalised name; null if no event names the module.</summary>
    public string? Module { get; init; }

    public NamedBy NamedBy { get; init; }

    /// <summary>None for success; null if the exit was not seen or its event was lost.</summary>
    public Errno? Result { get; init; }

    /// <summary>Nothing was read: another call for the file was in flight (kernel: idempotent, since 6.5).</summary>
    public bool HasWaited { get; init; }

    /// <summary>Its entry, on the trace's clock: CLOCK_MONOTONIC.</summary>
    public required long StartUs { get; init; }

    /// <summary>From entry to exit, including sleep.</summary>
    public long TookUs { get; init; }

    public required string Comm { get; init; }

    /// <summary>0 if unknown.</summary>
    public int Pid { get; init; }

    public required int Tid { get; init; }

    /// <summary>For a worker of udev, the DEVPATH of the device of its event; null if unknown.</summary>
    public string? Device { get; init; }

    /// <summary>Bytes read (file size) or received (init_module); 0 if it ended before, null if unknown.</summary>
    public long? ReadBytes { get; init; }

    /// <summary>Wasted bytes as the kernel counts them (CONFIG_MODULE_STATS, kernel/module/stats.c):
    /// <see cref="ReadBytes"/> for a load that failed before the module was laid out in memory, twice that for one that
    /// failed after, 0 for a module whose init failed.</summary>
    public long WastedBytes { get; init; }

    /// <summary>From its entry until the kernel began to read the file; null if that was not seen, as below.</summary>
    public long? ReadAfterUs { get; init; }

    /// <summary>From its entry until the kernel took memory for the module, which it had read and verified.</summary>
    public long? LaidOutAfterUs { get; init; }

    /// <summary>From its entry until only the module's init remained to run.</summary>
    public long? FormedAfterUs { get; init; }

    public bool IsLoad => Syscall is not ModuleSyscall.DeleteModule;

    /// <summary>The call loaded a module.</summary>
    public bool HasLoaded => IsLoad && Result is Errno.None && !HasWaited;

    /// <summary>Bytes read or received for a load that failed.</summary>
    public long InVainBytes => IsLoad && Result is not (null or Errno.None) ? ReadBytes ?? 0 : 0;
}
