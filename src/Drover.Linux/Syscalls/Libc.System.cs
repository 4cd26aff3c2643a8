using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

// The process and the system: memory, exec, the kernel's name, the terminal, regular expressions, the log.
static partial class Libc
{
    [LibraryImport(Library, EntryPoint = "geteuid")] internal static partial uint GetEUid();
    [LibraryImport(Library, EntryPoint = "getppid")] internal static partial int GetPPid();

    /// <returns>The address of the value, or 0.</returns>
    [LibraryImport(Library, EntryPoint = "getenv", StringMarshallingCustomType = typeof(CText))]
    internal static partial nint GetEnv(string name);

    // malloc.h
    internal const int M_ARENA_MAX = -8;

    /// <returns>0 if the C library has no such parameter (musl).</returns>
    [LibraryImport(Library, EntryPoint = "mallopt")] internal static partial int MallOpt(int parameter, int value);

    [LibraryImport(Library, EntryPoint = "malloc_trim")] internal static partial int MallocTrim(nint pad);

    /// <param name="path">NUL-terminated.</param>
    /// <param name="arguments">Addresses of NUL-terminated strings, then 0.</param>
    [LibraryImport(Library, EntryPoint = "execv", SetLastError = true)]
    internal static partial int Execv(byte[] path, nint[] arguments);

    internal const int SIGPIPE = 13;
    internal const short POSIX_SPAWN_SETSIGDEF = 0x04;

    /// <summary>sigset_t of the C library, which is longer than the kernel's.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct SignalSet
    {
        internal ulong First; // a bit for each of the signals 1 to 64
    }

    /// <summary>posix_spawnattr_t, which both C libraries pad to the same size.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 336)]
    internal struct SpawnAttributes;

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_init")]
    internal static partial int InitializeSpawn(out SpawnAttributes attributes);

    /// <param name="signals">Those that get their default action in the child.</param>
    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setsigdefault")]
    internal static partial int SetSpawnDefaults(ref SpawnAttributes attributes, in SignalSet signals);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setflags")]
    internal static partial int SetSpawnFlags(ref SpawnAttributes attributes, short flags);

    /// <param name="actions">posix_spawn_file_actions_t, or 0.</param>
    /// <param name="arguments">Addresses of NUL-terminated strings, then 0.</param>
    /// <returns>0 or an errno.</returns>
    [LibraryImport(Library, EntryPoint = "posix_spawnp", StringMarshallingCustomType = typeof(CText))]
    internal static partial int Spawn(
        out int pid, string path, nint actions, in SpawnAttributes attributes, nint[] arguments, nint[] environment);

    [LibraryImport(Library, EntryPoint = "waitpid", SetLastError = true)]
    internal static partial int WaitPid(int pid, out int status, int options);

    /// <summary>Bytes of each text of struct new_utsname (include/uapi/linux/utsname.h), with its NUL.</summary>
    internal const int UtsTextBytes = 65;

    internal const int UtsTexts = 6;
    internal const int UtsRelease = 2; // index of the release

    [LibraryImport(Library, EntryPoint = "uname", SetLastError = true)]
    internal static partial int UName(ref byte texts);

    internal const nuint TIOCGWINSZ = 0x5413;

    [StructLayout(LayoutKind.Sequential)]
    internal struct WinSize
    {
        internal ushort Rows, Columns, XPixels, YPixels;
    }

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int IoCtl(int fd, nuint request, out WinSize size);

    internal const int REG_EXTENDED = 1;

    // Room for a regex_t, 64 bytes in glibc and 56 in musl. REG_NOSUB, an optimisation, is left out: the two
    // number it differently.
    internal const int RegexBytes = 256;

    [LibraryImport(Library, EntryPoint = "regcomp", StringMarshallingCustomType = typeof(CText))]
    internal static partial int RegexCompile(ref ulong regex, string expression, int flags);

    [LibraryImport(Library, EntryPoint = "regexec", StringMarshallingCustomType = typeof(CText))]
    internal static partial int RegexExecute(ref readonly ulong regex, string text, nint matches, nint noMatches,
        int flags);

    [LibraryImport(Library, EntryPoint = "regfree")] internal static partial void RegexFree(ref ulong regex);

    internal const int LOG_DAEMON = 3 << 3;

    // Variadic in C. With integers and pointers only, the calling convention is that of other functions (System
    // V and AAPCS64).
    [LibraryImport(Library, EntryPoint = "syslog", StringMarshallingCustomType = typeof(CText))]
    internal static partial void SysLog(int priority, string format, string text);

    /// <param name="ident">Begins each line; must not move until <see cref="CloseLog"/>.</param>
    /// <param name="option">LOG_CONS and the like; 0 for none.</param>
    /// <param name="facility">For priorities without a facility.</param>
    [LibraryImport(Library, EntryPoint = "openlog")]
    internal static partial void OpenLog(nint ident, int option, int facility);

    [LibraryImport(Library, EntryPoint = "closelog")] internal static partial void CloseLog();
}
