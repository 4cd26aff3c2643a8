using System.Runtime.InteropServices;

namespace Drover.Modules.Tests.Patterns;

/// <summary>fnmatch(3) of glibc without flags, as oracle.</summary>
static partial class LibcFnmatch
{
    public static bool Matches(byte[] pattern, byte[] text) => fnmatch([.. pattern, 0], [.. text, 0], 0) == 0;

    [LibraryImport("libc.so.6")]
    private static partial int fnmatch(byte[] pattern, byte[] text, int flags);
}
