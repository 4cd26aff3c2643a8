namespace Drover.Loading;

/// <summary>A failure as it is left for other processes: every request made before it was known is answered by it.</summary>
/// <param name="Error">The kernel's errno.</param>
/// <param name="Seqnum">The kernel's uevent SEQNUM when the failure was known.</param>
/// <param name="Timestamp">The monotonic clock then, in nanoseconds; the same clock in every process of a machine.</param>
/// <param name="Version">The file that failed, so that another one is tried anew.</param>
public readonly record struct KnownFailure(Errno Error, ulong Seqnum, long Timestamp, FileVersion Version);

/// <summary>
/// One loader at a time per module on the whole machine (design rule 10). Called on the event loop; tasks complete on it.
/// The gate frees itself when its holder dies.
/// </summary>
public interface IModuleGate
{
    /// <summary>Waits until no other process holds the module, and holds it. Gives up, with null, when <paramref name="leave"/> is cancelled.</summary>
    Task<IModuleGatePass?> EnterAsync(string module, CancellationToken leave);
}

/// <summary>The module is ours until this is disposed.</summary>
public interface IModuleGatePass : IDisposable
{
    /// <summary>Whether another process held the gate when we came: then what it did is to be looked at before doing it again.</summary>
    bool Waited { get; }

    /// <summary>The failure the last holder left, or null.</summary>
    KnownFailure? LastFailure { get; }

    /// <summary>Leaves a failure for those who wait, or null to clear it.</summary>
    void Leave(KnownFailure? failure);
}
