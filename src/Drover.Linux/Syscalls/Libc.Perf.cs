using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

// perf_event_open(2), which has no wrapper in libc, and the memory that it shares.
static unsafe partial class Libc
{
    internal const int PERF_TYPE_TRACEPOINT = 2, PERF_FLAG_FD_CLOEXEC = 8, PERF_RECORD_SAMPLE = 9;
    internal const ulong PERF_SAMPLE_TID = 1 << 1, PERF_SAMPLE_TIME = 1 << 2, PERF_SAMPLE_RAW = 1 << 10;
    internal const int PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1;
    internal const nint MapFailed = -1; // MAP_FAILED

    /// <summary>The first version of struct perf_event_attr (PERF_ATTR_SIZE_VER0), whose rest is zero.</summary>
    [StructLayout(LayoutKind.Explicit, Size = Bytes)]
    internal struct PerfEventAttributes
    {
        internal const int Bytes = 64;

        [FieldOffset(0)] internal uint Type;
        [FieldOffset(4)] internal uint Size;
        [FieldOffset(8)] internal ulong Config;
        [FieldOffset(16)] internal ulong SamplePeriod;
        [FieldOffset(24)] internal ulong SampleType;
    }

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint PerfEventOpen(
        nint number, PerfEventAttributes* attributes, nint processId, nint cpu, nint group, nint flags);

    /// <returns><see cref="MapFailed"/>, with an errno.</returns>
    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint MMap(nint address, nint length, int protection, int flags, int fd, long offset);

    [LibraryImport(Library, EntryPoint = "munmap", SetLastError = true)]
    internal static partial int MUnmap(nint address, nint length);
}
