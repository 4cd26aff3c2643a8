using Drover.Loading;

namespace Drover.Linux.Tracing;

/// <summary>The system calls that are watched.</summary>
public enum ModuleSyscall
{
    FinitModule,
    InitModule,
    DeleteModule,
}

/// <summary>Who said which module a call was about, from the weakest to the strongest word.</summary>
public enum NamedBy
{
    Nobody,

    /// <summary>The link of its descriptor in /proc, which may have been closed and used anew since.</summary>
    Descriptor,

    /// <summary>The module file that the thread opened last.</summary>
    Opened,

    /// <summary>The file that the kernel read, or waited for another's reading of.</summary>
    File,

    /// <summary>The name in the module itself, where the kernel looked it up.</summary>
    Module,
}

/// <summary>One call to load or remove a module, as the kernel's trace has it.</summary>
public sealed record TracedCall
{
    public required ModuleSyscall Syscall { get; init; }

    /// <summary>With underscores, as /proc/modules has it; null for a call that nothing names.</summary>
    public string? Module { get; init; }

    public NamedBy NamedBy { get; init; }

    /// <summary>None for success; null for a call whose end was not seen: it was in flight when the watch ended, or the event was lost.</summary>
    public Errno? Result { get; init; }

    /// <summary>
    /// The kernel read nothing for it, because it had another call for the same file in flight, and gave it that call's result (kernel: idempotent, since 6.5).
    /// </summary>
    public bool HasWaited { get; init; }

    /// <summary>Its entry, on the trace's clock: CLOCK_MONOTONIC.</summary>
    public required long StartUs { get; init; }

    /// <summary>From entry to exit, sleep included.</summary>
    public long TookUs { get; init; }

    public required string Comm { get; init; }

    /// <summary>0 where it is not known.</summary>
    public int Pid { get; init; }

    public required int Tid { get; init; }

    /// <summary>For a worker of udev, the device whose event it worked on: its path below /sys. Null where it is not known.</summary>
    public string? Device { get; init; }

    /// <summary>What the kernel read (the file's size) or was handed (init_module's length); 0 for a call that ended before, null where nothing says it.</summary>
    public long? ReadBytes { get; init; }

    /// <summary>
    /// What it cost in vain by the kernel's own accounting (CONFIG_MODULE_STATS, kernel/module/stats.c): <see cref="ReadBytes"/> for a load that failed before the
    /// module had its place in memory, twice that for one that failed after. A module whose own init fails counts as 0 there.
    /// </summary>
    public long WastedBytes { get; init; }

    public bool IsLoad => Syscall is not ModuleSyscall.DeleteModule;

    /// <summary>It brought a module into the kernel.</summary>
    public bool HasLoaded => IsLoad && Result is Errno.None && !HasWaited;

    /// <summary>Bytes read or handed over by a load that failed.</summary>
    public long InVainBytes => IsLoad && Result is not (null or Errno.None) ? ReadBytes ?? 0 : 0;
}
