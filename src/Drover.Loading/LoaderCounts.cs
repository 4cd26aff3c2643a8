namespace Drover.Loading;

/// <summary>What happened so far. A snapshot; figures only ever grow.</summary>
public sealed record LoaderCounts
{
    /// <summary>Requests made.</summary>
    public long Requests { get; init; }

    /// <summary>Modules asked for by requests, dependencies not counted.</summary>
    public long Asked { get; init; }

    /// <summary>Load calls made to the kernel.</summary>
    public long Calls { get; init; }

    /// <summary>Load calls by their errno.</summary>
    public IReadOnlyDictionary<Errno, long> CallsByErrno { get; init; } = new Dictionary<Errno, long>();

    /// <summary>Distinct modules for which the kernel was called.</summary>
    public long Attempted { get; init; }

    /// <summary>Modules asked for, by how that ended.</summary>
    public IReadOnlyDictionary<OutcomeKind, long> Outcomes { get; init; } = new Dictionary<OutcomeKind, long>();

    /// <summary>Bytes of module files carried into the kernel by calls that succeeded.</summary>
    public long LoadedFileBytes { get; init; }

    /// <summary>Bytes of module files read for calls that ended in EEXIST, EBUSY or ETXTBSY: work done twice.</summary>
    public long WastedFileBytes { get; init; }

    /// <summary>Most bytes in flight at any time, as the budget counts them.</summary>
    public long PeakBytesInFlight { get; init; }

    /// <summary>Most loads in the budget at any time: calls in the kernel whose module was not yet seen live.</summary>
    public int PeakCallsInFlight { get; init; }

    /// <summary>Asked for, and answered without a call of their own: joined, or already live.</summary>
    public long Converged => Outcomes.GetValueOrDefault(OutcomeKind.Joined) + Outcomes.GetValueOrDefault(OutcomeKind.AlreadyLive);
}
