using System.Runtime.CompilerServices;

namespace Drover.Model;

/// <summary>
/// The machine's CPUs and the one queue of tasks that want to compute. A task has its turn for at most a slice, then the next in the queue has. An emulated machine
/// has only as many at work as its emulator has threads. One owner, the simulation.
/// </summary>
public sealed class Cpus
{
    readonly Simulation _simulation;
    readonly Queue<Work> _ready = new();
    readonly long _sliceNs, _switchNs;
    long _heldNs;
    int _idle;

    /// <param name="simulation">Whose time passes.</param>
    /// <param name="count">CPUs of the machine, at least 1.</param>
    /// <param name="costs">Slices, switches, and whether it is emulated.</param>
    public Cpus(Simulation simulation, int count, CostModel costs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        (_simulation, Count) = (simulation, count);
        _idle = costs.EmulatorThreads >= 1 ? Math.Min(count, (int)costs.EmulatorThreads) : count;
        (_sliceNs, _switchNs) = (Math.Max(1, (long)costs.SliceNs), (long)costs.ContextSwitchNs);
    }

    /// <summary>CPUs of the machine.</summary>
    public int Count { get; }

    /// <summary>Switches between tasks so far.</summary>
    public long Switches { get; private set; }

    /// <summary>Time computed by all of them, in ns.</summary>
    public long BusyNs { get; private set; }

    /// <summary>Computes for this long, in turns with whoever else does.</summary>
    /// <param name="ns">0 or less: not at all.</param>
    /// <param name="yields">Not before everybody who waits for a CPU has had a turn.</param>
    public Work Compute(long ns, bool yields = false) => new(this, ns, yields);

    void Begin(Work work)
    {
        if (_heldNs > 0 && !work.Yields)
            GoOn(work);
        else if (_idle > 0)
            Run(work);
        else
            _ready.Enqueue(work);
    }

    void Run(Work work)
    {
        _idle--;
        Switches++;
        Slice(work, _sliceNs, _switchNs);
    }

    /// <summary>The task that has just computed does so again, in what is left of its slice.</summary>
    void GoOn(Work work)
    {
        var left = _heldNs;
        _heldNs = 0;
        Slice(work, left, switchNs: 0);
    }

    void Slice(Work work, long mostNs, long switchNs)
    {
        var ns = Math.Min(work.LeftNs, mostNs);
        work.LeftNs -= ns;
        work.SliceLeftNs = mostNs - ns;
        BusyNs += ns;
        _simulation.At(_simulation.NowNs + switchNs + ns, work.SliceEnds);
    }

    void SliceEnded(Work work)
    {
        if (work.LeftNs == 0)
        {
            // whoever computes again at once has not left its CPU
            _heldNs = work.SliceLeftNs;
            var goesOn = _heldNs > 0;
            work.Continuation!();
            goesOn &= _heldNs == 0;
            _heldNs = 0;
            if (goesOn)
                return;
        }
        else
        {
            _ready.Enqueue(work);
        }
        _idle++;
        if (_ready.TryDequeue(out var next))
            Run(next);
    }

    /// <summary>One computation: awaited once.</summary>
    public sealed class Work : ICriticalNotifyCompletion
    {
        readonly Cpus _cpus;

        internal Work(Cpus cpus, long ns, bool yields)
        {
            (_cpus, LeftNs, Yields) = (cpus, ns, yields);
            SliceEnds = () => _cpus.SliceEnded(this);
        }

        internal long LeftNs { get; set; }

        internal bool Yields { get; }

        /// <summary>Of its slice, when it ended.</summary>
        internal long SliceLeftNs { get; set; }

        internal Action? Continuation { get; private set; }

        internal Action SliceEnds { get; }

        public bool IsCompleted => LeftNs <= 0;

        public Work GetAwaiter() => this;

        public void GetResult()
        {
            // nothing can go wrong
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation)
        {
            Continuation = continuation;
            _cpus.Begin(this);
        }
    }
}
