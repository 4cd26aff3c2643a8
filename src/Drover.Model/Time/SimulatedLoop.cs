using Drover.Loading;

namespace Drover.Model;

/// <summary>Nothing is ready, no timer is set, and the main function is not done: somebody waits for what will never happen.</summary>
public sealed class DeadlockException(string message) : Exception(message);

/// <summary>
/// The loader's event loop in virtual time. Of all that is ready to run, a seeded random choice runs next: one seed, one schedule, always the same.
/// The code on it is the production code; only the order and the clock are ours. For one thread.
/// </summary>
public sealed class SimulatedLoop : EventLoop
{
    readonly List<Task> _ready = [];
    readonly Random _random;
    readonly int _thread = Environment.CurrentManagedThreadId;
    Exception? _fault;

    /// <summary>A loop whose schedule is the seed's.</summary>
    public SimulatedLoop(int seed) => _random = new Random(seed);

    /// <inheritdoc/>
    public override TimeProvider Time => Clock;

    /// <summary>The virtual clock.</summary>
    public VirtualTime Clock { get; } = new();

    /// <summary>Tasks run so far: the length of the trace.</summary>
    public long Steps { get; private set; }

    /// <summary>Called after every step: the place to check what must always hold.</summary>
    public Action? AfterStep { get; set; }

    /// <inheritdoc/>
    public override void Post(Action action)
    {
        // a posted action has nobody who awaits it: what it throws ends the run
        var posted = new Task(() =>
        {
            try
            {
                action();
            }
            catch (Exception fault)
            {
                _fault ??= fault;
            }
        });
        posted.Start(this);
    }

    /// <inheritdoc/>
    /// <exception cref="DeadlockException">Nothing can happen any more.</exception>
    public override T Run<T>(Func<Task<T>> main)
    {
        var done = Start(main);
        while (!done.IsCompleted)
        {
            if (_ready.Count > 0)
                Step();
            else if (!Clock.TryAdvance())
                throw new DeadlockException($"deadlock after {Steps} steps at {Clock.NowNs} ns");
            if (_fault is not null)
                throw _fault;
        }
        return done.GetAwaiter().GetResult();
    }

    void Step()
    {
        var chosen = _random.Next(_ready.Count);
        var task = _ready[chosen];
        _ready[chosen] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        Steps++;
        TryExecuteTask(task);
        AfterStep?.Invoke();
    }

    /// <inheritdoc/>
    protected override void QueueTask(Task task)
    {
        if (Environment.CurrentManagedThreadId != _thread)
            throw new InvalidOperationException("work came from a foreign thread: something escaped the simulation");
        _ready.Add(task);
    }

    /// <inheritdoc/>
    protected override IEnumerable<Task> GetScheduledTasks() => _ready;
}
