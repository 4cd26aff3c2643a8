using System.Runtime.InteropServices;
using Drover.Loading;

namespace Drover.Linux.Syscalls;

/// <summary>
/// What is called of libc, one file a group of calls; constants have the kernel's names and the values of asm-generic, which x86-64 and arm64 share unless a file says otherwise.
/// Every call leaves its errno in <see cref="LastError"/> when it returns −1.
/// </summary>
internal static partial class Libc
{
    const string Library = "libc";

    internal static Errno LastError => (Errno)Marshal.GetLastPInvokeError();
}
