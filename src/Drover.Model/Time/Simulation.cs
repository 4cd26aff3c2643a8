using System.Runtime.CompilerServices;

namespace Drover.Model.Time;

/// <summary>Virtual time and the queue of actions that are due in it. Time stands still while an action runs,
/// then jumps to the next one. Among actions of the same instant a seeded random number decides, so that one seed
/// gives one order. Every waiting task is a continuation in this queue; there are no threads and no task
/// scheduler. For one thread.</summary>
public sealed class Simulation
{
    /// <summary>Set in the key of a timer, so that it runs after all other actions of the instant.</summary>
    const ulong TimerBit = 1UL << 63;

    /// <summary>The longest delay, 146 years: no sum of two times overflows.</summary>
    const long MaxDelayNs = long.MaxValue / 2;

    // key: time in the upper half; a random number, or the order of timers, in the lower half
    readonly PriorityQueue<Action, UInt128> _actions = new();
    ulong _timers;

    public Simulation(int seed) => Random = new Random(seed);

    /// <summary>Nanoseconds since the simulation began.</summary>
    public long NowNs { get; private set; }
    public long Steps { get; private set; }

    /// <summary>The only source of randomness. Draws happen in the order of events.</summary>
    public Random Random { get; }

    /// <summary>The first exception that no caller awaits; the driver of the simulation must end the run.</summary>
    public Exception? Fault { get; private set; }
    public void Fail(Exception fault) => Fault ??= fault;
    public Action? AfterStep { get; set; }

    /// <summary>Runs an action at the current time, in random order with all others that are due now.</summary>
    public void Soon(Action action) => At(NowNs, action);

    /// <exception cref="ArgumentOutOfRangeException">The time is in the past.</exception>
    public void At(long atNs, Action action)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(atNs, NowNs);
        _actions.Enqueue(action, new UInt128((ulong)atNs, (ulong)Random.NextInt64()));
    }

    /// <summary>Runs a timer: after all other actions of its instant, and after timers that were set earlier.</summary>
    public void AtEndOf(long atNs, Action action) =>
        _actions.Enqueue(action, new UInt128((ulong)Math.Max(atNs, NowNs), TimerBit | _timers++));

    /// <summary>Sleeps for this many ns, using no CPU; 0 lets other actions of the instant run.</summary>
    public DelayAwaitable Delay(long ns) => new(this, Math.Min(ns, MaxDelayNs));

    /// <summary>Runs the next action; false when the queue is empty.</summary>
    public bool Step()
    {
        if (!_actions.TryDequeue(out var action, out var key))
            return false;
        var atNs = (long)(ulong)(key >> 64);
        Debug.Assert(atNs >= NowNs, "time never goes back");
        NowNs = atNs;
        Steps++;
        action();
        AfterStep?.Invoke();
        return true;
    }
}

/// <summary>The result of <see cref="Simulation.Delay"/>: await it once, on the simulation's thread.</summary>
public readonly struct DelayAwaitable(Simulation simulation, long ns) : ICriticalNotifyCompletion
{
    /// <summary>Always false: even a delay of 0 lets others run.</summary>
    public bool IsCompleted => false;
    public DelayAwaitable GetAwaiter() => this;
    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);
    public void UnsafeOnCompleted(Action continuation) => simulation.At(simulation.NowNs + ns, continuation);

    public void GetResult()
    {
        // a delay has no result and does not fail
    }
}

/// <summary>The simulation's time as a clock with timers. Belongs to the simulated loop.</summary>
public sealed class VirtualTime(Simulation simulation) : LoopTime
{
    public override long TimestampFrequency => 1_000_000_000;
    public override long GetTimestamp() => simulation.NowNs;
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(simulation.NowNs / 100);

    protected override void OnTimerSet(long due) => simulation.AtEndOf(due, () =>
    {
        // a timer that was disposed of or set again leaves its old action in the queue
        if (NextDue <= simulation.NowNs)
            FireNext();
    });
}
