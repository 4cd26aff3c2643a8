namespace Drover.Loading;

/// <summary>
/// One thread that owns all of the loader's state: a task scheduler on which every <c>await</c> of the loader resumes, over a clock that may be virtual.
/// Everything that is not said to be for any thread is for the loop's own.
/// </summary>
public abstract class EventLoop : TaskScheduler
{
    /// <summary>The clock all waiting goes by; its timers fire on the loop.</summary>
    public abstract TimeProvider Time { get; }

    /// <inheritdoc/>
    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Runs an action on the loop, soon; the way in from other threads, and safe for any.</summary>
    public abstract void Post(Action action);

    /// <summary>Completes after <paramref name="delay"/> of the loop's clock, or as soon as <paramref name="leave"/> is cancelled; it never throws for that.</summary>
    public async Task Delay(TimeSpan delay, CancellationToken leave = default)
    {
        var done = new TaskCompletionSource();
        // a token may be cancelled on any thread: the way in is Post
        using var leaving = leave.Register(() => Post(() => done.TrySetResult()));
        using var timer = Time.CreateTimer(_ => done.TrySetResult(), null, delay, Timeout.InfiniteTimeSpan);
        await done.Task;
    }

    /// <summary>Starts an asynchronous function on the loop.</summary>
    public Task<T> Start<T>(Func<Task<T>> function) =>
        Task.Factory.StartNew(function, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    /// <inheritdoc cref="Start{T}"/>
    public Task Start(Func<Task> function) =>
        Task.Factory.StartNew(function, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    /// <summary>Runs the loop on the calling thread until <paramref name="main"/> is done, and returns its result.</summary>
    public abstract T Run<T>(Func<Task<T>> main);

    /// <inheritdoc/>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;
}
