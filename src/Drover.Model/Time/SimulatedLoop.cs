using Drover.Loading;

namespace Drover.Model;

/// <summary>Nothing can happen any more, and somebody still waits: a wake-up was lost, or all wait for each other.</summary>
public sealed class DeadlockException(string message) : Exception(message);

/// <summary>
/// The loader's event loop in virtual time. Of all that is ready to run, a seeded random choice runs next. The code on it is the production code; only the order
/// and the clock are ours. For one thread.
/// </summary>
public sealed class SimulatedLoop : EventLoop
{
    readonly int _thread = Environment.CurrentManagedThreadId;

    /// <summary>A loop whose schedule is the simulation's, among all else that happens there.</summary>
    public SimulatedLoop(Simulation simulation) => (Simulation, Time) = (simulation, new VirtualTime(simulation));

    /// <summary>A loop of its own simulation.</summary>
    public SimulatedLoop(int seed)
        : this(new Simulation(seed))
    {
    }

    /// <summary>Where the loop's turns are.</summary>
    public Simulation Simulation { get; }

    /// <inheritdoc/>
    public override TimeProvider Time { get; }

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
                Simulation.Fail(fault);
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
            if (!Simulation.Step())
                throw new DeadlockException($"deadlock after {Simulation.Steps} steps at {Simulation.NowNs} ns");
            if (Simulation.Fault is not null)
                throw Simulation.Fault;
        }
        return done.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    protected override void QueueTask(Task task)
    {
        if (Environment.CurrentManagedThreadId != _thread)
            throw new InvalidOperationException("work came from a foreign thread: something escaped the simulation");
        Simulation.Soon(() => TryExecuteTask(task));
    }

    /// <inheritdoc/>
    protected override IEnumerable<Task> GetScheduledTasks() => throw new NotSupportedException();
}
