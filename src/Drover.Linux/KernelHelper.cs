using System.Globalization;
using Drover.Linux.Syscalls;

namespace Drover.Linux;

/// <summary>Whether this process was started by the kernel itself: a module's init may be waiting for it (request_module). Stateless; safe for any thread.</summary>
public static class KernelHelper
{
    /// <summary>PF_KTHREAD (include/linux/sched.h).</summary>
    const uint KernelThread = 0x200000;

    /// <summary>Our parent is a thread of the kernel (call_usermodehelper_exec_work); false without /proc.</summary>
    public static bool IsThisProcess() => IsKernelThread(SmallFile.TryRead($"/proc/{Libc.GetPPid()}/stat"));

    /// <summary>Whether the flags of a /proc/PID/stat (kernel: do_task_stat) are a kernel thread's.</summary>
    internal static bool IsKernelThread(string? stat)
    {
        const int FlagsAfterName = 6; // state, ppid, pgrp, session, tty_nr, tpgid, flags
        // a name may have blanks and parentheses
        var rest = stat?[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return rest.Length > FlagsAfterName && uint.TryParse(rest[FlagsAfterName], NumberStyles.None, CultureInfo.InvariantCulture, out var flags) && (flags & KernelThread) != 0;
    }
}
