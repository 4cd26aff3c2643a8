using System.Runtime.CompilerServices;

namespace Drover.Model;

/// <summary>
/// Virtual time and all that is still to happen in it. Time stands still while something happens, and then jumps to what is next. Of what happens at the same
/// instant a seeded random choice comes first: one seed, one order, always the same. Whatever waits is a continuation in one heap: no thread, no task scheduler.
/// For one thread.
/// </summary>
public sealed class Simulation
{
    /// <summary>Timers come after all else of their instant.</summary>
    const ulong TimerBit = 1UL << 63;

    // by time in the upper half, and then by chance, or by order for timers
    readonly PriorityQueue<Action, UInt128> _turns = new();
    ulong _order;

    /// <summary>A simulation at time 0 with nothing to happen.</summary>
    public Simulation(int seed) => Random = new Random(seed);

    /// <summary>Nanoseconds since the simulation began.</summary>
    public long NowNs { get; private set; }

    /// <summary>Things that happened so far: the length of the trace.</summary>
    public long Steps { get; private set; }

    /// <summary>The one source of chance; whoever draws from it does so in the order of events.</summary>
    public Random Random { get; }

    /// <summary>What nobody awaits has thrown: whoever runs the simulation ends it.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>Keeps the first fault.</summary>
    public void Fail(Exception fault) => Fault ??= fault;

    /// <summary>Called after every step: the place to check what must always hold.</summary>
    public Action? AfterStep { get; set; }

    /// <summary>Something happens now, after what is happening, in an order of chance among all that is due now.</summary>
    public void Soon(Action action) => At(NowNs, action);

    /// <summary>Something happens later.</summary>
    /// <exception cref="ArgumentOutOfRangeException">In the past.</exception>
    public void At(long atNs, Action action)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(atNs, NowNs);
        _turns.Enqueue(action, new UInt128((ulong)atNs, (ulong)Random.NextInt64()));
    }

    /// <summary>A timer: it comes after all else of its instant, and timers of one instant come in the order in which they were set.</summary>
    public void AtEndOf(long atNs, Action action) => _turns.Enqueue(action, new UInt128((ulong)Math.Max(atNs, NowNs), TimerBit | _order++));

    /// <summary>Waits, without computing, for this many ns; 0 gives others their turn.</summary>
    public DelayAwaitable Delay(long ns) => new(this, ns);

    /// <summary>The next thing happens; false when nothing is left.</summary>
    public bool Step()
    {
        if (!_turns.TryDequeue(out var action, out var turn))
            return false;
        NowNs = (long)(ulong)(turn >> 64);
        Steps++;
        action();
        AfterStep?.Invoke();
        return true;
    }
}

/// <summary>What <see cref="Simulation.Delay"/> gives: awaited once, on the simulation's thread; the continuation goes straight into the heap.</summary>
public readonly struct DelayAwaitable(Simulation simulation, long ns) : ICriticalNotifyCompletion
{
    /// <summary>Never: even no time at all is a turn of others.</summary>
    public bool IsCompleted => false;

    public DelayAwaitable GetAwaiter() => this;

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) => simulation.At(simulation.NowNs + ns, continuation);

    public void GetResult()
    {
        // nothing can go wrong
    }
}
