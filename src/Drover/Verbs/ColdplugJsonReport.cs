using System.Text.Json.Serialization;
using Drover.Devices;

namespace Drover.Verbs;

/// <summary>What <c>drover coldplug --json</c> prints.</summary>
/// <param name="Devices">Devices seen.</param>
/// <param name="Modaliases">Modaliases of all of them.</param>
/// <param name="Distinct">Distinct ones.</param>
/// <param name="Modules">Distinct modules they stand for.</param>
/// <param name="Calls">Load calls to the kernel by errno, <c>0</c> for success.</param>
/// <param name="Attempted">Distinct modules for which the kernel was called.</param>
/// <param name="Converged">Asked for, and no call of its own.</param>
/// <param name="WastedBytes">Of module files, read for calls that ended in EEXIST, EBUSY or ETXTBSY.</param>
/// <param name="PeakBytesInFlight">As the budget counts them.</param>
/// <param name="Looks">Times all devices were looked at.</param>
/// <param name="TimesLost">Times the kernel dropped events.</param>
/// <param name="Failures">Each module that could not be loaded, with the first device that wanted it.</param>
/// <param name="Aliases">Every distinct modalias that some module has, and what came of it.</param>
sealed record ColdplugJsonReport(
    int Devices, int Modaliases, int Distinct, int Modules, IReadOnlyDictionary<string, long> Calls, long Attempted, int Converged, long WastedBytes,
    long PeakBytesInFlight, int PeakCallsInFlight, int Looks, int TimesLost, double Seconds, bool Interrupted,
    IReadOnlyList<FailureReport> Failures, IReadOnlyList<AliasJsonReport> Aliases)
{
    public static ColdplugJsonReport Of(ColdplugReport report, bool interrupted) => new(
        report.Devices, report.Modaliases, report.Aliases.Count, report.Modules, LoadReport.CallsOf(report.Counts), report.Counts.Attempted, report.Converged,
        report.Counts.WastedFileBytes, report.Counts.PeakBytesInFlight, report.Counts.PeakCallsInFlight, report.Looks, report.TimesLost,
        Math.Round(report.Took.TotalSeconds, 6), interrupted,
        [.. report.Failures.Select(failure => new FailureReport(OutcomeReport.Of(failure.Outcome), failure.Alias.Modalias, failure.Alias.FirstDevice))],
        [.. report.Aliases.Where(alias => alias.Modules.Count > 0).Select(alias => new AliasJsonReport(alias.Modalias, alias.Devices, alias.FirstDevice, alias.Attempts, OutcomeReport.Of(alias.Modules)))]);
}

/// <summary>A module that could not be loaded.</summary>
sealed record FailureReport(OutcomeReport Outcome, string Modalias, string Device);

/// <summary>A modalias and its modules.</summary>
/// <param name="Devices">How many devices have it.</param>
/// <param name="Attempts">Times its own request was what made a module be tried.</param>
sealed record AliasJsonReport(string Modalias, int Devices, string FirstDevice, int Attempts, IReadOnlyList<OutcomeReport> Modules);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ColdplugJsonReport))]
sealed partial class ColdplugJson : JsonSerializerContext;
