using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

// POSIX threads. These return their errno.
internal static unsafe partial class Libc
{
    /// <summary>pthread_attr_t: 56 bytes with glibc on x86-64, 64 on arm64; room for more.</summary>
    internal struct ThreadAttributes
    {
        internal fixed long Words[16];
    }

    [LibraryImport(Library, EntryPoint = "pthread_attr_init")]
    internal static partial int ThreadAttributesInit(out ThreadAttributes attributes);

    [LibraryImport(Library, EntryPoint = "pthread_attr_setstacksize")]
    internal static partial int ThreadAttributesSetStackSize(ref ThreadAttributes attributes, nuint bytes);

    [LibraryImport(Library, EntryPoint = "pthread_attr_destroy")]
    internal static partial int ThreadAttributesDestroy(ref ThreadAttributes attributes);

    [LibraryImport(Library, EntryPoint = "pthread_create")]
    internal static partial int ThreadCreate(out nint thread, in ThreadAttributes attributes, delegate* unmanaged<nint, nint> body, nint argument);

    [LibraryImport(Library, EntryPoint = "pthread_detach")]
    internal static partial int ThreadDetach(nint thread);

    [LibraryImport(Library, EntryPoint = "pthread_join")]
    internal static partial int ThreadJoin(nint thread, nint result);

    // malloc.h
    internal const int M_ARENA_MAX = -8;

    /// <returns>0 where the C library knows no such parameter (musl).</returns>
    [LibraryImport(Library, EntryPoint = "mallopt")]
    internal static partial int MallOpt(int parameter, int value);
}
