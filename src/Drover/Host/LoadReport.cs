using System.Text.Json;
using Drover.Control;
using Drover.Kernel;
using Drover.Loading;
using Drover.Text;

namespace Drover.Host;

/// <summary>The JSON of <c>drover load --json</c>, and the parts it shares with other reports.</summary>
static class LoadReport
{
    /// <param name="statistics">This process's; null after a load by the daemon, which counts all clients.</param>
    public static void Write(IEnumerable<RequestOutcome> outcomes, LoaderStatistics? statistics, TextWriter writer) =>
        Json.Write(writer, json =>
        {
            if (statistics is not null)
            {
                json.WriteCalls(statistics);
                json.WriteNumber("wastedBytes", statistics.WastedFileBytes);
            }
            json.WriteObjects("requests", outcomes, outcome =>
            {
                json.WriteString("asked", outcome.Request.Name);
                json.WriteObjects("modules", outcome.Modules, json.WriteOutcome);
            });
        });

    /// <summary>Kernel calls by errno, in the order of the errnos; <c>0</c> is success.</summary>
    public static IEnumerable<(string Result, long Calls)> CallsOf(LoaderStatistics statistics) =>
        statistics.CallsByErrno.OrderBy(calls => calls.Key)
            .Select(calls => (OutcomeJson.KeyOf(calls.Key), calls.Value));

    /// <summary>The same as text: <c>  (34 × loaded, 4 × ENODEV)</c>; empty without calls.</summary>
    public static string InBrackets(IEnumerable<(string Result, long Calls)> calls)
    {
        var words = calls.Select(call => $"{call.Calls} × {(call.Result == "0" ? "loaded" : call.Result)}").ToList();
        return words.Count > 0 ? $"  ({string.Join(", ", words)})" : "";
    }

    extension(Utf8JsonWriter json)
    {
        public void WriteCalls(LoaderStatistics statistics) => json.WriteObject("calls", () =>
        {
            foreach (var (result, calls) in CallsOf(statistics))
                json.WriteNumber(result, calls);
        });

        /// <summary>The outcome of one module; <c>errno</c> and <c>why</c> are null after a success.</summary>
        public void WriteOutcome(ModuleOutcome outcome) => OutcomeJson.Write(json, outcome);
    }
}

/// <summary>Outcomes as text.</summary>
static class OutcomeText
{
    /// <summary>One line, which starts with the module's name, without control characters: names and the kernel's own
    /// lines come from others.</summary>
    public static string LineOf(ModuleOutcome outcome)
    {
        var line = outcome.Kind switch
        {
            OutcomeKind.Loaded => $"{outcome.Module}: loaded",
            OutcomeKind.Joined when outcome.Error is Errno.None => $"{outcome.Module}: loaded by another request",
            OutcomeKind.AlreadyLive => $"{outcome.Module}: already loaded",
            OutcomeKind.BuiltIn => $"{outcome.Module}: built into the kernel",
            OutcomeKind.Left => $"{outcome.Module}: {outcome.Why ?? "interrupted before the load ended"}",
            OutcomeKind.Forbidden => $"{outcome.Module}: {outcome.Why}",
            OutcomeKind.Blacklisted or OutcomeKind.NotFound => outcome.Why!, // contains the name
            _ => $"{outcome.Module}: {ReasonOf(outcome)}",
        };
        return PlainText.Of(outcome.ParametersDiffer
            ? $"{line}; its parameters differ from the requested ones: to change them, remove the module first"
            : line);
    }

    public static string ReasonOf(ModuleOutcome outcome) => outcome.Why ?? ErrnoText.DescribeLoad(outcome.Error);
}
