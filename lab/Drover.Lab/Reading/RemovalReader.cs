using System.Text.RegularExpressions;

namespace Drover.Lab.Reading;

/// <summary>delete_module in a trace.</summary>
static partial class RemovalReader
{
    /// <summary>Calls by result: "0" or an errno's name.</summary>
    public static IReadOnlyDictionary<string, int> Read(string trace) => TraceFile.Parse(trace).Events
        .Where(item => item.Name == "sys_delete_module")
        .Select(item => ReturnValue().Match(item.Text))
        .Where(returned => returned.Success)
        .GroupBy(returned => Errno.OfReturnValue(returned.Groups[1].Value))
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.Count());

    [GeneratedRegex(@"-> (0x[0-9a-f]+)")]
    private static partial Regex ReturnValue();
}
