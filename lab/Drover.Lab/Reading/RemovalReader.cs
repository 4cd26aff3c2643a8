using System.Text.RegularExpressions;

namespace Drover.Lab.Reading;

/// <summary>delete_module in a trace.</summary>
static partial class RemovalReader
{
    /// <summary>What a module in use is refused with, and what a waiter polls until it ends.</summary>
    const string InUse = "EAGAIN";

    /// <summary>
    /// Calls by result: "0" or an errno's name. A thread's refusals one after another are one: how often somebody who waits looks again is no work that
    /// could be compared, it grows with the wait.
    /// </summary>
    public static IReadOnlyDictionary<string, int> Read(string trace)
    {
        var results = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var last = new Dictionary<int, string>();
        foreach (var item in TraceFile.Parse(trace).Events.Where(item => item.Name == "sys_delete_module"))
        {
            if (ReturnValue().Match(item.Text) is not { Success: true } returned)
                continue;
            var result = Errno.OfReturnValue(returned.Groups[1].Value);
            if (result != InUse || last.GetValueOrDefault(item.Tid) != InUse)
                results[result] = results.GetValueOrDefault(result) + 1;
            last[item.Tid] = result;
        }
        return results;
    }

    [GeneratedRegex(@"-> (0x[0-9a-f]+)")]
    private static partial Regex ReturnValue();
}
