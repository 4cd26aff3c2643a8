using System.Text.Json;
using Drover.Devices.Control;
using Drover.Loading;
using Drover.Output;

namespace Drover.Verbs;

/// <summary>What <c>drover load --json</c> prints, and the parts that other verbs' reports have, too.</summary>
static class LoadReport
{
    /// <param name="answers">What became of each request.</param>
    /// <param name="counts">Of the loader that did it; null for a daemon's, which counts for everybody.</param>
    /// <param name="writer">Where it goes.</param>
    public static void Write(IEnumerable<RequestOutcome> answers, LoaderCounts? counts, TextWriter writer) => Json.Write(writer, json =>
    {
        if (counts is not null)
        {
            json.WriteCalls(counts);
            json.WriteNumber("wastedBytes", counts.WastedFileBytes);
        }
        json.WriteObjects("requests", answers, answer =>
        {
            json.WriteString("asked", answer.Request.Asked);
            json.WriteObjects("modules", answer.Modules, json.WriteOutcome);
        });
    });

    /// <summary>Load calls to the kernel by errno, <c>0</c> for success, in the order of the errnos.</summary>
    public static IEnumerable<(string Result, long Calls)> CallsOf(LoaderCounts counts)
    {
        foreach (var calls in counts.CallsByErrno.OrderBy(calls => calls.Key))
            yield return (OutcomeJson.KeyOf(calls.Key), calls.Value);
    }

    /// <summary>The same for people: <c>  (34 × loaded, 4 × ENODEV)</c>, or nothing.</summary>
    public static string InBrackets(IEnumerable<(string Result, long Calls)> calls)
    {
        var words = calls.Select(of => $"{of.Calls} × {(of.Result == "0" ? "loaded" : of.Result)}").ToList();
        return words.Count > 0 ? $"  ({string.Join(", ", words)})" : "";
    }

    extension(Utf8JsonWriter json)
    {
        public void WriteCalls(LoaderCounts counts) => json.WriteObject("calls", () =>
        {
            foreach (var (result, calls) in CallsOf(counts))
                json.WriteNumber(result, calls);
        });

        /// <summary>How one module ended; <c>errno</c> and <c>why</c> are null for a plain success.</summary>
        public void WriteOutcome(ModuleOutcome outcome) => OutcomeJson.Write(json, outcome);
    }
}
