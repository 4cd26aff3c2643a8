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
    public Work Compute(long ns) => new(this, ns);

    void Begin(Work work)
    {
        if (_idle > 0)
            Run(work);
        else
            _ready.Enqueue(work);
    }

    void Run(Work work)
    {
        _idle--;
        Switches++;
        var ns = Math.Min(work.LeftNs, _sliceNs);
        work.LeftNs -= ns;
        BusyNs += ns;
        _simulation.At(_simulation.NowNs + _switchNs + ns, work.SliceEnds);
    }

    void SliceEnded(Work work)
    {
        _idle++;
        if (work.LeftNs > 0)
            _ready.Enqueue(work);
        else
            _simulation.Soon(work.Continuation!);
        if (_ready.TryDequeue(out var next))
            Run(next);
    }

    /// <summary>One computation: awaited once.</summary>
    public sealed class Work : ICriticalNotifyCompletion
    {
        readonly Cpus _cpus;

        internal Work(Cpus cpus, long ns)
        {
            (_cpus, LeftNs) = (cpus, ns);
            SliceEnds = () => _cpus.SliceEnded(this);
        }

        internal long LeftNs { get; set; }

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
