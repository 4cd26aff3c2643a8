using System.Runtime.InteropServices;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux;

/// <summary>
/// Where one thread sleeps until any other wakes it: an eventfd(2). A wake-up that comes before the sleep is kept; several are one.
/// <para>
/// Unlike .NET's events it never spins. All of those share a lock that they spin for; and the first spin of a process makes the runtime measure how long the pause
/// instruction takes, ten thousand times. In an emulated guest each of them gives the turn to all other CPUs: up to half a second of a boot.
/// </para>
/// </summary>
sealed unsafe class WakeUp : IDisposable
{
    /// <exception cref="IOException">The system gives no more descriptors.</exception>
    public WakeUp()
    {
        if (Fd < 0)
        {
            throw new IOException($"eventfd: {ErrnoText.Describe(Libc.LastError)}");
        }
    }

    /// <summary>Readable from <see cref="Set"/> on, until somebody has woken: for whoever waits for other descriptors, too.</summary>
    public int Fd { get; } = Libc.EventFd(0, Libc.EFD_CLOEXEC);

    /// <summary>Wakes the sleeper, or whoever sleeps next. Safe for any thread, until <see cref="Dispose"/>.</summary>
    public void Set()
    {
        var one = 1UL;
        _ = Libc.Write(Fd, ref MemoryMarshal.AsBytes(new Span<ulong>(ref one))[0], sizeof(ulong));
    }

    /// <summary>Sleeps until <see cref="Set"/>.</summary>
    public void Wait()
    {
        var count = 0UL;
        while (Libc.Read(Fd, ref MemoryMarshal.AsBytes(new Span<ulong>(ref count))[0], sizeof(ulong)) < 0 && Libc.LastError is Errno.EINTR)
        {
            // a signal is no wake-up
        }
    }

    /// <summary>Sleeps until <see cref="Set"/>, a signal, or for this long, in whole milliseconds.</summary>
    /// <returns>True when it was <see cref="Set"/>.</returns>
    public bool Wait(TimeSpan atMost)
    {
        var entry = new Libc.PollEntry { Fd = Fd, Events = Libc.POLLIN };
        if (Libc.Poll(&entry, 1, (int)atMost.TotalMilliseconds) <= 0)
        {
            return false;
        }

        Wait();
        return true;
    }

    public void Dispose() => _ = Libc.Close(Fd);
}
