using System.Runtime.InteropServices;
using Drover.Linux.Syscalls;

namespace Drover.Linux;

/// <summary>Lines for syslog(3), as kmod's tools write them with <c>-s</c>. For one thread at a time.</summary>
public static class Syslog
{
    /// <summary>One line; lost where nobody keeps a log.</summary>
    /// <param name="program">Stands before the line.</param>
    /// <param name="priority">0 (emergency) to 7 (debug).</param>
    /// <param name="message">What happened.</param>
    public static void Write(string program, int priority, string message)
    {
        var ident = Marshal.StringToCoTaskMemUTF8(program);
        Libc.OpenLog(ident, 0, Libc.LOG_DAEMON);
        Libc.SysLog(Libc.LOG_DAEMON | priority, "%s", message);
        Libc.CloseLog();
        Marshal.FreeCoTaskMem(ident);
    }
}
