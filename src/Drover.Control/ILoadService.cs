using Drover.Kernel;
using Drover.Loading;

namespace Drover.Control;

/// <summary>Port: what a daemon does for its clients. Used on the event loop. Access control is the transport's
/// responsibility. No member but <see cref="Resolve"/> throws for what a client, a device, a file or the kernel can do
/// wrong.</summary>
public interface ILoadService
{
    /// <summary>Loads what a request names.</summary>
    /// <param name="cancellationToken">Cancelled when the client disconnects; the load continues.</param>
    Task<RequestOutcome> LoadForClientAsync(LoadRequest request, CancellationToken cancellationToken);

    /// <summary>The modules of a name or modalias, in kmod's order; empty where no index has it.</summary>
    /// <exception cref="Modules.ModuleDataException">An index is damaged.</exception>
    /// <exception cref="IOException">An index cannot be read.</exception>
    IReadOnlyList<string> Resolve(string name);

    /// <summary>The current state, without the lists of <see cref="Unfinished"/>.</summary>
    ServiceStatus Status();

    /// <param name="maxWaiting">How many of the requests to list, the oldest first.</param>
    UnfinishedWork Unfinished(int maxWaiting);

    /// <summary>Every module that was requested, or loaded as a dependency, since the first daemon of this
    /// boot.</summary>
    IReadOnlyList<ModuleRecord> Modules();

    /// <summary>Waits until everything requested so far has an outcome, and everything that results from it.</summary>
    /// <param name="target">A module, a device path (<c>/devices/…</c>) or a modalias; null for everything.</param>
    /// <param name="timeout">Null: without limit.</param>
    /// <returns>False when the timeout or the client ended the wait.</returns>
    Task<bool> SettleAsync(string? target, TimeSpan? timeout, CancellationToken cancellationToken);

    /// <summary>Calls the subscriber on the loop until disposed.</summary>
    IDisposable Subscribe(ServiceSubscriber subscriber);

    /// <summary>Reads the indexes and the configuration again. Requests in flight end with the old ones.</summary>
    /// <returns>Null, or why the old ones are kept. The policy is read again in either case.</returns>
    string? Reload();
}

/// <summary>What a subscriber is told.</summary>
/// <param name="Served">Each module of a request, with its outcome.</param>
/// <param name="Live">Each module that becomes live.</param>
public sealed record ServiceSubscriber(Action<ServedOutcome> Served, Action<LiveModule> Live);

/// <summary>A module whose init has ended with success.</summary>
/// <param name="At">When that was known, on the loop's clock (CLOCK_MONOTONIC).</param>
/// <param name="IsOwn">A load of this daemon; false for one of another program.</param>
public sealed record LiveModule(string Module, TimeSpan At, bool IsOwn);

/// <summary>A module of a request that has its outcome.</summary>
/// <param name="At">When, on the loop's clock (CLOCK_MONOTONIC).</param>
/// <param name="Took">From the request to the outcome.</param>
public sealed record ServedOutcome(LoadRequest Request, ModuleOutcome Outcome, TimeSpan At, TimeSpan Took);

/// <param name="Requester">A device path or a client; null where it is unknown.</param>
public sealed record WaitingRequest(string Name, string? Requester, TimeSpan Age);

/// <param name="Requester">A device path or a client; null where it is unknown.</param>
public sealed record RunningLoad(string Module, long FileBytes, TimeSpan Age, string? Requester = null);

/// <summary>Load calls in the kernel and requests without an outcome.</summary>
/// <param name="Running">All load calls, the oldest first.</param>
/// <param name="Waiting">The oldest requests.</param>
/// <param name="WaitingCount">Of all requests.</param>
public sealed record UnfinishedWork(
    IReadOnlyList<RunningLoad> Running, IReadOnlyList<WaitingRequest> Waiting, int WaitingCount)
{
    public static UnfinishedWork None { get; } = new([], [], 0);
}

/// <summary>The state of a daemon; counts are since its start.</summary>
public sealed record ServiceStatus
{
    /// <summary>The kernel release whose modules are loaded.</summary>
    public required string Release { get; init; }

    public required TimeSpan Uptime { get; init; }

    /// <summary>Everything received or requested so far has its outcome.</summary>
    public required bool IsSettled { get; init; }

    public required long Events { get; init; }

    /// <summary>SEQNUM of the last event received.</summary>
    public required ulong Seqnum { get; init; }

    /// <summary>Devices seen, by a scan or an event.</summary>
    public required long Devices { get; init; }

    /// <summary>How often the kernel dropped events; a scan of all devices followed each time.</summary>
    public required long TimesLost { get; init; }

    public required long Reloads { get; init; }

    public required LoaderStatistics Counts { get; init; }

    /// <summary>Load calls in the kernel.</summary>
    public required int RunningCount { get; init; }

    /// <summary>Requests without an outcome.</summary>
    public required int WaitingCount { get; init; }
}

/// <summary>What happened to a module since the first daemon of this boot.</summary>
/// <param name="Module">Normalised name.</param>
/// <param name="Calls">Load calls to the kernel.</param>
/// <param name="RequestedName">The first request's name or modalias; the module's own if only a dependency.</param>
/// <param name="LoadTook">How long the last call was in the kernel; null without a call.</param>
public sealed record ModuleRecord(
    string Module, long Requests, long Calls, ModuleOutcome Last, string? FirstRequester, string RequestedName,
    TimeSpan? LoadTook)
{
    /// <summary>Requests that another request's load answered.</summary>
    public long Joined { get; init; }

    /// <summary>The size of the last call's file; null without a call.</summary>
    public long? FileBytes { get; init; }

    /// <summary>The first load; null for a module that was already live.</summary>
    public FirstLoad? First { get; init; }

    /// <summary>The process that made the first request; null for a device.</summary>
    public RequestingProcess? FirstProcess { get; init; }

    /// <summary>The requester of the last request; null as for the first.</summary>
    public string? LastRequester { get; init; }

    /// <summary>The name or modalias of the last request; null without a request.</summary>
    public string? LastRequestedName { get; init; }

    /// <summary>The process that made it; null for a device.</summary>
    public RequestingProcess? LastProcess { get; init; }

    /// <summary>The last request that the policy or the blacklist kept from it, or null.</summary>
    public ModuleRefusal? Refused { get; init; }
}

/// <param name="At">On CLOCK_MONOTONIC.</param>
/// <param name="RequestedName">The name or modalias of the request.</param>
public sealed record ModuleRefusal(TimeSpan At, string? Requester, string RequestedName, string Why)
{
    /// <summary>The process that asked; null for a device.</summary>
    public RequestingProcess? Process { get; init; }
}

/// <summary>The first load of a module; times are of CLOCK_MONOTONIC.</summary>
/// <param name="RequestedAt">When a request or another module first needed it.</param>
/// <param name="Needed">What it waited for: direct and indirect hard dependencies, and "pre" softdeps.</param>
/// <param name="CalledAt">When its first call went to the kernel; null without a call.</param>
/// <param name="EndedAt">When its last call returned; null until then.</param>
/// <param name="Error">The result of that call.</param>
public sealed record FirstLoad(
    TimeSpan RequestedAt, IReadOnlyList<string> Needed, TimeSpan? CalledAt = null, TimeSpan? EndedAt = null,
    Errno Error = Errno.None);
