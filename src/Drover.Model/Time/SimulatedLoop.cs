namespace Drover.Model.Time;

/// <summary>A task still waits, and the queue is empty: a wake-up was lost, or tasks wait for each other.</summary>
public sealed class DeadlockException(string message) : Exception(message);

/// <summary>The loader's event loop in virtual time: production code with another clock. Of all work that is ready, a
/// seeded random choice runs next. For one thread.</summary>
public sealed class SimulatedLoop : EventLoop
{
    readonly int _thread = Environment.CurrentManagedThreadId;

    public SimulatedLoop(Simulation simulation) => (Simulation, Time) = (simulation, new VirtualTime(simulation));

    public SimulatedLoop(int seed)
        : this(new Simulation(seed)) { }

    public Simulation Simulation { get; }
    public override TimeProvider Time { get; }

    public override void Post(Action action)
    {
        // no caller awaits a posted action: its exception ends the run
        var posted = new Task(() =>
        {
            try
            {
                action();
            }
            catch (Exception fault)
            {
                Simulation.Fail(fault);
            }
        });
        posted.Start(this);
    }

    /// <exception cref="DeadlockException">The queue is empty and <paramref name="main"/> has not ended.</exception>
    public override T Run<T>(Func<Task<T>> main)
    {
        var done = Start(main);
        while (!done.IsCompleted)
        {
            if (!Simulation.Step())
                throw new DeadlockException($"deadlock after {Simulation.Steps} steps at {Simulation.NowNs} ns");
            if (Simulation.Fault is not null)
                throw Simulation.Fault;
        }
        return done.GetAwaiter().GetResult();
    }

    protected override void QueueTask(Task task)
    {
        if (Environment.CurrentManagedThreadId != _thread)
            throw new InvalidOperationException("work was queued from another thread than the simulation's");
        Simulation.Soon(() => TryExecuteTask(task));
    }

    protected override IEnumerable<Task> GetScheduledTasks() => throw new NotSupportedException();
}
