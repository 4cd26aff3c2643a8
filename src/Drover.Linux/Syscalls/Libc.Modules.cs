using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

// The module calls. libc has no wrapper for finit_module, so all three go through syscall(2) by number.
static partial class Libc
{
    /// <summary>finit_module flag: the kernel decompresses the file (include/uapi/linux/module.h).</summary>
    internal const int MODULE_INIT_COMPRESSED_FILE = 4;

    internal static readonly ModuleCallNumbers ModuleCalls = ModuleCallNumbers.Of(
        RuntimeInformation.ProcessArchitecture);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint FInitModule(nint number, nint fd, string parameters, nint flags);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint InitModule(nint number, ref readonly byte image, nint imageBytes, string parameters);

    /// <summary>A null name is refused (EFAULT) after the checks for CONFIG_MODULES and capability.</summary>
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint DeleteModule(nint number, string? name, nint flags);
}

/// <summary>The numbers of the module calls on one architecture.</summary>
readonly record struct ModuleCallNumbers(int Init, int Delete, int FInit)
{
    /// <exception cref="PlatformNotSupportedException">The numbers are not in this table.</exception>
    internal static ModuleCallNumbers Of(Architecture architecture) => architecture switch
    {
        // arch/x86/entry/syscalls/syscall_64.tbl
        Architecture.X64 => new(Init: 175, Delete: 176, FInit: 313),
        // include/uapi/asm-generic/unistd.h
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 =>
            new(Init: 105, Delete: 106, FInit: 273),
        _ => throw new PlatformNotSupportedException(
            $"The numbers of the kernel's module system calls are not known for {architecture}."),
    };
}
