using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

// Regular expressions of regex(3). A regex_t has 64 bytes in glibc and 56 in musl.
internal static partial class Libc
{
    internal const int REG_EXTENDED = 1;

    // glibc and musl number it differently; it only spares the work of finding places, so it is left out
    internal const int RegexBytes = 256;

    [LibraryImport(Library, EntryPoint = "regcomp", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RegexCompile(ref ulong regex, string expression, int flags);

    [LibraryImport(Library, EntryPoint = "regexec", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RegexExecute(ref readonly ulong regex, string text, nint matches, nint noPlaces, int flags);

    [LibraryImport(Library, EntryPoint = "regfree")]
    internal static partial void RegexFree(ref ulong regex);
}
