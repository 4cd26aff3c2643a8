using Drover.Model.Herds;
using Drover.Model.Kernel;

namespace Drover.Model.Explore;

/// <summary>What to explore. Every seed is a machine, a loader, a schedule and faults.</summary>
public sealed record ExploreOptions
{
    /// <summary>The first seed; the others follow it.</summary>
    public int FirstSeed { get; init; } = 1;
    /// <summary>The number of seeds, at least 1.</summary>
    public long Seeds { get; init; } = 1;
    /// <summary>Threads; 0: one for each CPU. The violations do not depend on it.</summary>
    public int Threads { get; init; }
    /// <summary>Violations after which no further seeds are begun.</summary>
    public int MaxViolations { get; init; } = 5;
    /// <inheritdoc cref="HerdOptions.Parts"/>
    internal ModelParts Parts { get; init; } = ModelParts.Sound;
}

public readonly record struct ExploreProgress(long Done, long Seeds, long Steps, int Violations);

/// <summary>What must hold after every step, and at rest: when the queue of the simulation is empty.</summary>
public enum Invariant
{
    /// <summary><c>i_writecount</c> is writers minus deniers; 0 at rest.</summary>
    WriteCount,
    /// <summary>A file never has writers and deniers at the same time.</summary>
    WriterAndDenier,
    /// <summary>Under the exclusive and the idempotent gate one call at a time sets up a file.</summary>
    OneSetUp,
    /// <summary>A name is listed once, states change in order; success and EEXIST imply a live module.</summary>
    ModuleOnce,
    /// <summary>Memory in use is the sum of calls, live modules and tasks; at rest calls hold nothing.</summary>
    Memory,
    /// <summary>A module's users are never negative; at rest they are the live modules that depend on it.</summary>
    Users,
    /// <summary>The kernel's counters only grow, and agree with what the calls wasted.</summary>
    Statistics,
    /// <summary>A task wakes up when the event it waits for happens.</summary>
    WakeUp,
    /// <summary>At rest no call is in the kernel.</summary>
    EveryCallReturns,
    /// <summary>A run ends with all events handled.</summary>
    Deadlock,
    /// <summary>No exception is thrown.</summary>
    Fault,
    /// <summary>Drover makes one call at a time for a module.</summary>
    DroverOneCallInFlight,
    /// <summary>Drover makes no call for a live module, unless other programs load or remove modules.</summary>
    DroverNoCallForLive,
    /// <summary>Without faults: one call for a loadable module, no duplicates, no waste, no module missing.</summary>
    DroverConverges,
    /// <summary>Every request to Drover gets an outcome.</summary>
    DroverAnswers,
}

/// <param name="What">The observation, a sentence.</param>
/// <param name="Schedule">The smallest machine, modules, devices and faults that show it; one line each.</param>
/// <param name="Trace">The events of that schedule up to the violation.</param>
public sealed record ExploreViolation(
    int Seed, Invariant Invariant, string What, IReadOnlyList<string> Schedule, IReadOnlyList<ModelEvent> Trace)
{
    public string Replay => $"drover herd --explore 1 --seed {Seed}";
}

public sealed record ExploreReport
{
    /// <summary>Seeds that were run; fewer than requested after cancellation or enough violations.</summary>
    public required long Seeds { get; init; }
    public required long Steps { get; init; }
    /// <summary>The first violations, by seed.</summary>
    public required IReadOnlyList<ExploreViolation> Violations { get; init; }
    /// <summary>How often each loader, gate, errno, wait and fault occurred ("gate Exclusive", "errno EBUSY", "fault
    /// Writer", "fault Writer refused"): shows which cases the checks have met.</summary>
    public required IReadOnlyDictionary<string, long> Coverage { get; init; }
}
