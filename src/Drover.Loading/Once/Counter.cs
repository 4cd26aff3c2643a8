namespace Drover.Loading;

/// <summary>The running figures behind <see cref="LoaderCounts"/>. One owner, the event loop.</summary>
sealed class Counter
{
    readonly long[] _outcomes = new long[(int)OutcomeKind.Left + 1];
    readonly HashSet<string> _attempted = [];
    long[] _calls = new long[(int)Errno.EKEYREJECTED + 1]; // by errno; grows with one that has no name here
    long _requests, _asked, _loadedBytes, _wastedBytes, _peakBytes;
    int _peakCalls;

    public void Request() => _requests++;

    public void Outcome(OutcomeKind kind)
    {
        _asked++;
        _outcomes[(int)kind]++;
    }

    public void Calling(string module, long bytesInFlight, int callsInFlight)
    {
        _attempted.Add(module);
        _peakBytes = Math.Max(_peakBytes, bytesInFlight);
        _peakCalls = Math.Max(_peakCalls, callsInFlight);
    }

    public void Called(Errno error, long fileBytes)
    {
        if ((int)error >= _calls.Length)
            Array.Resize(ref _calls, (int)error + 1);
        _calls[(int)error]++;
        if (error is Errno.None)
            _loadedBytes += fileBytes;
        else if (error is Errno.EEXIST or Errno.EBUSY or Errno.ETXTBSY)
            _wastedBytes += fileBytes;
    }

    public LoaderCounts Snapshot() => new()
    {
        Requests = _requests,
        Asked = _asked,
        Calls = _calls.Sum(),
        CallsByErrno = Counted(_calls, index => (Errno)index),
        Attempted = _attempted.Count,
        Outcomes = Counted(_outcomes, index => (OutcomeKind)index),
        LoadedFileBytes = _loadedBytes,
        WastedFileBytes = _wastedBytes,
        PeakBytesInFlight = _peakBytes,
        PeakCallsInFlight = _peakCalls,
    };

    static Dictionary<TKey, long> Counted<TKey>(long[] counts, Func<int, TKey> keyOf)
        where TKey : notnull
    {
        var counted = new Dictionary<TKey, long>();
        for (var i = 0; i < counts.Length; i++)
        {
            if (counts[i] > 0)
                counted.Add(keyOf(i), counts[i]);
        }
        return counted;
    }
}
