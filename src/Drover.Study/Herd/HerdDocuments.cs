using System.Text.Json;
using Drover.Control;
using Drover.Model.Herds;

namespace Drover.Study.Herd;

/// <summary>The output of <c>drover herd --json</c> and <c>--csv</c> (docs/herd.md).</summary>
static class HerdDocuments
{
    /// <summary>Errnos with a column of their own in CSV; the others share one.</summary>
    static readonly Errno[] s_columns =
    [Errno.None, Errno.EEXIST, Errno.EBUSY, Errno.ETXTBSY, Errno.ENOMEM, Errno.ENOENT, Errno.ENODEV, Errno.EINTR];

    /// <summary>An array, an object a run.</summary>
    public static void WriteJson(IEnumerable<HerdResult> results, TextWriter writer) =>
        Json.WriteArray(writer, results, WriteRun);

    public static void WriteRun(Utf8JsonWriter json, HerdResult result)
    {
        var options = result.Options;
        json.WriteString("gate", HerdNames.Of(options.Gate));
        json.WriteString("herd", HerdNames.Of(options.Loader));
        json.WriteNumber("cpus", options.Cpus);
        json.WriteNumber("seed", options.Seed);
        json.WriteObject("calls", () =>
        {
            foreach (var (error, calls) in HerdFigures.Ordered(result))
                json.WriteNumber(OutcomeJson.KeyOf(error), calls);
        });
        json.WriteNumber("wastedBytes", result.WastedBytes);
        json.WriteNumber("peakBytes", result.PeakBytes);
        json.WriteNumber("bootSeconds", Math.Round(result.BootSeconds, 6));
        json.WriteBoolean("booted", result.Booted);
        json.WriteStrings("live", result.Live);
        json.WriteStrings("missing", result.Missing);

        json.WriteNumber("attempted", result.Attempted);
        json.WriteNumber("duplicateBytes", result.DuplicateBytes);
        json.WriteNumber("killed", result.Killed);
        json.WriteString("whyNotBooted", result.WhyNotBooted);
        json.WriteBoolean("kasan", options.Kasan);
        json.WriteNumber("memoryBytes", options.MemoryBytes);
        json.WriteString("scenario", options.Scenario.Name);
        json.WriteNumber("peakVmallocBytes", result.PeakVmallocBytes);
        json.WriteNumber("steps", result.Steps);
        // not a number: many readers keep only 53 bits
        json.WriteString("trace", result.TraceHash.ToString("x16", CultureInfo.InvariantCulture));
    }

    /// <summary>A header, then a line a run (RFC 4180, but lines end with LF).</summary>
    public static void WriteCsv(IEnumerable<HerdResult> results, TextWriter writer)
    {
        string[] header =
        [
            "gate", "herd", "cpus", "memoryBytes", "kasan", "seed", "calls",
            .. s_columns.Select(error => $"calls{OutcomeJson.KeyOf(error)}"), "callsOther", "attempted", "wastedBytes",
            "duplicateBytes", "peakBytes", "bootSeconds", "booted", "live", "missing", "killed", "scenario",
        ];
        writer.WriteLine(string.Join(',', header));
        foreach (var result in results)
            writer.WriteLine(string.Join(',', CellsOf(result).Select(Quote)));
    }

    static string[] CellsOf(HerdResult result)
    {
        var options = result.Options;
        return
        [
            HerdNames.Of(options.Gate), HerdNames.Of(options.Loader), Number(options.Cpus), Number(options.MemoryBytes),
            Truth(options.Kasan), Number(options.Seed), Number(HerdFigures.CallsOf(result)),
            .. s_columns.Select(error => Number(result.Calls.GetValueOrDefault(error))),
            Number(result.Calls.Where(calls => !s_columns.Contains(calls.Key)).Sum(calls => calls.Value)),
            Number(result.Attempted), Number(result.WastedBytes), Number(result.DuplicateBytes),
            Number(result.PeakBytes), result.BootSeconds.ToString("0.######", CultureInfo.InvariantCulture),
            Truth(result.Booted), Number(result.Live.Count), Number(result.Missing.Count), Number(result.Killed),
            options.Scenario.Name,
        ];
    }

    static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
    static string Truth(bool value) => value ? "true" : "false";

    static string Quote(string field) => field.AsSpan().IndexOfAny(",\"\r\n") < 0
        ? field
        : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
