using System.Diagnostics;
using System.Globalization;
using Drover.Linux.Syscalls;
using Drover.Text;

namespace Drover.Linux.ProcFs;

/// <summary>CPUs, memory and kernel release of the running machine.</summary>
public static class Machine
{
    const long KiB = 1024;

    /// <summary>CPUs online now; at least 1.</summary>
    public static int CountCpus() =>
        CountCpus(SmallFile.TryRead("/sys/devices/system/cpu/online")) is > 0 and var count
            ? count
            : Environment.ProcessorCount;

    /// <summary>CPUs that there are or may be; at least 1.</summary>
    public static int CountPossibleCpus() =>
        CountCpus(SmallFile.TryRead("/sys/devices/system/cpu/possible")) is > 0 and var count ? count : CountCpus();

    /// <summary>MemAvailable in bytes; 0 if the kernel does not report it.</summary>
    public static long AvailableBytes() => AvailableBytes(SmallFile.TryRead("/proc/meminfo"));

    /// <summary>MemTotal in bytes; 0 if the kernel does not report it.</summary>
    public static long TotalBytes() => TotalBytes(SmallFile.TryRead("/proc/meminfo"));

    /// <summary>CLOCK_MONOTONIC in microseconds, the time of systemd and of the trace clock <c>mono</c>.</summary>
    public static long MonotonicUs() => (long)Stopwatch.GetElapsedTime(0).TotalMicroseconds;

    /// <summary>The kernel's release, as <c>uname -r</c> prints it.</summary>
    public static string KernelRelease()
    {
        Span<byte> texts = stackalloc byte[Libc.UtsTexts * Libc.UtsTextBytes];
        _ = Libc.UName(ref texts[0]); // cannot fail
        var release = texts.Slice(Libc.UtsRelease * Libc.UtsTextBytes, Libc.UtsTextBytes);
        return ByteText.Of(release[..Math.Max(release.IndexOf((byte)0), 0)]);
    }

    /// <summary>The running kernel was built without CONFIG_MODULES; false without /proc.</summary>
    public static bool LacksModuleSupport => File.Exists("/proc/version") && !File.Exists("/proc/modules");

    /// <summary>Names this boot of the kernel; null without /proc.</summary>
    public static string? BootId() => SmallFile.TryRead("/proc/sys/kernel/random/boot_id");

    /// <summary>The kernel's command line; null without /proc.</summary>
    public static string? CommandLine() => SmallFile.TryRead("/proc/cmdline");

    /// <summary>Number of CPUs in <c>0-3,8</c> (kernel: cpumap_print_to_pagebuf); 0 if malformed.</summary>
    internal static int CountCpus(string? list)
    {
        var count = 0;
        foreach (var range in (list ?? "").Split(','))
        {
            var ends = range.Split('-');
            if (ends.Length > 2 || CpuOf(ends[0]) is not { } first || CpuOf(ends[^1]) is not { } last || last < first)
                return 0;
            count += last - first + 1;
        }
        return count;
    }

    /// <summary>The MemAvailable line of /proc/meminfo (kernel: meminfo_proc_show), in bytes.</summary>
    internal static long AvailableBytes(string? meminfo) => Bytes(meminfo, "MemAvailable:");

    /// <summary>The MemTotal line of /proc/meminfo, in bytes.</summary>
    public static long TotalBytes(string? meminfo) => Bytes(meminfo, "MemTotal:");

    static long Bytes(string? meminfo, string key)
    {
        foreach (var line in (meminfo ?? "").Split('\n'))
        {
            if (line.StartsWith(key, StringComparison.Ordinal) &&
                line[key.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var number, "kB"] &&
                long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var kib) &&
                    kib <= long.MaxValue / KiB)
            {
                return kib * KiB;
            }
        }
        return 0;
    }

    static int? CpuOf(string text)
    {
        const int MaxDigits = 5; // kernel: CONFIG_NR_CPUS is at most 8192
        return text.Length <= MaxDigits &&
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var cpu) ? cpu : null;
    }
}
