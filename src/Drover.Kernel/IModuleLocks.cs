namespace Drover.Kernel;

/// <summary>The result of an attempt and when it became known. It answers every request made before.</summary>
/// <param name="Error">The kernel's errno; <see cref="Errno.None"/> for an install command that succeeded.</param>
/// <param name="Seqnum">The kernel's uevent SEQNUM when the result became known.</param>
/// <param name="Timestamp">The monotonic clock then, in nanoseconds; all processes read the same clock.</param>
/// <param name="Version">The file that was tried: a changed file is tried again; default for none.</param>
public readonly record struct KnownResult(Errno Error, ulong Seqnum, long Timestamp, FileVersion Version);

/// <summary>Lets one loader at a time on the whole machine work on a module (design rule 10). Called on the event loop;
/// its tasks complete there. A lock is released when its holder dies.</summary>
public interface IModuleLocks
{
    /// <summary>Waits until no other process holds the module's lock, and takes it. Null after cancellation.</summary>
    Task<IModuleLock?> EnterAsync(string module, CancellationToken cancellationToken);

    /// <summary>Takes the module's lock, or returns null at once while another process holds it.</summary>
    IModuleLock? TryEnter(string module);
}

/// <summary>The machine-wide lock of one module, held until it is disposed.</summary>
public interface IModuleLock : IDisposable
{
    /// <summary>The failure that the last holder recorded, or null.</summary>
    KnownResult? LastFailure { get; }

    /// <summary>Records a failure for the processes that wait for the lock; null clears it.</summary>
    void RecordFailure(KnownResult? failure);
}
