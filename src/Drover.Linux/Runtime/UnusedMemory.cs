using Drover.Linux.Syscalls;

namespace Drover.Linux.Runtime;

/// <summary>Returns this process's free memory to the kernel, which neither heap does by itself while it is
/// idle.</summary>
public static class UnusedMemory
{
    /// <summary>Collects all garbage and trims both heaps. Takes some milliseconds; safe for any thread.</summary>
    public static void Return()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _ = Libc.MallocTrim(0);
    }
}
