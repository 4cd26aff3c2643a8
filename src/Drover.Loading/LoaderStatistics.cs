using System.Diagnostics;
using Drover.Kernel;

namespace Drover.Loading;

/// <summary>The loader's counters so far: a snapshot. They only grow.</summary>
public sealed class LoaderStatistics
{
    public long Requests { get; init; }

    /// <summary>Modules requested, without their dependencies.</summary>
    public long Requested { get; init; }

    public long Calls { get; init; }

    public IReadOnlyDictionary<Errno, long> CallsByErrno { get; init; } = new Dictionary<Errno, long>();

    /// <summary>Distinct modules with at least one load call.</summary>
    public long Attempted { get; init; }

    /// <summary>Modules requested, by outcome.</summary>
    public IReadOnlyDictionary<OutcomeKind, long> Outcomes { get; init; } = new Dictionary<OutcomeKind, long>();

    /// <summary>Bytes of module files in calls that succeeded.</summary>
    public long LoadedFileBytes { get; init; }

    /// <summary>Bytes of module files in calls that ended in EEXIST, EBUSY or ETXTBSY: work done twice.</summary>
    public long WastedFileBytes { get; init; }

    /// <summary>Maximum of bytes in flight, as the budget counts them.</summary>
    public long PeakBytesInFlight { get; init; }

    /// <summary>Maximum of loads in the budget: calls in the kernel whose module was not yet seen live.</summary>
    public int PeakCallsInFlight { get; init; }

    /// <summary>Modules requested and answered without a call of their own: joined, or already live.</summary>
    public long Converged =>
        Outcomes.GetValueOrDefault(OutcomeKind.Joined) + Outcomes.GetValueOrDefault(OutcomeKind.AlreadyLive);
}

/// <summary>Counts for <see cref="LoaderStatistics"/>. Owned by the event loop.</summary>
sealed class StatisticsCounter
{
    readonly long[] _outcomes = new long[(int)OutcomeKind.Left + 1];
    readonly SortedDictionary<Errno, long> _calls = [];
    readonly HashSet<string> _attempted = [];
    long _loadedBytes, _wastedBytes, _peakBytes;
    int _peakCalls;

    /// <summary>Requests so far; the number of the last one.</summary>
    public long Requests { get; private set; }

    public long CountRequest() => ++Requests;

    public void CountOutcome(OutcomeKind kind) => _outcomes[(int)kind]++;

    public void CountCall(string module, long bytesInFlight, int callsInFlight)
    {
        Debug.Assert(bytesInFlight >= 0 && callsInFlight > 0, "a call is in the budget");
        _attempted.Add(module);
        _peakBytes = Math.Max(_peakBytes, bytesInFlight);
        _peakCalls = Math.Max(_peakCalls, callsInFlight);
    }

    public void CountReply(Errno error, long fileBytes)
    {
        _calls[error] = _calls.GetValueOrDefault(error) + 1;
        if (error is Errno.None)
            _loadedBytes += fileBytes;
        else if (error is Errno.EEXIST or Errno.EBUSY or Errno.ETXTBSY)
            _wastedBytes += fileBytes;
    }

    public LoaderStatistics Snapshot() => new()
    {
        Requests = Requests,
        Requested = _outcomes.Sum(),
        Calls = _calls.Values.Sum(),
        CallsByErrno = new Dictionary<Errno, long>(_calls),
        Attempted = _attempted.Count,
        Outcomes = Enum.GetValues<OutcomeKind>().Where(kind => _outcomes[(int)kind] > 0)
            .ToDictionary(kind => kind, kind => _outcomes[(int)kind]),
        LoadedFileBytes = _loadedBytes,
        WastedFileBytes = _wastedBytes,
        PeakBytesInFlight = _peakBytes,
        PeakCallsInFlight = _peakCalls,
    };
}
