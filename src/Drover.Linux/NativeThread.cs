using System.Runtime.InteropServices;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux;

/// <summary>
/// A thread of the process by pthread_create(3). <see cref="Thread.Start()"/> does not return before the new thread runs, and asks for the time with sched_yield in
/// a loop: where one host thread takes turns with all the CPUs of a guest, each thread so costs up to a whole turn, a tenth of a second. Such a thread is a
/// background thread; what its body throws ends the process.
/// </summary>
internal readonly struct NativeThread
{
    /// <summary>Enough for a system call and for the managed decompressors, whose buffers are on the heap; the default of 8 MiB is address space that a small machine has to account for.</summary>
    const int StackBytes = 256 << 10;

    /// <summary>glibc would map and trim an arena of its own for each thread; these allocate a few hundred bytes there when they begin, and nothing after.</summary>
    static readonly bool HasOneArena = Libc.MallOpt(Libc.M_ARENA_MAX, 1) != 0;

    readonly nint _thread;

    NativeThread(nint thread) => _thread = thread;

    /// <summary>Starts a thread that somebody will <see cref="Join"/>.</summary>
    /// <exception cref="IOException">The system gives no more threads.</exception>
    internal static unsafe NativeThread Start(string name, Action body)
    {
        _ = HasOneArena;
        var start = GCHandle.Alloc(new Body(name, body));
        var error = Libc.ThreadAttributesInit(out var attributes);
        if (error == 0)
        {
            _ = Libc.ThreadAttributesSetStackSize(ref attributes, StackBytes);
            error = Libc.ThreadCreate(out var thread, in attributes, &Run, GCHandle.ToIntPtr(start));
            _ = Libc.ThreadAttributesDestroy(ref attributes);
            if (error == 0)
            {
                return new(thread);
            }
        }

        start.Free();
        throw new IOException($"no thread '{name}': {ErrnoText.Describe((Errno)error)}", error);
    }

    /// <summary>Starts a thread that nobody waits for.</summary>
    /// <exception cref="IOException">The system gives no more threads.</exception>
    internal static void StartDetached(string name, Action body) => _ = Libc.ThreadDetach(Start(name, body)._thread);

    /// <summary>Waits for the end of the thread; once.</summary>
    internal void Join() => _ = Libc.ThreadJoin(_thread, 0);

    [UnmanagedCallersOnly]
    static nint Run(nint argument)
    {
        var handle = GCHandle.FromIntPtr(argument);
        var start = (Body)handle.Target!;
        handle.Free();
        Thread.CurrentThread.Name = start.Name;
        start.Action();
        return 0;
    }

    sealed record Body(string Name, Action Action);
}
