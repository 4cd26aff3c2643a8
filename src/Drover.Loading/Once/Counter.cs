namespace Drover.Loading;

/// <summary>The running figures behind <see cref="LoaderCounts"/>. One owner, the event loop.</summary>
sealed class Counter
{
    readonly SortedDictionary<Errno, long> _calls = [];
    readonly SortedDictionary<OutcomeKind, long> _outcomes = [];
    readonly HashSet<string> _attempted = [];
    long _requests, _asked, _loadedBytes, _wastedBytes, _peakBytes;
    int _peakCalls;

    public void Request() => _requests++;

    public void Outcome(OutcomeKind kind)
    {
        _asked++;
        _outcomes[kind] = _outcomes.GetValueOrDefault(kind) + 1;
    }

    public void Calling(string module, long bytesInFlight, int callsInFlight)
    {
        _attempted.Add(module);
        _peakBytes = Math.Max(_peakBytes, bytesInFlight);
        _peakCalls = Math.Max(_peakCalls, callsInFlight);
    }

    public void Called(Errno error, long fileBytes)
    {
        _calls[error] = _calls.GetValueOrDefault(error) + 1;
        if (error is Errno.None)
            _loadedBytes += fileBytes;
        else if (error is Errno.EEXIST or Errno.EBUSY or Errno.ETXTBSY)
            _wastedBytes += fileBytes;
    }

    public LoaderCounts Snapshot() => new()
    {
        Requests = _requests,
        Asked = _asked,
        Calls = _calls.Values.Sum(),
        CallsByErrno = new SortedDictionary<Errno, long>(_calls),
        Attempted = _attempted.Count,
        Outcomes = new SortedDictionary<OutcomeKind, long>(_outcomes),
        LoadedFileBytes = _loadedBytes,
        WastedFileBytes = _wastedBytes,
        PeakBytesInFlight = _peakBytes,
        PeakCallsInFlight = _peakCalls,
    };
}
