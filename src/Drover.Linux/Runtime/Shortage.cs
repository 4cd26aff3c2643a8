namespace Drover.Linux.Runtime;

/// <summary>How often and with which pauses to try for what the system has none of just now: threads, processes,
/// memory. A limit is often reached for a moment only.</summary>
static class Shortage
{
    /// <summary>In 2.5 s altogether.</summary>
    public const int Tries = 8;

    /// <param name="tries">Failed so far, from 1.</param>
    public static TimeSpan PauseAfter(int tries) => TimeSpan.FromMilliseconds(20 << (tries - 1));
}
