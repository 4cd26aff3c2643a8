namespace Drover.Model;

/// <summary>What to explore. Every seed is a machine, a herd, a schedule and its faults.</summary>
public sealed record ExploreOptions
{
    /// <summary>The first of the seeds, which follow each other.</summary>
    public int FirstSeed { get; init; } = 1;

    /// <summary>How many, at least 1.</summary>
    public long Seeds { get; init; } = 1;

    /// <summary>Threads that explore side by side; 0: one for each CPU. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Violations after which no further seeds are begun.</summary>
    public int MostViolations { get; init; } = 5;

    /// <summary>Code broken on purpose.</summary>
    internal Mutation Mutation { get; init; }

    /// <inheritdoc cref="HerdOptions.KernelPort"/>
    internal Func<Loading.IKernel, Loading.IKernel>? KernelPort { get; init; }
}

/// <summary>How far an exploration is.</summary>
/// <param name="Done">Seeds.</param>
/// <param name="Seeds">Seeds in all.</param>
/// <param name="Steps">Of all simulations so far.</param>
/// <param name="Violations">Found so far.</param>
public readonly record struct ExploreProgress(long Done, long Seeds, long Steps, int Violations);

/// <summary>What must hold after every event, and what must hold when nothing can happen any more.</summary>
public enum Invariant
{
    /// <summary><c>i_writecount</c> is writers less deniers, as counted by a ledger of its own; 0 at rest.</summary>
    WriteCount,

    /// <summary>Never a writer and a denier of one file together.</summary>
    WriterAndDenier,

    /// <summary>Under the exclusive gate, and under the idempotent one, never two set-ups of one file.</summary>
    OneSetUp,

    /// <summary>No name twice in the kernel's list, no state out of its order, no success without a live module, no EEXIST without one.</summary>
    ModuleOnce,

    /// <summary>What is in use is what calls, live modules and tasks hold; with no call in flight, calls hold nothing; at rest, what live modules take remains.</summary>
    Memory,

    /// <summary>A module's users are never fewer than none; at rest they are the live modules that depend on it.</summary>
    Users,

    /// <summary>The kernel's counters only grow, and agree with what the calls wasted.</summary>
    Statistics,

    /// <summary>Nobody sleeps on when what it waits for has happened.</summary>
    WakeUp,

    /// <summary>At rest no call is in the kernel.</summary>
    EveryCallReturns,

    /// <summary>It comes to rest, with all events served.</summary>
    Deadlock,

    /// <summary>Nothing throws.</summary>
    Fault,

    /// <summary>Of Drover's own calls one at a time for each module, and so for each file.</summary>
    DroverOneCallInFlight,

    /// <summary>Drover makes no call for a module that is live, unless others load, too.</summary>
    DroverNoCallForLive,

    /// <summary>Without faults: one call a module that can be loaded, no duplicates, no waste, nothing missing.</summary>
    DroverConverges,

    /// <summary>Everybody who asked Drover has an answer.</summary>
    DroverAnswers,
}

/// <summary>An invariant that did not hold.</summary>
/// <param name="Seed">Shows it again, alone.</param>
/// <param name="Invariant">Which.</param>
/// <param name="What">What was seen, a sentence.</param>
/// <param name="Schedule">The machine, its modules and devices, and the faults, made as small as still shows it; one line each.</param>
/// <param name="Trace">What happened up to the violation, in that smaller schedule.</param>
public sealed record ExploreViolation(int Seed, Invariant Invariant, string What, IReadOnlyList<string> Schedule, IReadOnlyList<HerdEvent> Trace)
{
    /// <summary>The command that shows it again.</summary>
    public string Replay => $"drover herd --explore 1 --seed {Seed}";
}

/// <summary>What an exploration found.</summary>
public sealed record ExploreReport
{
    /// <summary>Seeds that were run; fewer than asked for when it was stopped, or found enough.</summary>
    public required long Seeds { get; init; }

    /// <summary>Steps of all simulations together.</summary>
    public required long Steps { get; init; }

    /// <summary>The first ones by seed.</summary>
    public required IReadOnlyList<ExploreViolation> Violations { get; init; }

    /// <summary>How often each herd, gate, errno, wait and fault came up ("gate Exclusive", "errno EBUSY", "fault Writer", "fault Writer refused"): a check that never meets a case is no check.</summary>
    public required IReadOnlyDictionary<string, long> Coverage { get; init; }
}
