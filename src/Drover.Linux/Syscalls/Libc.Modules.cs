using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

// The module calls. libc has no wrapper for finit_module, so all three go through syscall(2) by number.
static partial class Libc
{
    /// <summary>finit_module flag: the kernel decompresses the file (include/uapi/linux/module.h).</summary>
    internal const int MODULE_INIT_COMPRESSED_FILE = 4;

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshallingCustomType = typeof(CText))]
    internal static partial nint FInitModule(nint number, nint fd, string parameters, nint flags);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshallingCustomType = typeof(CText))]
    internal static partial nint InitModule(nint number, ref readonly byte image, nint imageBytes, string parameters);

    /// <summary>A null name is refused (EFAULT) after the checks for CONFIG_MODULES and capability.</summary>
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshallingCustomType = typeof(CText))]
    internal static partial nint DeleteModule(nint number, string? name, nint flags);
}
