using Drover.Model.Time;

namespace Drover.Model.Kernel;

/// <summary>Physical memory, and the vmalloc space within it. When an allocation does not fit, the OOM killer
/// kills a task and the allocation waits for its memory; with no task left to kill, the boot has failed. Belongs
/// to the simulation.</summary>
public sealed class MachineMemory
{
    readonly WaitQueue _freed;
    readonly Func<bool> _killOne;

    /// <param name="killOne">The OOM killer: true when it has killed a task, or an earlier victim has
    /// not ended yet.</param>
    public MachineMemory(Simulation simulation, long totalBytes, Func<bool> killOne)
    {
        (TotalBytes, _killOne) = (totalBytes, killOne);
        _freed = new WaitQueue(simulation);
    }

    public long TotalBytes { get; }

    /// <summary>Memory in use, of all kinds.</summary>
    public long UsedBytes { get; private set; }
    public long PeakBytes { get; private set; }

    /// <summary>The part of it that live modules and loads under way use.</summary>
    public long VmallocBytes { get; private set; }
    public long PeakVmallocBytes { get; private set; }
    public long AvailableBytes => Math.Max(0, TotalBytes - UsedBytes);

    /// <summary>An allocation did not fit, and there was no task to kill.</summary>
    public bool IsExhausted { get; private set; }

    /// <summary>Fault injection: true makes an allocation of vmalloc space fail.</summary>
    public Func<bool>? Refuses { get; set; }
    public int Waiting => _freed.Count;

    /// <summary>Allocates; false (ENOMEM) when the task is killed while it waits, or no task is left to kill.</summary>
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
            // an idle victim has ended already, before this task sleeps: check again
            if (UsedBytes + bytes > TotalBytes && !await _freed.Wait(task))
                return false;
        }
        Debug.Assert(bytes >= 0 && UsedBytes + bytes <= TotalBytes, "memory is not overcommitted");
        UsedBytes += bytes;
        PeakBytes = Math.Max(PeakBytes, UsedBytes);
        if (isVmalloc)
        {
            VmallocBytes += bytes;
            PeakVmallocBytes = Math.Max(PeakVmallocBytes, VmallocBytes);
        }
        return true;
    }

    public void Free(long bytes, bool isVmalloc)
    {
        Debug.Assert(bytes >= 0 && bytes <= (isVmalloc ? VmallocBytes : UsedBytes), "only allocated memory is freed");
        UsedBytes -= bytes;
        if (isVmalloc)
            VmallocBytes -= bytes;
        _freed.WakeAll();
    }
}
