using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

// uname: what the running kernel calls itself (include/uapi/linux/utsname.h: new_utsname).
internal static partial class Libc
{
    /// <summary>Bytes of each text of the structure, its NUL counted.</summary>
    internal const int UtsTextBytes = 65;

    internal const int UtsTexts = 6;

    /// <summary>Which of them is the release.</summary>
    internal const int UtsRelease = 2;

    [LibraryImport(Library, EntryPoint = "uname", SetLastError = true)]
    internal static partial int UName(ref byte texts);
}
