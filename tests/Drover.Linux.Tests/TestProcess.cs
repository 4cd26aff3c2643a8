using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Drover.Linux.Tests;

/// <summary>Other programs, and resource limits of this process.</summary>
static partial class TestProcess
{
    /// <summary>RLIMIT_NPROC and RLIMIT_NOFILE of setrlimit(2).</summary>
    internal const int Threads = 6, Descriptors = 7;

    const uint Nobody = 65534;

    /// <summary>Runs a program until it exits; returns its output, or throws with its errors.</summary>
    internal static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program}: exit {process.ExitCode}: {errors.Result}");
    }

    /// <summary>Sets the soft limit of a resource of this process.</summary>
    internal static void Limit(int resource, ulong value)
    {
        if (getrlimit(resource, out var limit) < 0 ||
            setrlimit(resource, limit with { Soft = Math.Min(value, limit.Hard) }) < 0)
        {
            throw new InvalidOperationException($"setrlimit: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Drops root in all threads of this process.</summary>
    internal static void BecomeOrdinaryUser()
    {
        if (Environment.IsPrivilegedProcess && setresuid(Nobody, Nobody, Nobody) < 0)
            throw new InvalidOperationException($"setresuid: errno {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setresuid(uint real, uint effective, uint saved);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrlimit(int resource, out ResourceLimit limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setrlimit(int resource, in ResourceLimit limit);

    record struct ResourceLimit(ulong Soft, ulong Hard);
}
