using System.Globalization;
using Drover.Kernel;

namespace Drover.Linux.ProcFs;

/// <summary>Who a process or thread is, read from /proc while it waits for an answer.</summary>
static class ProcessFacts
{
    const uint PF_KTHREAD = 0x00200000; // include/linux/sched.h: a thread of the kernel's own

    const int Root = 0;

    /// <summary>A client; null if it has exited. It <see cref="RequestingProcess.IsKernel"/> if root's process is a
    /// child of a kernel thread: only the kernel's own programs are (kernel: call_usermodehelper).</summary>
    internal static RequestingProcess? Of(int processId, uint userId)
    {
        if (processId <= 0 || SmallFile.TryRead($"/proc/{processId}/stat") is not { } text
            || !TryParse(text, out var comm, out var parent, out _))
        {
            return null;
        }
        return new RequestingProcess(processId)
        {
            Comm = comm,
            UserId = userId,
            Cgroup = ProcessCgroup.Of(processId),
            IsKernel = userId == Root && IsKernelThread(parent),
        };
    }

    /// <summary>A thread in which the kernel asks for a module; its name only if it has exited.</summary>
    internal static RequestingProcess OfKernelRequest(int processId, int threadId)
    {
        var comm = SmallFile.TryRead($"/proc/{threadId}/comm");
        return new RequestingProcess(processId)
        {
            Comm = comm,
            UserId = UserOf(SmallFile.TryRead($"/proc/{threadId}/status")),
            Cgroup = ProcessCgroup.Of(threadId),
            IsKernel = true,
        };
    }

    internal static bool IsKernelThread(int processId) => IsKernelThread(SmallFile.TryRead($"/proc/{processId}/stat"));

    /// <summary>The same of a /proc/PID/stat.</summary>
    internal static bool IsKernelThread(string? stat) =>
        stat is not null && TryParse(stat, out _, out _, out var flags) && (flags & PF_KTHREAD) != 0;

    /// <summary><c>pid (comm) state ppid pgrp session tty tpgid flags …</c> (proc_pid_stat(5)); a comm may have
    /// brackets and blanks.</summary>
    internal static bool TryParse(string stat, out string comm, out int parent, out uint flags)
    {
        const int Parent = 1, Flags = 6;
        var (open, close) = (stat.IndexOf('(', StringComparison.Ordinal), stat.LastIndexOf(')'));
        (comm, parent, flags) = ("", 0, 0);
        if (open < 0 || close < open)
            return false;
        comm = stat[(open + 1)..close];
        var fields = stat[(close + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > Flags
            && int.TryParse(fields[Parent], NumberStyles.None, CultureInfo.InvariantCulture, out parent)
            && uint.TryParse(fields[Flags], NumberStyles.None, CultureInfo.InvariantCulture, out flags);
    }

    /// <summary>The effective user: <c>Uid: real effective saved file</c> (proc_pid_status(5)).</summary>
    internal static uint? UserOf(string? status)
    {
        const string Key = "\nUid:";
        if (status?.IndexOf(Key, StringComparison.Ordinal) is not (>= 0 and var at))
            return null;
        var line = status[(at + Key.Length)..].Split('\n')[0];
        return line.Split('\t', StringSplitOptions.RemoveEmptyEntries) is [_, var effective, ..]
            && uint.TryParse(effective, NumberStyles.None, CultureInfo.InvariantCulture, out var user) ? user : null;
    }
}
