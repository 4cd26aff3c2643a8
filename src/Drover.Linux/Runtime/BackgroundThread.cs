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

    /// <summary>Tries again where the system has no thread left (<see cref="Shortage"/>).</summary>
    /// <exception cref="IOException">The system has no thread left.</exception>
    internal static Thread Start(string name, Action body) => Retry(name, () => TryStart(name, body));

    /// <summary>The first result that is not null (<see cref="Shortage"/>).</summary>
    /// <exception cref="IOException">Every result was null.</exception>
    internal static T Retry<T>(string name, Func<T?> tryStart)
        where T : class
    {
        for (var tries = 1; ; tries++)
        {
            if (tryStart() is { } started)
                return started;
            if (tries == Shortage.Tries)
            {
                throw new IOException(
                    $"no thread '{name}': the system has none left (TasksMax=, ulimit -u)", (int)Errno.EAGAIN);
            }
            Thread.Sleep(Shortage.PauseAfter(tries));
        }
    }

    /// <summary>Null if the system has no thread left (pthread_create: EAGAIN).</summary>
    internal static Thread? TryStart(string name, Action body)
    {
        _ = s_hasOneArena;
        return Workers.TryStart(new Thread(() => body(), StackBytes) { IsBackground = true, Name = name });
    }
}
