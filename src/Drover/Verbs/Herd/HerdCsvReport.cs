using System.Globalization;
using Drover.Devices.Control;
using Drover.Loading;
using Drover.Model;

namespace Drover.Verbs.Herd;

/// <summary>What <c>drover herd --csv</c> prints: a header and a line a run (RFC 4180, lines end as everywhere here).</summary>
static class HerdCsvReport
{
    /// <summary>Errnos that have a column; the others share one.</summary>
    static readonly Errno[] Columns = [Errno.None, Errno.EEXIST, Errno.EBUSY, Errno.ETXTBSY, Errno.ENOMEM, Errno.ENOENT, Errno.ENODEV, Errno.EINTR];

    public static void Write(IEnumerable<HerdResult> results, TextWriter writer)
    {
        string[] errnos = [.. Columns.Select(error => $"calls{OutcomeJson.KeyOf(error)}"), "callsOther"];
        writer.WriteLine($"gate,herd,cpus,memoryBytes,kasan,seed,calls,{string.Join(',', errnos)},attempted,wastedBytes,duplicateBytes,peakBytes,bootSeconds,booted,live,missing,killed,scenario");
        foreach (var result in results)
            writer.WriteLine(string.Join(',', Fields(result).Select(Quote)));
    }

    static IEnumerable<string> Fields(HerdResult result)
    {
        var options = result.Options;
        yield return HerdNames.Of(options.Gate);
        yield return HerdNames.Of(options.Herd);
        yield return Number(options.Cpus);
        yield return Number(options.MemoryBytes);
        yield return Truth(options.Kasan);
        yield return Number(options.Seed);
        yield return Number(RunCells.CallsOf(result));
        foreach (var error in Columns)
            yield return Number(result.Calls.TryGetValue(error, out var calls) ? calls : 0);
        yield return Number(result.Calls.Where(calls => !Columns.Contains(calls.Key)).Sum(calls => calls.Value));
        yield return Number(result.Attempted);
        yield return Number(result.WastedBytes);
        yield return Number(result.DuplicateBytes);
        yield return Number(result.PeakBytes);
        yield return result.BootSeconds.ToString("0.######", CultureInfo.InvariantCulture);
        yield return Truth(result.Booted);
        yield return Number(result.Live.Count);
        yield return Number(result.Missing.Count);
        yield return Number(result.Killed);
        yield return options.Scenario.Name;
    }

    static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    static string Truth(bool value) => value ? "true" : "false";

    static string Quote(string field) => field.AsSpan().IndexOfAny(",\"\r\n") < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
