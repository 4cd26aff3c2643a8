using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Drover.Kernel;

// buffers on the stack are the system calls' to fill: clearing PATH_MAX bytes for each link that is read costs more
[module: SkipLocalsInit]

namespace Drover.Linux.Syscalls;

/// <summary>The calls to libc, one file per group. Constants have the kernel's names and the values of asm-generic,
/// which x86-64 and arm64 share; the others are in <see cref="Abi"/>. A call that returns −1 leaves its errno in
/// <see cref="LastError"/>.</summary>
static partial class Libc
{
    const string Library = "libc";

    internal static Errno LastError => (Errno)Marshal.GetLastPInvokeError();
}
