namespace Drover.Loading;

/// <summary>How an attempt ended and when that was known: every request made before is answered by it.</summary>
/// <param name="Error">The kernel's errno; <see cref="Errno.None"/> for an install command that succeeded.</param>
/// <param name="Seqnum">The kernel's uevent SEQNUM when the result was known.</param>
/// <param name="Timestamp">The monotonic clock then, in nanoseconds; the same clock in every process of a machine.</param>
/// <param name="Version">The file that failed, so that another one is tried anew; default where no file was tried.</param>
public readonly record struct KnownResult(Errno Error, ulong Seqnum, long Timestamp, FileVersion Version);

/// <summary>
/// One loader at a time per module on the whole machine (design rule 10). Called on the event loop; tasks complete on it.
/// The gate frees itself when its holder dies.
/// </summary>
public interface IModuleGate
{
    /// <summary>Waits until no other process holds the module, and holds it. Gives up, with null, when <paramref name="leave"/> is cancelled.</summary>
    Task<IModuleGatePass?> EnterAsync(string module, CancellationToken leave);

    /// <summary>Holds the module if no other process does, else null; never waits.</summary>
    IModuleGatePass? TryEnter(string module);
}

/// <summary>The module is ours until this is disposed.</summary>
public interface IModuleGatePass : IDisposable
{
    /// <summary>The failure the last holder left, or null.</summary>
    KnownResult? LastFailure { get; }

    /// <summary>Leaves a failure for those who wait, or null to clear it.</summary>
    void Leave(KnownResult? failure);
}
