using System.Text.RegularExpressions;

namespace Drover.Lab.Reading;

/// <summary>The small files of a guest's results: the notes of its init, and /proc's formats.</summary>
static partial class GuestFacts
{
    /// <summary>init's <c>name=value</c> lines.</summary>
    public static IReadOnlyDictionary<string, double> Facts(string text) => Lines(text)
        .Select(line => line.Split('=', 2)).ToDictionary(parts => parts[0], parts => double.Parse(parts[1]));

    /// <summary>The names in /proc/modules, sorted.</summary>
    public static IReadOnlyList<string> Modules(string procModules) =>
        Lines(procModules).Select(line => line.Split(' ')[0]).Order(StringComparer.Ordinal).ToList();

    /// <summary>The <c>ls -ld</c> lines of /dev's nodes and links as type and permissions, owner, path, and a
    /// link's target; sorted. Without numbers that vary between boots: a device's, and an input device's in a link
    /// by a lasting name.</summary>
    public static IReadOnlyList<string> Nodes(string list) =>
        Lines(list).Select(line => Node.Match(line)).Where(match => match.Success).Select(match => match.Groups)
            .Select(node => $"{node["mode"]} {node["owner"]}:{node["group"]} "
                + InputNumber.Replace(node["path"].Value, "#"))
            .Order(StringComparer.Ordinal).ToList();

    /// <summary>Bytes of a file that holds one number of kilobytes.</summary>
    public static long Kilobytes(string text) => long.Parse(text.Trim()) * 1024;

    /// <summary>Of lines with a process' name and its VmHWM in kilobytes: their number, and the sum.</summary>
    public static (int Processes, long Bytes) Processes(string text)
    {
        var peaks = Lines(text).Select(line => Kilobytes(line[(line.LastIndexOf(' ') + 1)..])).ToList();
        return (peaks.Count, peaks.Sum());
    }

    /// <summary>The largest resident set in the output of busybox's <c>time -v</c>. busybox takes ru_maxrss for pages
    /// (ptok in procps/time.c), but Linux counts it in kilobytes: the "kbytes" it prints are kilobytes times the page
    /// size in kilobytes.</summary>
    public static long MaxResidentBytes(string text) =>
        MaxResident.Match(text) is { Success: true } resident && PageSize.Match(text) is { Success: true } page
            ? Kilobytes(resident.Groups[1].Value) * 1024 / long.Parse(page.Groups[1].ValueSpan)
            : 0;

    /// <summary>The lines that are not blank, trimmed.</summary>
    public static IEnumerable<string> Lines(string text) =>
        text.Split('\n').Select(line => line.Trim('\r', ' ')).Where(line => line.Length > 0);

    [GeneratedRegex(
        @"^(?<mode>[bcl]\S+)\s+\d+\s+(?<owner>\S+)\s+(?<group>\S+)\s+(\d+,\s*)?\d+\s+"
        + @"\S+\s+\d+\s+[\d:]+\s+(?<path>/dev/.+)$")]
    static partial Regex Node { get; }

    [GeneratedRegex(@"(?<=^/dev/input/by-.* -> \.\./[a-z]+)\d+$")]
    static partial Regex InputNumber { get; }

    [GeneratedRegex(@"Maximum resident set size \(kbytes\): (\d+)")]
    static partial Regex MaxResident { get; }

    [GeneratedRegex(@"Page size \(bytes\): (\d+)")]
    static partial Regex PageSize { get; }
}
