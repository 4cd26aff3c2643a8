using System.Diagnostics;
using System.Text;
using Drover.Linux.Syscalls;

namespace Drover.Linux;

/// <summary>CPUs, memory and name of the running machine, as the kernel tells them. Stateless; safe for any thread.</summary>
/// <remarks>Numbers are read digit by digit: .NET's parsers begin with a culture, and this is read before the first load.</remarks>
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

    /// <summary>CLOCK_MONOTONIC in microseconds, as systemd and the kernel's trace clock <c>mono</c> count.</summary>
    public static long MonotonicUs() => (long)Stopwatch.GetElapsedTime(0).TotalMicroseconds;

    /// <summary>The kernel's release, as <c>uname -r</c> prints it.</summary>
    public static string KernelRelease()
    {
        Span<byte> texts = stackalloc byte[Libc.UtsTexts * Libc.UtsTextBytes];
        _ = Libc.UName(ref texts[0]); // it cannot fail
        var release = texts.Slice(Libc.UtsRelease * Libc.UtsTextBytes, Libc.UtsTextBytes);
        return Encoding.Latin1.GetString(release[..Math.Max(release.IndexOf((byte)0), 0)]);
    }

    /// <summary>The kernel's command line as the boot loader gave it; null where there is no /proc.</summary>
    public static string? CommandLine() => SmallFile.TryRead("/proc/cmdline");

    /// <summary>How many CPUs a list as <c>0-3,8</c> names (kernel: cpumap_print_to_pagebuf); 0 for one that is malformed.</summary>
    internal static int CountCpus(string? list)
    {
        var count = 0;
        var rest = list.AsSpan();
        while (TryTakeCpu(ref rest, out var first))
        {
            var last = first;
            if (TryTake(ref rest, '-') && (!TryTakeCpu(ref rest, out last) || last < first))
            {
                return 0;
            }

            count += last - first + 1;
            if (rest.IsEmpty)
            {
                return count;
            }

            if (!TryTake(ref rest, ','))
            {
                return 0;
            }
        }

        return 0;
    }

    /// <summary>The MemAvailable line of /proc/meminfo (kernel: meminfo_proc_show), in bytes.</summary>
    internal static long AvailableBytes(string? meminfo) => Bytes(meminfo, "MemAvailable:");

    /// <summary>The MemTotal line of the same.</summary>
    internal static long TotalBytes(string? meminfo) => Bytes(meminfo, "MemTotal:");

    static long Bytes(string? meminfo, string key)
    {
        const int MostDigits = 18; // any such number fits
        var text = meminfo.AsSpan();
        foreach (var range in text.Split('\n'))
        {
            var line = text[range];
            if (!line.StartsWith(key, StringComparison.Ordinal))
            {
                continue;
            }

            var rest = line[key.Length..].TrimStart(' ');
            if (TryTakeNumber(ref rest, MostDigits, out var kib) && rest.TrimStart(' ').SequenceEqual("kB") && kib <= long.MaxValue / KiB)
            {
                return kib * KiB;
            }
        }

        return 0;
    }

    static bool TryTakeCpu(ref ReadOnlySpan<char> rest, out int cpu)
    {
        const int MostDigits = 5; // kernel: CONFIG_NR_CPUS is at most 8192
        var taken = TryTakeNumber(ref rest, MostDigits, out var number);
        cpu = taken ? (int)number : 0;
        return taken;
    }

    /// <summary>The digits a text begins with; false where there are none, or too many.</summary>
    static bool TryTakeNumber(ref ReadOnlySpan<char> rest, int mostDigits, out long number)
    {
        number = 0;
        var digits = 0;
        for (; digits < rest.Length && digits <= mostDigits && char.IsAsciiDigit(rest[digits]); digits++)
        {
            number = (number * 10) + (rest[digits] - '0');
        }

        rest = rest[digits..];
        return digits > 0 && digits <= mostDigits;
    }

    static bool TryTake(ref ReadOnlySpan<char> rest, char character)
    {
        var taken = !rest.IsEmpty && rest[0] == character;
        rest = taken ? rest[1..] : rest;
        return taken;
    }
}
