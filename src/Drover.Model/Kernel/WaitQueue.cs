using System.Runtime.CompilerServices;

namespace Drover.Model;

/// <summary>Tasks that sleep until somebody wakes them all; each then looks for itself whether it may go on (<c>wait_event_interruptible</c>). One owner, the simulation.</summary>
public sealed class WaitQueue(Simulation simulation)
{
    readonly List<Sleep> _sleeping = [];

    /// <summary>Tasks asleep here.</summary>
    public int Count => _sleeping.Count;

    /// <summary>Sleeps until the next wake-up; false when the task was killed instead, or had been before.</summary>
    public Sleep Wait(ModelTask task)
    {
        var sleep = new Sleep(simulation, this, task);
        if (task.IsKilled)
            return sleep;
        _sleeping.Add(sleep);
        task.Sleeping = sleep;
        return sleep;
    }

    /// <summary>Sleeps until the next wake-up, whatever signals come (<c>wait_event</c>).</summary>
    public Sleep WaitUninterruptibly()
    {
        var sleep = new Sleep(simulation, this, null);
        _sleeping.Add(sleep);
        return sleep;
    }

    /// <summary>Wakes them all, one this many ns after the other: what they look at is behind a lock.</summary>
    public void WakeAll(long apartNs = 0)
    {
        var delayNs = 0L;
        foreach (var sleep in _sleeping)
        {
            sleep.Wake(delayNs);
            delayNs += apartNs;
        }
        _sleeping.Clear();
    }

    internal void Remove(Sleep sleep) => _sleeping.Remove(sleep);
}

/// <summary>One sleep of one task: awaited once; its result says whether it was a wake-up.</summary>
public sealed class Sleep : ICriticalNotifyCompletion
{
    readonly Simulation _simulation;
    readonly WaitQueue _queue;
    readonly ModelTask? _task;
    Action? _continuation;
    bool _isOver;

    internal Sleep(Simulation simulation, WaitQueue queue, ModelTask? task)
    {
        (_simulation, _queue, _task) = (simulation, queue, task);
        _isOver = task is { IsKilled: true };
    }

    public bool IsCompleted => _isOver;

    public Sleep GetAwaiter() => this;

    public bool GetResult() => _task is not { IsKilled: true };

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) => _continuation = continuation;

    internal void Wake(long delayNs = 0)
    {
        if (_isOver)
            return;
        _isOver = true;
        if (_task is not null)
            _task.Sleeping = null;
        if (_continuation is not null)
            _simulation.At(_simulation.NowNs + delayNs, _continuation);
    }

    /// <summary>A signal: it wakes before its time.</summary>
    internal void Interrupt()
    {
        _queue.Remove(this);
        Wake();
    }
}
