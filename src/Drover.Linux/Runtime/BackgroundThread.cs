using Drover.Kernel;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Runtime;

/// <summary>Threads that do not keep the process alive. An exception of the body ends the process.</summary>
static class BackgroundThread
{
    /// <summary>Enough for system calls and decompressors. The default, 8 MiB, is much for a small machine.</summary>
    const int StackBytes = 256 << 10;

    /// <summary>One arena for all threads: each allocates a few hundred bytes, at its start only.</summary>
    static readonly bool s_hasOneArena = Libc.MallOpt(Libc.M_ARENA_MAX, 1) != 0;

    /// <exception cref="IOException">The system has no thread left.</exception>
    internal static Thread Start(string name, Action body) =>
        TryStart(name, body) ?? throw new IOException($"no thread '{name}': {ErrnoText.Describe(Errno.EAGAIN)}",
            (int)Errno.EAGAIN);

    /// <summary>Null if the system has no thread left (pthread_create: EAGAIN).</summary>
    internal static Thread? TryStart(string name, Action body)
    {
        _ = s_hasOneArena;
        var thread = new Thread(() => body(), StackBytes) { IsBackground = true, Name = name };
        try
        {
            thread.Start();
            return thread;
        }
        catch (Exception noThread) when (noThread is OutOfMemoryException or ThreadStartException)
        {
            return null;
        }
    }
}
