using System.Runtime.InteropServices;
using Drover.Kernel;

namespace Drover.Linux.Syscalls;

/// <summary>The calls to libc, one file per group. Constants have the kernel's names and the values of asm-generic,
/// which x86-64 and arm64 share; the others are in <see cref="Abi"/>. A call that returns −1 leaves its errno in
/// <see cref="LastError"/>.</summary>
static partial class Libc
{
    const string Library = "libc";

    internal static Errno LastError => (Errno)Marshal.GetLastPInvokeError();
}
