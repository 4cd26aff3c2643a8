using System.Globalization;
using System.Text.Json;
using Drover.Devices.Control;
using Drover.Model;
using Drover.Output;

namespace Drover.Verbs.Herd;

/// <summary>What <c>drover herd --json</c> prints: an array, an object a run.</summary>
static class HerdJsonReport
{
    public static void Write(IEnumerable<HerdResult> results, TextWriter writer) => Json.WriteArray(writer, results, WriteRun);

    /// <summary>The members of one.</summary>
    public static void WriteRun(Utf8JsonWriter json, HerdResult result)
    {
        var options = result.Options;
        json.WriteString("gate", HerdNames.Of(options.Gate));
        json.WriteString("herd", HerdNames.Of(options.Herd));
        json.WriteNumber("cpus", options.Cpus);
        json.WriteNumber("seed", options.Seed);
        json.WriteObject("calls", () =>
        {
            foreach (var (error, calls) in RunCells.Ordered(result))
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
        // as text: a number of 64 bits is not safe in every reader
        json.WriteString("trace", result.TraceHash.ToString("x16", CultureInfo.InvariantCulture));
    }
}
