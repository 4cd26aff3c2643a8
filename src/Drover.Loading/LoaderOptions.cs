namespace Drover.Loading;

/// <summary>What may be chosen about a loader.</summary>
public sealed record LoaderOptions
{
    /// <summary>Most bytes that loads in flight may cost, by default at most this (design rule 8).</summary>
    public const long DefaultMostBytes = 256L << 20;

    /// <summary>Most loads in flight by default, however many CPUs there are: beyond it they only wait for the kernel's <c>module_mutex</c>.</summary>
    public const int DefaultMostLoads = 16;

    /// <summary>Bytes that loads in flight may cost together: file size + 2 × image size each. Null: the smaller of 256 MiB and a quarter of the available memory.</summary>
    public long? BudgetBytes { get; init; }

    /// <summary>Loads in flight, at least 1. Null: the smaller of 16 and the CPUs.</summary>
    public int? Jobs { get; init; }

    /// <summary>Checks that no load of this loader asks the kernel for.</summary>
    public IgnoredChecks Ignored { get; init; }

    /// <summary>
    /// How long a load keeps the next one from starting, unless it ends sooner. Most loads take a few milliseconds and go one after another; one that takes
    /// longer sleeps in its driver's probe, and others start beside it. Zero: all that is ready starts at once. Measured in the lab, where every CPU is
    /// emulated: sixteen loads at once took a quarter more CPU time than one after another.
    /// </summary>
    public TimeSpan Headway { get; init; } = TimeSpan.FromMilliseconds(50);
}
