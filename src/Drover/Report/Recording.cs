namespace Drover.Report;

/// <summary>One call that was to load a module, wherever it was recorded. Changed by whoever reads it, until it is drawn.</summary>
sealed class RecordedCall
{
    /// <summary>Normalised name, or what stands for one that nobody knows.</summary>
    public required string Module { get; init; }

    /// <summary>When it was asked for, where that is known; in ns since the recording's beginning, as all times.</summary>
    public long? WantedNs { get; set; }

    public required long StartNs { get; set; }

    /// <summary>From entry to exit, sleep included.</summary>
    public required long TookNs { get; init; }

    public long EndNs => StartNs + TookNs;

    /// <summary><c>0</c>, an errno's name, or null for one whose end was not seen.</summary>
    public required string? Result { get; init; }

    /// <summary>It got the result of another call for the same file (kernel: idempotent, since 6.5).</summary>
    public bool HasWaited { get; init; }

    /// <summary>Read by the kernel, or handed to it; null where nothing says it.</summary>
    public long? Bytes { get; init; }

    /// <summary>Bytes of a call that failed. ETXTBSY comes before anything is read.</summary>
    public long InVainBytes => Result is null or "0" or "ETXTBSY" ? 0 : Bytes ?? 0;

    /// <summary>The thread that made it, with its name; empty where the source has none.</summary>
    public string Worker { get; init; } = "";

    /// <summary>A device or a program; null where nobody says.</summary>
    public string? Asker { get; init; }

    /// <summary>The modalias or name that stood for it, perhaps among others; null where nobody says.</summary>
    public string? Asked { get; init; }

    /// <summary>What it waited for before it could be made; empty where nobody says.</summary>
    public IReadOnlyList<string> Needed { get; init; } = [];

    public BarKind Kind => HasWaited ? BarKind.Waiting : Result is null or "0" ? BarKind.Loading : BarKind.Failed;

    /// <summary>How it ended, for people.</summary>
    public string Outcome => Result switch { null => "not ended", "0" => HasWaited ? "got the first one's success" : "returns 0", _ => Result };
}

/// <summary>What happened on a machine while modules were loaded, from whatever source. Changed by whoever reads it, until it is drawn.</summary>
/// <remarks>A class, as its calls are: what a record has beyond it is never asked for, and takes room in the binary.</remarks>
sealed class Recording
{
    /// <summary>More calls than these are a mistake: a udev run with 4096 CPUs has 100,000.</summary>
    public const int MostCalls = 500_000;

    /// <summary>Who loaded, in a word or two.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is from: <c>a run in the lab</c>.</summary>
    public required string Source { get; init; }

    public string? Kernel { get; set; }

    public int? Cpus { get; set; }

    /// <summary>Load calls by "0", an errno's name, or "in flight".</summary>
    public required Dictionary<string, long> Results { get; init; }

    /// <summary>Distinct modules that calls were about.</summary>
    public required long Modules { get; init; }

    /// <summary>Read or handed over for calls that failed.</summary>
    public required long InVainBytes { get; set; }

    /// <summary>From the first to the last of it.</summary>
    public required long LengthNs { get; set; }

    /// <summary>In the order of their beginning; none where the source has only counts.</summary>
    public IReadOnlyList<RecordedCall> Calls { get; init; } = [];

    /// <summary>Why the figures may not be the whole truth.</summary>
    public IReadOnlyList<string> Doubts { get; set; } = [];

    public long TotalCalls
    {
        get
        {
            var total = 0L;
            foreach (var calls in Results.Values)
                total += calls;
            return total;
        }
    }

    /// <summary>Calls that brought no module.</summary>
    public long FailedCalls => TotalCalls - Results.GetValueOrDefault("0") - Results.GetValueOrDefault(InFlight);

    /// <summary>The key of <see cref="Results"/> for calls whose end was not seen.</summary>
    public const string InFlight = "in flight";

    /// <summary>A recording whose figures are those of its calls.</summary>
    /// <param name="calls">In any order, at times since whenever.</param>
    /// <param name="beginNs">Its beginning on the same clock, if nothing was earlier.</param>
    public static Recording Of(string name, string source, List<RecordedCall> calls, long beginNs = long.MaxValue)
    {
        foreach (var call in calls)
            beginNs = Math.Min(beginNs, Math.Min(call.StartNs, call.WantedNs ?? call.StartNs));
        foreach (var call in calls)
        {
            call.StartNs -= beginNs;
            call.WantedNs -= beginNs;
        }
        calls.Sort((one, other) => one.StartNs.CompareTo(other.StartNs));
        var results = new Dictionary<string, long>(StringComparer.Ordinal);
        var modules = new HashSet<string>(StringComparer.Ordinal);
        var (inVain, length) = (0L, 0L);
        foreach (var call in calls)
        {
            var result = call.Result ?? InFlight;
            results[result] = results.GetValueOrDefault(result) + 1;
            modules.Add(call.Module);
            inVain += call.InVainBytes;
            length = Math.Max(length, call.EndNs);
        }
        return new Recording { Name = name, Source = source, Results = results, Modules = modules.Count, InVainBytes = inVain, LengthNs = length, Calls = calls };
    }
}
