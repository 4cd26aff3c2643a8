using Drover.Linux.Syscalls;

namespace Drover.Linux.ProcFs;

/// <summary>Who a process is.</summary>
public static class ProcessCgroup
{
    /// <summary>The effective user of this process.</summary>
    public static uint UserId => Libc.GetEUid();

    /// <summary>The control group of this process, such as <c>/user.slice</c>; null without one.</summary>
    public static string? OfThis() => PathIn(SmallFile.TryRead("/proc/self/cgroup"));

    /// <summary>The same of another process; null also if it has exited.</summary>
    public static string? Of(int processId) => PathIn(SmallFile.TryRead($"/proc/{processId}/cgroup"));

    /// <summary>The path of the unified hierarchy, or else of systemd's
    /// (cgroups(7): hierarchy:controllers:path).</summary>
    internal static string? PathIn(string? text)
    {
        var lines = text?.Split('\n') ?? [];
        foreach (var head in (ReadOnlySpan<string>)["0::", ":name=systemd:"])
        {
            foreach (var line in lines)
            {
                var at = head[0] == '0' && !line.StartsWith(head, StringComparison.Ordinal)
                    ? -1
                    : line.IndexOf(head, StringComparison.Ordinal);
                if (at >= 0)
                    return line[(at + head.Length)..];
            }
        }
        return null;
    }
}
