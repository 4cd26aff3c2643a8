using System.Runtime.CompilerServices;
using Drover.Model.Time;

namespace Drover.Model.Kernel;

/// <summary>What a task does, as far as fault injection and invariants tell tasks apart.</summary>
public enum TaskRole
{
    /// <summary>A part of the system that does not load modules itself.</summary>
    Other,
    /// <summary>A program or worker that loads modules.</summary>
    Loads,
    /// <summary>A thread in which Drover makes a load call.</summary>
    DroverCall,
}

/// <summary>A task of the modelled machine: a worker, a thread, a program. Belongs to the simulation.</summary>
public sealed class ModelTask(int id, string name, TaskRole role = TaskRole.Other)
{
    /// <summary>Its number; 0 is the kernel itself.</summary>
    public int Id { get; } = id;
    public string Name { get; } = name;
    public TaskRole Role { get; } = role;

    /// <summary>Memory of its own in bytes, which is free once it has ended.</summary>
    public long Bytes { get; set; }

    /// <summary>It was killed: its sleeps end, its allocations fail, and it ends when it leaves the kernel.</summary>
    public bool IsKilled { get; private set; }
    public bool MayBeKilled { get; init; }

    /// <summary>It is at work: when it is killed, it ends by itself.</summary>
    public bool IsBusy { get; set; }
    internal Sleep? Sleeping { get; set; }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        IsKilled = true;
        Sleeping?.Interrupt();
        Debug.Assert(Sleeping is null, "a signal ends an interruptible sleep");
    }
}

/// <summary>Tasks that sleep until the next wake-up; each then checks its own condition
/// (<c>wait_event_interruptible</c>). Belongs to the simulation.</summary>
public sealed class WaitQueue(Simulation simulation)
{
    readonly List<Sleep> _sleeping = [];

    public int Count => _sleeping.Count;

    /// <summary>Sleeps until the next wake-up; the result is false when the task is killed, or was before.</summary>
    public Sleep Wait(ModelTask task)
    {
        Debug.Assert(task.Sleeping is null, "a task has one sleep at a time");
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

    /// <param name="staggerNs">Time between two tasks, which check their condition under one lock.</param>
    public void WakeAll(long staggerNs = 0)
    {
        var delayNs = 0L;
        foreach (var sleep in _sleeping)
        {
            sleep.Wake(delayNs);
            delayNs += staggerNs;
        }
        _sleeping.Clear();
    }

    internal void Remove(Sleep sleep) => _sleeping.Remove(sleep);
}

/// <summary>One sleep of one task: await it once; the result is true for a wake-up, false for a signal.</summary>
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

    public void UnsafeOnCompleted(Action continuation)
    {
        Debug.Assert(_continuation is null, "a sleep is awaited once");
        _continuation = continuation;
    }

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

    /// <summary>A signal ends the sleep early.</summary>
    internal void Interrupt()
    {
        _queue.Remove(this);
        Wake();
    }
}
