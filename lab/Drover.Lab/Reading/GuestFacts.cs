using System.Globalization;
using System.Text.RegularExpressions;

namespace Drover.Lab.Reading;

/// <summary>The small files of a guest's results: what init noted, and /proc's formats.</summary>
static partial class GuestFacts
{
    /// <summary>init's <c>name=value</c> lines.</summary>
    public static IReadOnlyDictionary<string, double> Facts(string text) => Lines(text)
        .Select(line => line.Split('=', 2))
        .ToDictionary(parts => parts[0], parts => double.Parse(parts[1], CultureInfo.InvariantCulture));

    /// <summary>The names in /proc/modules, sorted.</summary>
    public static IReadOnlyList<string> Modules(string procModules) =>
        Lines(procModules).Select(line => line.Split(' ')[0]).Order(StringComparer.Ordinal).ToList();

    /// <summary>
    /// Of <c>ls -ld</c> lines of /dev: type and permissions, owner, path, and where a link leads; sorted. A link's own permissions say nothing, nor do numbers that the kernel
    /// hands out as they come: a device's, and that of an input device at the end of a link with a lasting name.
    /// </summary>
    public static IReadOnlyList<string> Nodes(string list) =>
        Lines(list).Select(line => Node().Match(line)).Where(match => match.Success)
            .Select(match => $"{match.Groups["mode"].Value} {match.Groups["owner"].Value}:{match.Groups["group"].Value} {InputNumber().Replace(match.Groups["path"].Value, "#")}")
            .Order(StringComparer.Ordinal).ToList();

    /// <summary>A number of kilobytes alone in a file, as bytes.</summary>
    public static long Kilobytes(string text) => long.Parse(text.Trim(), CultureInfo.InvariantCulture) * 1024;

    /// <summary>Lines of a process' name and its VmHWM in kilobytes: how many processes, and the bytes of all.</summary>
    public static (int Processes, long Bytes) Processes(string text)
    {
        var peaks = Lines(text).Select(line => long.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture)).ToList();
        return (peaks.Count, peaks.Sum() * 1024);
    }

    /// <summary>
    /// The largest resident set, of what busybox's <c>time -v</c> prints. It takes ru_maxrss for pages (ptok in procps/time.c), but Linux counts it
    /// in kilobytes: the "kbytes" it prints are kilobytes times the page size in kilobytes.
    /// </summary>
    public static long MaximumResidentBytes(string text) =>
        MaximumResident().Match(text) is { Success: true } resident && PageSize().Match(text) is { Success: true } page
            ? long.Parse(resident.Groups[1].ValueSpan, CultureInfo.InvariantCulture) * 1024 * 1024 / long.Parse(page.Groups[1].ValueSpan, CultureInfo.InvariantCulture)
            : 0;

    /// <summary>Lines with something in them.</summary>
    public static IEnumerable<string> Lines(string text) => text.Split('\n').Select(line => line.Trim('\r', ' ')).Where(line => line.Length > 0);

    [GeneratedRegex(@"^(?<mode>[bcl]\S+)\s+\d+\s+(?<owner>\S+)\s+(?<group>\S+)\s+(\d+,\s*)?\d+\s+\S+\s+\d+\s+[\d:]+\s+(?<path>/dev/.+)$")]
    private static partial Regex Node();

    [GeneratedRegex(@"(?<=^/dev/input/by-.* -> \.\./[a-z]+)\d+$")]
    private static partial Regex InputNumber();

    [GeneratedRegex(@"Maximum resident set size \(kbytes\): (\d+)")]
    private static partial Regex MaximumResident();

    [GeneratedRegex(@"Page size \(bytes\): (\d+)")]
    private static partial Regex PageSize();
}
