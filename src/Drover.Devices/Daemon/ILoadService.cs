using Drover.Loading;

namespace Drover.Devices;

/// <summary>
/// What others may ask of a daemon, whatever way they come; one owner, the event loop. Who may ask what is the door's to say. Nothing here throws for
/// what a client, a device, a file or the kernel can do wrong.
/// </summary>
public interface ILoadService
{
    /// <summary>Loads what the request stands for; <paramref name="leave"/> says that the client has gone.</summary>
    Task<RequestOutcome> LoadAsync(LoadRequest request, CancellationToken leave);

    /// <summary>The modules a name or modalias stands for, in kmod's order; empty where no index knows it.</summary>
    /// <exception cref="Modules.ModuleDataException">An index is damaged.</exception>
    IReadOnlyList<string> Resolve(string asked);

    /// <summary>How things are now.</summary>
    ServiceStatus Status();

    /// <summary>Every module that was asked for, or came as a dependency, since the start.</summary>
    IReadOnlyList<ModuleRecord> Modules();

    /// <summary>Waits until all that was asked for is done, and what followed from it.</summary>
    /// <param name="target">A module, a device path (as below /sys, beginning with <c>/devices/</c>) or a modalias; null for everything.</param>
    /// <param name="patience">Null: as long as it takes.</param>
    /// <param name="leave">The client has gone.</param>
    Task<SettleOutcome> SettleAsync(string? target, TimeSpan? patience, CancellationToken leave);

    /// <summary>Is called, on the loop, for each module of each answered request, until disposed.</summary>
    IDisposable Subscribe(Action<ServedOutcome> served);

    /// <summary>Reads the indexes and the configuration anew; requests in flight end by the old ones.</summary>
    /// <returns>Why it could not be done, the old ones being kept; or null.</returns>
    string? Reload();
}

/// <summary>A module of an answered request.</summary>
/// <param name="Request">Who asked for what.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="At">When, on the loop's clock (CLOCK_MONOTONIC).</param>
/// <param name="Took">From the request to its answer.</param>
public sealed record ServedOutcome(LoadRequest Request, ModuleOutcome Outcome, TimeSpan At, TimeSpan Took);

/// <summary>A request that waits for its answer.</summary>
/// <param name="Asked">A name or modalias.</param>
/// <param name="Asker">A device path or a client; null where nobody said.</param>
/// <param name="Age">Since it was made.</param>
public sealed record WaitingRequest(string Asked, string? Asker, TimeSpan Age);

/// <summary>A load call that is in the kernel.</summary>
public sealed record RunningLoad(string Module, long FileBytes, TimeSpan Age);

/// <summary>A daemon at a moment.</summary>
public sealed record ServiceStatus
{
    /// <summary>The kernel whose modules are loaded.</summary>
    public required string Release { get; init; }

    /// <summary>Since its start.</summary>
    public required TimeSpan Uptime { get; init; }

    /// <summary>All that was heard of or asked for so far is served.</summary>
    public required bool IsSettled { get; init; }

    /// <summary>Events heard.</summary>
    public required long Events { get; init; }

    /// <summary>SEQNUM of the last event heard.</summary>
    public required ulong Seqnum { get; init; }

    /// <summary>Devices seen, by looking or by event.</summary>
    public required long Devices { get; init; }

    /// <summary>Times the kernel dropped events because we were too slow; each was followed by another look at all devices.</summary>
    public required long TimesLost { get; init; }

    /// <summary>Times the indexes were read anew.</summary>
    public required long Reloads { get; init; }

    public required LoaderCounts Counts { get; init; }

    public required IReadOnlyList<RunningLoad> Running { get; init; }

    public required IReadOnlyList<WaitingRequest> Waiting { get; init; }
}

/// <summary>What became of a module since the daemon's start.</summary>
/// <param name="Module">Normalised name.</param>
/// <param name="Requests">How often it was asked for.</param>
/// <param name="Calls">How often the kernel was called for it.</param>
/// <param name="Last">The last outcome.</param>
/// <param name="FirstAsker">Who asked first.</param>
/// <param name="Asked">What was asked first: its name or a modalias; its name, too, where it only came as a dependency.</param>
/// <param name="LoadTook">How long its last call was in the kernel; null where there was none.</param>
public sealed record ModuleRecord(string Module, long Requests, long Calls, ModuleOutcome Last, string? FirstAsker, string Asked, TimeSpan? LoadTook)
{
    /// <summary>How many of the requests somebody else's load answered.</summary>
    public long Joined { get; init; }

    /// <summary>Of the file that its last call was about; null where there was none.</summary>
    public long? FileBytes { get; init; }

    /// <summary>The first time that it was on its way; null where it was live already.</summary>
    public FirstLoad? First { get; init; }
}

/// <summary>The first time that a module was on its way into the kernel; times are of CLOCK_MONOTONIC.</summary>
/// <param name="WantedAt">It was asked for, by a request or by another module.</param>
/// <param name="Needed">What it waited for: hard dependencies, direct and indirect, and softdeps "pre".</param>
/// <param name="CalledAt">Its call went to the kernel, the first where there were several; null where there was none.</param>
/// <param name="EndedAt">The last of its calls came back; null where none has.</param>
/// <param name="Error">What that brought.</param>
public sealed record FirstLoad(TimeSpan WantedAt, IReadOnlyList<string> Needed, TimeSpan? CalledAt = null, TimeSpan? EndedAt = null, Errno Error = Errno.None);

/// <summary>The end of a settle.</summary>
/// <param name="IsSettled">False when patience ended before.</param>
/// <param name="Running">Loads that are still in the kernel.</param>
/// <param name="Waiting">Requests still without an answer.</param>
public sealed record SettleOutcome(bool IsSettled, IReadOnlyList<RunningLoad> Running, IReadOnlyList<WaitingRequest> Waiting);
