namespace Drover.Loading;

/// <summary>How one module of a request ended. Every asker gets one.</summary>
public enum OutcomeKind
{
    /// <summary>This request's own load call succeeded.</summary>
    Loaded,

    /// <summary>Somebody else's load answered: it was in flight, or (a failure) was known after this request was made. <see cref="ModuleOutcome.Error"/> is theirs.</summary>
    Joined,

    /// <summary>It was live; no call was made.</summary>
    AlreadyLive,

    BuiltIn,

    Blacklisted,

    /// <summary>No index knows the name.</summary>
    NotFound,

    /// <summary>This request's own attempt failed.</summary>
    Failed,

    /// <summary>The asker left, or its patience ended, before there was an answer (design rules 9 and 11). The load goes on.</summary>
    Left,
}

/// <summary>The outcome of one module.</summary>
/// <param name="Module">Normalised name, or what was asked where nothing was found.</param>
/// <param name="Error">The errno; <see cref="Errno.None"/> unless <see cref="OutcomeKind.Failed"/> or <see cref="OutcomeKind.Joined"/> to a failure.</param>
/// <param name="Why">What happened, for a person; null for a plain success.</param>
/// <param name="ParametersDiffer">The module was or is being loaded with other parameters than these (design rule 6).</param>
public sealed record ModuleOutcome(string Module, OutcomeKind Kind, Errno Error = Errno.None, string? Why = null, bool ParametersDiffer = false)
{
    /// <summary>The module can be used now.</summary>
    public bool IsAvailable => Kind is OutcomeKind.Loaded or OutcomeKind.AlreadyLive or OutcomeKind.BuiltIn || (Kind is OutcomeKind.Joined && Error is Errno.None);
}

/// <summary>The answer to a request: an outcome for each module it stood for, in kmod's order.</summary>
public sealed record RequestOutcome(LoadRequest Request, IReadOnlyList<ModuleOutcome> Modules);
