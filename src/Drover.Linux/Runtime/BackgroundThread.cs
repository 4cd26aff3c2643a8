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

    /// <summary>Tries again for some seconds where the system has no thread left: a limit is often reached for a moment
    /// only.</summary>
    /// <exception cref="IOException">The system has no thread left.</exception>
    internal static Thread Start(string name, Action body) => Retry(name, () => TryStart(name, body));

    /// <summary>The first result that is not null; tries 8 times in 2.5 s.</summary>
    /// <exception cref="IOException">Every result was null.</exception>
    internal static T Retry<T>(string name, Func<T?> tryStart)
        where T : class
    {
        const int Tries = 8, FirstPauseMilliseconds = 20;
        for (var tries = 0; tries < Tries; tries++)
        {
            if (tries > 0)
                Thread.Sleep(FirstPauseMilliseconds << (tries - 1));
            if (tryStart() is { } started)
                return started;
        }
        throw new IOException(
            $"no thread '{name}': the system has none left (TasksMax=, ulimit -u)", (int)Errno.EAGAIN);
    }

    /// <summary>Null if the system has no thread left (pthread_create: EAGAIN).</summary>
    internal static Thread? TryStart(string name, Action body)
    {
        _ = s_hasOneArena;
        return Workers.TryStart(new Thread(() => body(), StackBytes) { IsBackground = true, Name = name });
    }
}
