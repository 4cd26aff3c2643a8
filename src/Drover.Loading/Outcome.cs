using Drover.Kernel;

namespace Drover.Loading;

/// <summary>How one module of a request ended. Every request gets an outcome for each of its modules.</summary>
public enum OutcomeKind
{
    /// <summary>This request's own load call succeeded.</summary>
    Loaded,

    /// <summary>Another load answered: it was in flight, or its failure became known after this request was made.
    /// <see cref="ModuleOutcome.Error"/> is that load's.</summary>
    Joined,

    /// <summary>It was live; no call was made.</summary>
    AlreadyLive,

    BuiltIn,

    Blacklisted,

    /// <summary>No index has the name.</summary>
    NotFound,

    /// <summary>This request's own attempt failed.</summary>
    Failed,

    /// <summary>The request was cancelled or timed out (design rules 9, 11); a load in the kernel goes on.</summary>
    Left,
}

/// <param name="Module">Normalised name, or the requested name where nothing was found.</param>
/// <param name="Error">None unless <see cref="OutcomeKind.Failed"/>, <see cref="OutcomeKind.Joined"/> with a failed
/// load, or <see cref="OutcomeKind.Left"/> after a timeout (ETIMEDOUT).</param>
/// <param name="Why">A message for people; null for a plain success.</param>
/// <param name="ParametersDiffer">The module is or was loaded with other parameters than these (design rule 6).</param>
public sealed record ModuleOutcome(
    string Module, OutcomeKind Kind, Errno Error = Errno.None, string? Why = null, bool ParametersDiffer = false)
{
    public bool IsAvailable =>
        Kind is OutcomeKind.Loaded or OutcomeKind.AlreadyLive or OutcomeKind.BuiltIn
        || (Kind is OutcomeKind.Joined && Error is Errno.None);

    /// <summary>The earlier result that this outcome repeats; null where a call of its own produced it.</summary>
    internal KnownResult? Repeats { get; init; }

    /// <summary>The outcome for a request that joined the flight.</summary>
    internal ModuleOutcome ForJoiner(bool parametersDiffer) => this with
    {
        Kind = Kind is OutcomeKind.NotFound or OutcomeKind.Left ? Kind : OutcomeKind.Joined,
        ParametersDiffer = parametersDiffer,
    };
}

/// <summary>The answer to a request: an outcome for each module that it stands for, in kmod's order.</summary>
public sealed record RequestOutcome(LoadRequest Request, IReadOnlyList<ModuleOutcome> Modules);
