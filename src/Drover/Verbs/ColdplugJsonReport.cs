using Drover.Devices;
using Drover.Output;

namespace Drover.Verbs;

/// <summary>What <c>drover coldplug --json</c> prints.</summary>
static class ColdplugJsonReport
{
    public static void Write(ColdplugReport report, bool interrupted, TextWriter writer) => Json.Write(writer, json =>
    {
        json.WriteNumber("devices", report.Devices);
        json.WriteNumber("modaliases", report.Modaliases);
        json.WriteNumber("distinct", report.Aliases.Count);
        json.WriteNumber("modules", report.Modules);
        json.WriteCalls(report.Counts);
        json.WriteNumber("attempted", report.Counts.Attempted);
        json.WriteNumber("converged", report.Converged);
        json.WriteNumber("wastedBytes", report.Counts.WastedFileBytes);
        json.WriteNumber("peakBytesInFlight", report.Counts.PeakBytesInFlight);
        json.WriteNumber("peakCallsInFlight", report.Counts.PeakCallsInFlight);
        json.WriteNumber("looks", report.Looks);
        json.WriteNumber("timesLost", report.TimesLost);
        json.WriteNumber("seconds", Math.Round(report.Took.TotalSeconds, 6));
        json.WriteBoolean("interrupted", interrupted);

        // each module that could not be loaded, with the first device that wanted it
        json.WriteObjects("failures", report.Failures(), failure =>
        {
            json.WriteObject("outcome", () => json.WriteOutcome(failure.Outcome));
            json.WriteString("modalias", failure.Alias.Modalias);
            json.WriteString("device", failure.Alias.FirstDevice);
        });

        // every distinct modalias that some module has, and what came of it
        json.WriteObjects("aliases", report.Aliases.Where(alias => alias.Modules.Count > 0), alias =>
        {
            json.WriteString("modalias", alias.Modalias);
            json.WriteNumber("devices", alias.Devices);
            json.WriteString("firstDevice", alias.FirstDevice);
            json.WriteNumber("attempts", alias.Attempts);
            json.WriteObjects("modules", alias.Modules, json.WriteOutcome);
        });
    });
}
