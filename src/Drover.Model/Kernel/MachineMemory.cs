namespace Drover.Model;

/// <summary>
/// Physical memory and the vmalloc space that module loading takes of it. When an allocation does not fit, the OOM killer takes a task and the allocation waits
/// for what that gives back; when nothing is left to take, the boot has failed. One owner, the simulation.
/// </summary>
public sealed class MachineMemory
{
    readonly WaitQueue _freed;
    readonly Func<bool> _killOne;

    /// <param name="simulation">Whose time passes.</param>
    /// <param name="totalBytes">Physical memory.</param>
    /// <param name="killOne">The OOM killer: true when a task was killed, or one that was is still on its way out.</param>
    public MachineMemory(Simulation simulation, long totalBytes, Func<bool> killOne)
    {
        (TotalBytes, _killOne) = (totalBytes, killOne);
        _freed = new WaitQueue(simulation);
    }

    /// <summary>Physical memory.</summary>
    public long TotalBytes { get; }

    /// <summary>In use, of all kinds.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>Most that was in use.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Of what is in use: live modules and loads under way.</summary>
    public long VmallocBytes { get; private set; }

    /// <summary>Most of that.</summary>
    public long PeakVmallocBytes { get; private set; }

    /// <summary>Memory to be had.</summary>
    public long AvailableBytes => Math.Max(0, TotalBytes - UsedBytes);

    /// <summary>An allocation found nothing, and nobody to kill.</summary>
    public bool IsExhausted { get; private set; }

    /// <summary>A fault: whether an allocation of vmalloc space fails though there would be memory.</summary>
    public Func<bool>? Refuses { get; set; }

    /// <summary>Tasks that wait for memory.</summary>
    public int Waiting => _freed.Count;

    /// <summary>Allocates; false when the task was killed while it waited, or nothing is left to take (ENOMEM).</summary>
    public async ValueTask<bool> AllocateAsync(ModelTask task, long bytes, bool isVmalloc)
    {
        if (isVmalloc && Refuses?.Invoke() is true)
            return false;
        while (UsedBytes + bytes > TotalBytes)
        {
            if (task.IsKilled)
                return false;
            if (!_killOne())
            {
                IsExhausted = true;
                return false;
            }
            if (task.IsKilled)
                return false;
            // an idle victim is gone already, and has woken nobody: we are not asleep yet
            if (UsedBytes + bytes > TotalBytes && !await _freed.Wait(task))
                return false;
        }
        UsedBytes += bytes;
        PeakBytes = Math.Max(PeakBytes, UsedBytes);
        if (isVmalloc)
        {
            VmallocBytes += bytes;
            PeakVmallocBytes = Math.Max(PeakVmallocBytes, VmallocBytes);
        }
        return true;
    }

    /// <summary>Gives back.</summary>
    public void Free(long bytes, bool isVmalloc)
    {
        UsedBytes -= bytes;
        if (isVmalloc)
            VmallocBytes -= bytes;
        _freed.WakeAll();
    }
}
