using System.Globalization;

namespace Drover.Linux;

/// <summary>CPUs and memory, from the texts the kernel tells them in. Stateless; safe for any thread.</summary>
public static class Machine
{
    const long KiB = 1024;

    /// <summary>CPUs online now; at least 1.</summary>
    public static int CountCpus() =>
        CountCpus(SmallFile.TryRead("/sys/devices/system/cpu/online")) is > 0 and var count ? count : Environment.ProcessorCount;

    /// <summary>MemAvailable in bytes; 0 where the kernel does not tell.</summary>
    public static long AvailableBytes() => AvailableBytes(SmallFile.TryRead("/proc/meminfo"));

    /// <summary>MemTotal in bytes; 0 where the kernel does not tell.</summary>
    public static long TotalBytes() => TotalBytes(SmallFile.TryRead("/proc/meminfo"));

    /// <summary>The kernel's release, as <c>uname -r</c> prints it; null without /proc.</summary>
    public static string? KernelRelease() => SmallFile.TryRead("/proc/sys/kernel/osrelease");

    /// <summary>The kernel's command line as the boot loader gave it; null where there is no /proc.</summary>
    public static string? CommandLine() => SmallFile.TryRead("/proc/cmdline");

    /// <summary>How many CPUs a list as <c>0-3,8</c> names (kernel: cpumap_print_to_pagebuf); 0 for one that is malformed.</summary>
    internal static int CountCpus(string? list)
    {
        var count = 0;
        foreach (var range in (list ?? "").Split(',', StringSplitOptions.TrimEntries))
        {
            var dash = range.IndexOf('-', StringComparison.Ordinal);
            var (first, last) = dash < 0 ? (range, range) : (range[..dash], range[(dash + 1)..]);
            if (!TryParseCpu(first, out var from) || !TryParseCpu(last, out var to) || to < from)
            {
                return 0;
            }

            count += to - from + 1;
        }

        return count;
    }

    /// <summary>The MemAvailable line of /proc/meminfo (kernel: meminfo_proc_show), in bytes.</summary>
    internal static long AvailableBytes(string? meminfo) => Bytes(meminfo, "MemAvailable:");

    /// <summary>The MemTotal line of the same.</summary>
    internal static long TotalBytes(string? meminfo) => Bytes(meminfo, "MemTotal:");

    static long Bytes(string? meminfo, string key)
    {
        foreach (var line in (meminfo ?? "").AsSpan().EnumerateLines())
        {
            const string Unit = "kB";
            if (line.StartsWith(key, StringComparison.Ordinal) && line.EndsWith(Unit, StringComparison.Ordinal) &&
                long.TryParse(line[key.Length..^Unit.Length], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var kib) &&
                kib <= long.MaxValue / KiB)
            {
                return kib * KiB;
            }
        }

        return 0;
    }

    // more digits than a CPU number has (kernel: CONFIG_NR_CPUS is at most 8192) are not one
    static bool TryParseCpu(string text, out int cpu) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out cpu) && text.Length <= 5;
}
