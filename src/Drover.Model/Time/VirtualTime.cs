using Drover.Loading;

namespace Drover.Model;

/// <summary>
/// A clock that stands still until it is told to go on, and then jumps to the next timer, so that a trace depends on nothing but the seed. One owner: the
/// simulated loop.
/// </summary>
public sealed class VirtualTime : LoopTime
{
    /// <summary>Nanoseconds since the simulation began.</summary>
    public long NowNs { get; private set; }

    /// <summary>Timestamps are nanoseconds.</summary>
    public override long TimestampFrequency => 1_000_000_000;

    /// <inheritdoc/>
    public override long GetTimestamp() => NowNs;

    /// <summary>The simulation begins at the Unix epoch.</summary>
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(NowNs / 100);

    /// <summary>Jumps to the next timer and fires it; false when there is none.</summary>
    public bool TryAdvance()
    {
        if (NextDue is not { } due)
            return false;
        NowNs = due;
        FireNext();
        return true;
    }
}
