using System.Runtime.CompilerServices;
using Drover.Model.Scenarios;
using Drover.Model.Time;

namespace Drover.Model.Kernel;

/// <summary>The machine's CPUs and the one queue of tasks that want to compute. A task computes for at most a slice,
/// then the next in the queue does. An emulated machine computes on as many CPUs as its emulator has threads. Belongs
/// to the simulation.</summary>
public sealed class Cpus
{
    readonly Simulation _simulation;
    readonly Queue<Work> _ready = new();
    readonly long _sliceNs, _switchNs;
    long _heldNs;
    int _idle;

    /// <param name="count">CPUs of the machine, at least 1.</param>
    /// <param name="costs">Times of slices and switches; the number of the emulator's threads.</param>
    public Cpus(Simulation simulation, int count, CostModel costs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        (_simulation, Count) = (simulation, count);
        _idle = costs.EmulatorThreads >= 1 ? Math.Min(count, (int)costs.EmulatorThreads) : count;
        // QEMU's clock of instructions gives each CPU a part of the time to the next timer, by the number of all CPUs
        var sliceNs = costs.EmulatorThreads >= 1 ? costs.SliceNs / count : costs.SliceNs;
        (_sliceNs, _switchNs) = (Math.Max(1, (long)sliceNs), (long)costs.ContextSwitchNs);
    }

    public int Count { get; }

    /// <summary>Computes for this long, in turns with other tasks.</summary>
    /// <param name="ns">0 or less: returns at once.</param>
    /// <param name="yields">Lets every waiting task have a slice first.</param>
    public Work Compute(long ns, bool yields = false) => new(this, ns, yields);

    void Begin(Work work)
    {
        if (_heldNs > 0 && !work.Yields)
            Continue(work);
        else if (_idle > 0)
            Run(work);
        else
            _ready.Enqueue(work);
    }

    void Run(Work work)
    {
        Debug.Assert(_idle > 0, "a task runs on an idle CPU");
        _idle--;
        Slice(work, _sliceNs, _switchNs);
    }

    /// <summary>The task that has just computed continues in the rest of its slice.</summary>
    void Continue(Work work)
    {
        var left = _heldNs;
        _heldNs = 0;
        Slice(work, left, switchNs: 0);
    }

    void Slice(Work work, long maxNs, long switchNs)
    {
        Debug.Assert(work.LeftNs > 0 && maxNs > 0, "a slice computes something");
        var ns = Math.Min(work.LeftNs, maxNs);
        work.LeftNs -= ns;
        work.SliceLeftNs = maxNs - ns;
        _simulation.At(_simulation.NowNs + switchNs + ns, work.SliceEnds);
    }

    void SliceEnded(Work work)
    {
        if (work.LeftNs == 0)
        {
            // a task that computes again at once keeps its CPU
            _heldNs = work.SliceLeftNs;
            var continues = _heldNs > 0;
            work.Continuation!();
            continues &= _heldNs == 0;
            _heldNs = 0;
            if (continues)
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

    /// <summary>One computation: await it once.</summary>
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
        internal long SliceLeftNs { get; set; } // the rest of its slice when it ended
        internal Action? Continuation { get; private set; }
        internal Action SliceEnds { get; }
        public bool IsCompleted => LeftNs <= 0;
        public Work GetAwaiter() => this;

        public void GetResult()
        {
            // computing has no result and does not fail
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation)
        {
            Debug.Assert(Continuation is null, "a computation is awaited once");
            Continuation = continuation;
            _cpus.Begin(this);
        }
    }
}
