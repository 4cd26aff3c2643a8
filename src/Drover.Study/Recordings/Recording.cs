namespace Drover.Study.Recordings;

/// <summary>What a load call does at a moment. Where several overlap in a chart, the highest is drawn.</summary>
enum CallState { Loading, Waiting, Failed }

/// <summary>A file is unreadable, not a recording, damaged, or too large; the message names the file.</summary>
sealed class RecordingException(string message) : Exception(message);

/// <summary>One call to load a module. Times are in ns since the start of the recording.</summary>
sealed record RecordedCall
{
    public const string UnknownModule = "(unnamed)"; // the name of a module that the recording does not name

    public required string Module { get; init; } // the normalised name, or UnknownModule
    public long? RequestNs { get; init; } // when the module was first requested; null if the source does not record it
    public required long StartNs { get; init; }
    public required long TookNs { get; init; } // from entry to exit, sleep included
    public long EndNs => StartNs + TookNs;

    public required string? Result { get; init; } // 0, an errno's name, or null for a call whose end was not recorded
    /// <summary>It got the result of another call for the same file (kernel: idempotent, since 6.5).</summary>
    public bool HasWaited { get; init; }
    public long? Bytes { get; init; }

    /// <summary>Bytes of a failed call. ETXTBSY is returned before anything is read.</summary>
    public long InVainBytes => Result is null or "0" or "ETXTBSY" ? 0 : Bytes ?? 0;

    /// <summary>The calling thread with its name; empty if the source does not record it.</summary>
    public string Worker { get; init; } = "";
    public string? Requester { get; init; } // the device or program that requested the module; null if unknown
    public string? Request { get; init; } // the modalias or name that was requested; null if unknown
    /// <summary>The systemd units whose processes requested the module; empty if they are not recorded.</summary>
    public IReadOnlyList<string> Units { get; init; } = [];
    public CallParts? Parts { get; init; } // null if the source does not record them
    public IReadOnlyList<string> Needed { get; init; } = []; // modules that had to be live before this call

    public bool IsDuplicate => ErrnoText.IsDuplicate(Result);

    public CallState State =>
        HasWaited ? CallState.Waiting : Result is null or "0" ? CallState.Loading : CallState.Failed;

    public string Outcome => Result switch
    {
        null => "not ended",
        "0" => HasWaited ? "got the first call's success" : "returns 0",
        _ => Result,
    };
}

/// <summary>How a call divides: before the kernel reads, while it reads and verifies, sets up, and runs the module's
/// init.</summary>
sealed record CallParts(long QueuedUs, long ReadUs, long SetUpUs, long InitUs)
{
    /// <summary>Null unless each part was seen.</summary>
    /// <param name="readUs">When each part began, since the call's entry.</param>
    public static CallParts? Of(long? readUs, long? laidOutUs, long? formedUs, long tookUs) =>
        readUs is { } read and >= 0 && laidOutUs is { } laidOut && laidOut >= read
        && formedUs is { } formed && formed >= laidOut && formed <= tookUs
            ? new(read, laidOut - read, formed - laidOut, tookUs - formed)
            : null;
}

/// <summary>A module that was live without a call in the recording.</summary>
/// <param name="Request">What was requested; null if nothing was.</param>
/// <param name="Requester">The device or program; null if unknown.</param>
sealed record LiveModule(string Module, string? Request, string? Requester);

/// <summary>The module loads of one machine, from any source.</summary>
sealed record Recording
{
    public const int MaxCalls = 500_000; // a udev run with 4096 CPUs has 100,000 calls
    public const string InFlight = "in flight"; // the key of Results for calls whose end was not recorded

    public required string Name { get; init; } // what loaded the modules, in a word or two
    public required string Source { get; init; } // the kind of source: a run in the lab
    public string? Kernel { get; init; }
    public int? Cpus { get; init; }
    /// <summary>The number of load calls by <c>0</c>, an errno's name, or <see cref="InFlight"/>.</summary>
    public required IReadOnlyDictionary<string, long> Results { get; init; }
    public required long Modules { get; init; }
    public required long InVainBytes { get; init; }
    public required long LengthNs { get; init; }

    /// <summary>What <see cref="LengthNs"/> spans. That of a watch is no time of a boot: it includes every pause
    /// between its calls, and loads long after the boot.</summary>
    public string Span { get; init; } = FirstToLastCall;
    public const string FirstToLastCall = "first call to last call's end";

    /// <summary>The start on CLOCK_MONOTONIC, where the source has that clock.</summary>
    public long ClockStartNs { get; init; }

    /// <summary>What <see cref="InVainBytes"/> counts.</summary>
    public string Loss { get; init; } = "bytes read in vain";
    /// <summary>Ascending by start; empty if the source has only counts.</summary>
    public IReadOnlyList<RecordedCall> Calls { get; init; } = [];
    public IReadOnlyList<LiveModule> Live { get; init; } = []; // those that the source records
    public IReadOnlyList<string> Warnings { get; init; } = []; // reasons why the figures may be incomplete
    public long TotalCalls => Results.Values.Sum();
    public long FailedCalls => TotalCalls - Results.GetValueOrDefault("0") - Results.GetValueOrDefault(InFlight);

    /// <summary>A recording whose figures are computed from its calls.</summary>
    /// <param name="calls">In any order, on any clock.</param>
    /// <param name="startNs">The start of the recording on the same clock, unless a call is earlier.</param>
    public static Recording Of(
        string name, string source, IReadOnlyList<RecordedCall> calls, long startNs = long.MaxValue)
    {
        foreach (var call in calls)
            startNs = Math.Min(startNs, Math.Min(call.StartNs, call.RequestNs ?? call.StartNs));
        var ordered = calls
            .Select(call => call with { StartNs = call.StartNs - startNs, RequestNs = call.RequestNs - startNs })
            .OrderBy(call => call.StartNs).ToList();
        return new Recording
        {
            Name = name,
            Source = source,
            Results = ordered.CountBy(call => call.Result ?? InFlight)
                .ToDictionary(calls => calls.Key, calls => (long)calls.Value),
            Modules = ordered.DistinctBy(call => call.Module).Count(),
            InVainBytes = ordered.Sum(call => call.InVainBytes),
            LengthNs = ordered.Select(call => call.EndNs).DefaultIfEmpty().Max(),
            Calls = ordered,
            ClockStartNs = ordered.Count > 0 ? startNs : 0,
        };
    }
}
