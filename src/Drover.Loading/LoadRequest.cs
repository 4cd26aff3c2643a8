using Drover.Kernel;

namespace Drover.Loading;

/// <summary>A request to load what a name or modalias stands for.</summary>
/// <param name="Name">A module name or a modalias.</param>
/// <param name="Requester">A device path or a command, for reports; null where it does not matter.</param>
/// <param name="Seqnum">SEQNUM of the event that caused the request; null without one: it counts from now.</param>
/// <param name="Parameters">The requester's module parameters, added to the configured ones.</param>
/// <param name="Timeout">How long the requester waits for all modules together; null: without limit. The kernel's own
/// requests need one (design rule 11), so a request with a timeout also skips the queue for the budget.</param>
/// <param name="ApplyBlacklist">Apply the blacklist to names (modprobe -b); it always applies to aliases.</param>
public sealed record LoadRequest(
    string Name, string? Requester = null, ulong? Seqnum = null, string Parameters = "", TimeSpan? Timeout = null,
    bool ApplyBlacklist = false)
{
    /// <summary>The requester's own look-up result; null to look <see cref="Name"/> up.</summary>
    public FoundModule? Found { get; init; }

    public LoadScope Scope { get; init; }

    /// <summary>Absolute path of the file to load; null for the index's file.</summary>
    public string? File { get; init; }
}

/// <summary>What is loaded along with a requested module.</summary>
public enum LoadScope
{
    /// <summary>Hard dependencies and softdeps; an install command, where there is one, replaces the load.</summary>
    Full,

    /// <summary>The module and its hard dependencies: neither its install command nor its softdeps (modprobe
    /// --ignore-install). The dependencies themselves come in full.</summary>
    WithoutCommand,

    /// <summary>Only the file (insmod).</summary>
    Alone,
}

public sealed record LoaderOptions
{
    /// <summary>Upper bound of the default of <see cref="BudgetBytes"/> (design rule 8).</summary>
    public const long MaxDefaultBytes = 256L << 20;

    /// <summary>Upper bound of <see cref="Jobs"/>' default: more only wait for <c>module_mutex</c>.</summary>
    public const int MaxDefaultLoads = 16;

    /// <summary>Bytes that loads in flight may cost together, file size + 2 × image size each. Null: the smaller of 256
    /// MiB and a quarter of the available memory.</summary>
    public long? BudgetBytes { get; init; }

    /// <summary>Loads in flight, at least 1. Null: the smaller of 16 and the number of CPUs.</summary>
    public int? Jobs { get; init; }

    /// <summary>Checks that the kernel skips in all loads of this loader.</summary>
    public IgnoredChecks Ignored { get; init; }

    /// <summary>How long a load that does not end keeps the next one from starting; zero: not at all. Most loads take a
    /// few milliseconds; a longer one most likely sleeps in its driver's probe. In the lab, with emulated CPUs, sixteen
    /// concurrent loads took a quarter more CPU time than sequential ones.</summary>
    public TimeSpan Stagger { get; init; } = TimeSpan.FromMilliseconds(50);
}

/// <summary>When a request was made: the SEQNUM of its event or, without one, the monotonic clock.</summary>
readonly record struct RequestTime(ulong? Seqnum, long Timestamp)
{
    /// <summary>The request was made before the result was known: the result answers it (design rule 4).</summary>
    public bool IsAnsweredBy(in KnownResult result) =>
        Seqnum is { } seqnum ? seqnum <= result.Seqnum : Timestamp < result.Timestamp;
}

/// <summary>A request for one module: part of a <see cref="LoadRequest"/>, or made by a flight that needs it.</summary>
/// <param name="Order">The number of the <see cref="LoadRequest"/> behind it; smaller is older.</param>
readonly record struct ModuleRequest(FoundModule Module, RequestTime MadeAt, long Order)
{
    /// <summary>The requester's parameters, without the configured ones.</summary>
    public string Parameters { get; init; } = "";

    public TimeSpan? Timeout { get; init; }

    /// <summary>A load that holds a share of the budget may be waiting for this request (design rule 11).</summary>
    public bool HasPriority { get; init; }

    public LoadScope Scope { get; init; }

    /// <inheritdoc cref="LoadRequest.File"/>
    public string? File { get; init; }

    public CancellationToken CancellationToken { get; init; }

    /// <summary>The rest of the timeout, at least zero; null: no limit.</summary>
    public TimeSpan? TimeLeft(TimeProvider time)
    {
        if (Timeout is not { } timeout)
            return null;
        var left = timeout - time.GetElapsedTime(MadeAt.Timestamp);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>The outcome repeats a failure that was known before this request was made. It does not answer the
    /// request: the module is tried once more (design rule 4).</summary>
    public bool Postdates(ModuleOutcome outcome) =>
        outcome.Repeats is { } known && !outcome.IsAvailable && !MadeAt.IsAnsweredBy(known);
}
