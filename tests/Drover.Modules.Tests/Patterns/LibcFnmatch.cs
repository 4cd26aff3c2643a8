using System.Runtime.InteropServices;

namespace Drover.Modules.Tests.Patterns;

/// <summary>fnmatch(3) of the machine's C library, flags 0: the oracle, where it is glibc.</summary>
internal static partial class LibcFnmatch
{
    public static bool Matches(byte[] pattern, byte[] text) => fnmatch([.. pattern, 0], [.. text, 0], 0) == 0;

    [LibraryImport("libc.so.6")]
    private static partial int fnmatch(byte[] pattern, byte[] text, int flags);
}
