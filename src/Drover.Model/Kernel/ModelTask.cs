namespace Drover.Model;

/// <summary>A task of the modelled machine: a worker, a thread, a program. One owner, the simulation.</summary>
public sealed class ModelTask(int id, string name)
{
    /// <summary>Its number; 0 is the kernel's own work.</summary>
    public int Id { get; } = id;

    /// <summary>For traces.</summary>
    public string Name { get; } = name;

    /// <summary>Memory of its own, in bytes: what killing it gives back.</summary>
    public long Bytes { get; set; }

    /// <summary>It was killed: its sleeps end, its allocations fail, and it ends when it leaves the kernel.</summary>
    public bool IsKilled { get; private set; }

    /// <summary>The OOM killer may take it.</summary>
    public bool MayBeKilled { get; init; }

    /// <summary>It is at work: when it is killed, it ends by itself.</summary>
    public bool IsBusy { get; set; }

    internal Sleep? Sleeping { get; set; }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        IsKilled = true;
        Sleeping?.Interrupt();
    }
}
