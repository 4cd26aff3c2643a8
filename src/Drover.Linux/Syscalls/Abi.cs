using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

/// <summary>What the kernel numbers or lays out by architecture. x86-64 and arm64 share the rest.</summary>
/// <param name="InitModule">Number of the system call, as are the next three.</param>
/// <param name="OpenDirectory">O_DIRECTORY.</param>
/// <param name="OpenNoFollow">O_NOFOLLOW.</param>
/// <param name="EpollEventBytes">Size of struct epoll_event, which x86-64 packs.</param>
/// <param name="EpollDataOffset">Offset of its data.</param>
readonly record struct Abi(int InitModule, int DeleteModule, int FInitModule, int PerfEventOpen, int OpenDirectory,
    int OpenNoFollow, int EpollEventBytes, int EpollDataOffset)
{
    /// <summary>The values of this process's architecture.</summary>
    internal static Abi Here { get; } = Of(RuntimeInformation.ProcessArchitecture);

    /// <exception cref="PlatformNotSupportedException">The architecture is not in this table.</exception>
    internal static Abi Of(Architecture architecture) => architecture switch
    {
        // arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/fcntl.h, include/uapi/linux/eventpoll.h
        Architecture.X64 => new(175, 176, 313, 298, 0x10000, 0x20000, EpollEventBytes: 12, EpollDataOffset: 4),
        // include/uapi/asm-generic/unistd.h, arch/arm64/include/uapi/asm/fcntl.h
        Architecture.Arm64 => new(105, 106, 273, 241, 0x4000, 0x8000, EpollEventBytes: 16, EpollDataOffset: 8),
        _ => throw new PlatformNotSupportedException(
            $"The numbers of the kernel's system calls are not known for {architecture}."),
    };
}
