using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

// The system's log.
internal static partial class Libc
{
    internal const int LOG_DAEMON = 3 << 3;

    // variadic in C: on Linux a call with integers and pointers only is the same as one that is not (System V and AAPCS64)
    [LibraryImport(Library, EntryPoint = "syslog", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void SysLog(int priority, string format, string text);

    /// <param name="ident">Stands before each line; must stay where it is until <see cref="CloseLog"/>.</param>
    /// <param name="option">LOG_CONS and the like; 0 for none.</param>
    /// <param name="facility">Where no priority says it.</param>
    [LibraryImport(Library, EntryPoint = "openlog")]
    internal static partial void OpenLog(nint ident, int option, int facility);

    [LibraryImport(Library, EntryPoint = "closelog")]
    internal static partial void CloseLog();
}
