using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

// The system's log.
internal static partial class Libc
{
    internal const int LOG_DAEMON = 3 << 3;

    // variadic in C: on Linux a call with integers and pointers only is the same as one that is not (System V and AAPCS64)
    [LibraryImport(Library, EntryPoint = "syslog", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void SysLog(int priority, string format, string text);
}
