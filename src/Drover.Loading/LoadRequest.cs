using Drover.Kernel;
using Drover.Modules;
using Drover.Modules.Config;

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

    public LoadRank Rank { get; init; } = LoadRank.Normal;

    /// <summary>How long this load and all that follows from it took in the last boot; zero if that is not
    /// known.</summary>
    public TimeSpan CriticalPath { get; init; }

    /// <summary>The program that requests it, for the policy; null for a device.</summary>
    public PolicyClient? Client { get; init; }

    /// <summary>The process that makes it; null for a device.</summary>
    public RequestingProcess? Process { get; init; }

    /// <summary>Load also what the policy forbids, and say so.</summary>
    public bool OverridesPolicy { get; init; }
}

/// <summary>Which of the waiting loads enter the kernel first; within a rank, the one with the longest
/// <see cref="LoadRequest.CriticalPath"/>, then the oldest request.</summary>
public enum LoadRank
{
    /// <summary>The root file system needed it in the last boot.</summary>
    Root,

    /// <summary>Drivers that sleep while their hardware answers, and behind which more devices appear: storage, buses,
    /// serial input. Started first, they sleep while other loads work.</summary>
    Early,

    Normal,

    /// <summary>No device and no program waits for it: features of the CPU.</summary>
    Late,
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

/// <summary>Who decompresses a module that both the kernel and this program can.</summary>
public enum Decompressor
{
    Kernel,

    /// <summary>This program; the kernel, if it refuses an image without a file.</summary>
    Here,
}

public sealed record LoaderOptions
{
    /// <summary>Upper bound of the default of <see cref="BudgetBytes"/> (design rule 8).</summary>
    public const long MaxDefaultBytes = 256L << 20;

    /// <summary>Upper bound of <see cref="Jobs"/>' default: further loads would wait for the kernel's
    /// <c>module_mutex</c>.</summary>
    public const int MaxDefaultLoads = 16;

    /// <summary>Bytes that loads in flight may cost together: file size + 2 × image size each, 3 × for init_module.
    /// Null: the smaller of 256 MiB and a quarter of the available memory.</summary>
    public long? BudgetBytes { get; init; }

    /// <summary>Loads in flight, at least 1. Null: the smaller of 16 and the number of CPUs.</summary>
    public int? Jobs { get; init; }

    /// <summary>Who decompresses what both can. Null: the one that <see cref="IKernel.CheaperHere"/> says.</summary>
    public Decompressor? Decompressor { get; init; }

    /// <summary>Checks that the kernel skips in all loads of this loader.</summary>
    public IgnoredChecks Ignored { get; init; }

    /// <summary>How long a load that does not end keeps the next one from starting; zero: not at all. By the clock of
    /// instructions 0, 10 and 50 ms give the same boot within 1 %. Where CPUs are parallel, as in the model, 50 ms make
    /// the coldplug of a Debian 13 with 39 compressed modules take 1.08 s instead of 0.71 s with 5 ms.</summary>
    public TimeSpan Stagger { get; init; } = TimeSpan.FromMilliseconds(5);
}

/// <summary>When a request was made: the SEQNUM of its event or, without one, the monotonic clock.</summary>
readonly record struct RequestTime(ulong? Seqnum, long Timestamp)
{
    /// <summary>The request was made before the result was known: the result answers it (design rule 4).</summary>
    public bool IsAnsweredBy(in KnownResult result) =>
        Seqnum is { } seqnum ? seqnum <= result.Seqnum : Timestamp < result.Timestamp;
}

/// <summary>A place in the queue for the kernel: by rank, then by critical path, then by the number of the
/// <see cref="LoadRequest"/>.</summary>
public readonly record struct LoadOrder(LoadRank Rank, TimeSpan CriticalPath, long Number)
{
    public bool IsBefore(LoadOrder other) => Rank != other.Rank ? Rank < other.Rank
        : CriticalPath != other.CriticalPath ? CriticalPath > other.CriticalPath
        : Number < other.Number;
}

/// <summary>A request for one module: part of a <see cref="LoadRequest"/>, or made by a flight that needs it.</summary>
/// <param name="Source">The request that it is a part of, or that of the flight that needs it.</param>
/// <param name="Order">The place in the queue for the kernel.</param>
readonly record struct ModuleRequest(LoadRequest Source, FoundModule Module, RequestTime MadeAt, LoadOrder Order)
{
    /// <summary>The requester's parameters, without the configured ones.</summary>
    public string Parameters { get; init; } = "";

    public TimeSpan? Timeout { get; init; }

    /// <summary>A load that holds a share of the budget may be waiting for this request (design rule 11).</summary>
    public bool HasPriority { get; init; }

    public LoadScope Scope { get; init; }

    /// <inheritdoc cref="LoadRequest.File"/>
    public string? File { get; init; }

    /// <summary>The name or alias that stands for it, as requested; null for its own name.</summary>
    public string? Asked { get; init; } = Module.Alias;

    /// <inheritdoc cref="LoadRequest.Client"/>
    public PolicyClient? Client => Source.Client;

    /// <inheritdoc cref="LoadRequest.OverridesPolicy"/>
    public bool OverridesPolicy => Source.OverridesPolicy;

    /// <summary>The load that brings this module along; null for a caller's request.</summary>
    public Flight? NeededBy { get; init; }

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

    /// <summary>A blacklist line names it, or the policy prefers another module of the request.</summary>
    Blacklisted,

    /// <summary>The policy forbids it, or a module that it needs. <see cref="ModuleOutcome.Error"/> is
    /// EPERM.</summary>
    Forbidden,

    /// <summary>No index has the name.</summary>
    NotFound,

    /// <summary>This request's own attempt failed.</summary>
    Failed,

    /// <summary>The request was cancelled or timed out (design rules 9, 11); a load in the kernel goes on.</summary>
    Left,
}

/// <param name="Module">Normalised name, or the requested name where nothing was found.</param>
/// <param name="Error">None unless <see cref="OutcomeKind.Failed"/>, <see cref="OutcomeKind.Joined"/> with a failed
/// load, <see cref="OutcomeKind.Forbidden"/> (EPERM), or <see cref="OutcomeKind.Left"/> after a timeout
/// (ETIMEDOUT).</param>
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
        Kind = Kind is OutcomeKind.NotFound or OutcomeKind.Left or OutcomeKind.Forbidden ? Kind : OutcomeKind.Joined,
        ParametersDiffer = parametersDiffer,
    };
}

/// <summary>The answer to a request: an outcome for each module that it stands for, in kmod's order.</summary>
public sealed record RequestOutcome(LoadRequest Request, IReadOnlyList<ModuleOutcome> Modules);

/// <summary>A module as a look-up finds it. Like kmod, it treats one module found through two aliases as two.</summary>
/// <param name="Name">Normalised name.</param>
/// <param name="Alias">The alias that led to it, normalised; null for its own name.</param>
/// <param name="Rule">The configured alias line that matched, or null.</param>
public sealed record FoundModule(string Name, string? Alias, AliasRule? Rule = null)
{
    /// <summary>The modules of a name, with duplicates, in kmod's order (<c>kmod_module_new_from_lookup</c>).</summary>
    /// <exception cref="ModuleDataException">An index is corrupt.</exception>
    public static IReadOnlyList<FoundModule> All(ModuleCatalog catalog, string name)
    {
        var resolution = catalog.Resolve(name);
        var found = new FoundModule[resolution.Modules.Count];
        if (found.Length == 0)
            return found;
        var isAlias = resolution.Step is LookupStep.Aliases or LookupStep.Symbols or LookupStep.BuiltInAliases;
        var alias = isAlias && ModuleName.TryNormalizeAlias(name, out var normalized) ? normalized : null;
        for (var i = 0; i < found.Length; i++)
        {
            found[i] = resolution.Step is LookupStep.ConfigAlias
                ? new FoundModule(resolution.Modules[i], resolution.Rules[i].Pattern, resolution.Rules[i])
                : new FoundModule(resolution.Modules[i], alias);
        }
        return found;
    }

    /// <summary>Why a request that stands for several modules does not load this one; null if it does.</summary>
    /// <param name="found">All modules of the request.</param>
    public string? WhyLeftOut(ModuleCatalog catalog, IReadOnlyList<FoundModule> found, bool applyBlacklist)
    {
        if (IsBlocked(catalog, applyBlacklist))
            return LoaderMessages.Blacklisted(Name);
        if (found.Count == 1 || catalog.Policy is not { Preferences.Count: > 0 } policy)
            return null;
        var usable = found.Where(other => !other.IsBlocked(catalog, applyBlacklist) && policy.Ask(
            new(other.Name, other.Alias, catalog.Tree.Find(other.Name)?.Path ?? "")).Effect is not PolicyEffect.Forbid);
        return policy.Outranking(Name, usable.Select(other => other.Name)) is { } line
            ? LoaderMessages.LessPreferred(Name, line)
            : null;
    }

    /// <summary>A blacklist line keeps a request from loading it. The blacklist applies to aliases; to names only where
    /// the request says so; never to dependencies (kmod: <c>KMOD_PROBE_APPLY_BLACKLIST</c>).</summary>
    public bool IsBlocked(ModuleCatalog catalog, bool applyBlacklist) =>
        (applyBlacklist || Alias is not null) && catalog.IsBlacklisted(Name);
}
