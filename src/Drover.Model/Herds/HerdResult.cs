using Drover.Loading;

namespace Drover.Model;

/// <summary>How a run ended.</summary>
public sealed record HerdResult
{
    /// <summary>What was run, with CPUs and memory filled in.</summary>
    public required HerdOptions Options { get; init; }

    /// <summary>Load calls by errno; <see cref="Errno.None"/> for success.</summary>
    public required IReadOnlyDictionary<Errno, long> Calls { get; init; }

    /// <summary>Distinct modules for which the kernel was called.</summary>
    public required int Attempted { get; init; }

    /// <summary>"Virtual mem wasted bytes" of the kernel's statistics.</summary>
    public required long WastedBytes { get; init; }

    /// <summary>Of those, what calls wasted that ended in EEXIST or EBUSY: work done twice.</summary>
    public required long DuplicateBytes { get; init; }

    /// <summary>Most memory in use at any time, in bytes: kernel, workers, modules and copies of their files.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>Most of it that was vmalloc space of loads in flight and live modules.</summary>
    public required long PeakVmallocBytes { get; init; }

    /// <summary>Virtual time from the first event to the last one's end, in seconds; how far it came where the boot failed.</summary>
    public required double BootSeconds { get; init; }

    /// <summary>The boot came to its end.</summary>
    public required bool Booted { get; init; }

    /// <summary>Why it did not, a sentence; null where it did.</summary>
    public string? WhyNotBooted { get; init; }

    /// <summary>Modules live at the end, sorted.</summary>
    public required IReadOnlyList<string> Live { get; init; }

    /// <summary>Modules that some device asked for and that could have been loaded, and are not live; sorted.</summary>
    public required IReadOnlyList<string> Missing { get; init; }

    /// <summary>Workers the OOM killer took.</summary>
    public required int Killed { get; init; }

    /// <summary>The kernel's counters.</summary>
    public required ModuleStats Stats { get; init; }

    /// <summary>Steps of the simulation.</summary>
    public required long Steps { get; init; }

    /// <summary>A digest of the whole trace: equal for equal options, on any machine.</summary>
    public required ulong TraceHash { get; init; }
}
