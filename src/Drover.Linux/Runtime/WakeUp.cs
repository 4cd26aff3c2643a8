using System.Runtime.InteropServices;
using Drover.Kernel;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Runtime;

/// <summary>Wakes a thread that polls descriptors: an eventfd(2).</summary>
sealed class WakeUp : IDisposable
{
    /// <exception cref="IOException">The system has no descriptor left.</exception>
    public WakeUp()
    {
        if (Fd < 0)
            throw new IOException($"eventfd: {ErrnoText.Describe(Libc.LastError)}");
    }

    public int Fd { get; } = Libc.EventFd(0, Libc.EFD_CLOEXEC); // readable after Set

    /// <summary>Makes <see cref="Fd"/> readable for good. Safe for any thread until <see cref="Dispose"/>.</summary>
    public void Set()
    {
        var one = 1UL;
        while (Libc.Write(Fd, ref MemoryMarshal.AsBytes(new Span<ulong>(ref one))[0], sizeof(ulong)) < 0
            && Libc.LastError is Errno.EINTR)
        {
            // a thread that ends only by this must not miss it
        }
    }

    public void Dispose() => _ = Libc.Close(Fd);
}
