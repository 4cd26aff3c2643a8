using Drover.Loading;

namespace Drover.Model;

/// <summary>The simulation's time as a clock with timers: it stands still until nothing else can happen. One owner, the simulated loop.</summary>
public sealed class VirtualTime(Simulation simulation) : LoopTime
{
    /// <summary>Timestamps are nanoseconds since the simulation began.</summary>
    public override long TimestampFrequency => 1_000_000_000;

    /// <inheritdoc/>
    public override long GetTimestamp() => simulation.NowNs;

    /// <summary>The simulation begins at the Unix epoch.</summary>
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(simulation.NowNs / 100);

    /// <inheritdoc/>
    protected override void WasSet(long due) => simulation.AtEndOf(due, () =>
    {
        // one that was disposed of, or set anew, has left its turn behind
        if (NextDue <= simulation.NowNs)
            FireNext();
    });
}
