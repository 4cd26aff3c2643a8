using System.Globalization;
using Drover.Cli;
using Drover.Devices;
using Drover.Output;

namespace Drover.Verbs;

/// <summary>What <c>drover coldplug</c> prints at its end.</summary>
static class ColdplugTable
{
    public static void Write(ColdplugReport report, TextWriter writer)
    {
        var failures = report.Failures();
        var table = new Table();
        void Row(string name, object value) => table.Add(name, string.Create(CultureInfo.InvariantCulture, $"{value}"));
        Row("devices", report.Devices);
        Row("modaliases", report.Modaliases);
        Row("distinct", report.Aliases.Count);
        Row("modules", report.Modules);
        Row("loads", $"{report.Counts.Calls}{LoadReport.InBrackets(LoadReport.CallsOf(report.Counts))}");
        Row("converged", report.Converged);
        Row("failed", failures.Count);
        Row("wasted", ByteSize.Format(report.Counts.WastedFileBytes));
        Row("seconds", report.Took.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture));
        table.WriteTo(writer);
        if (failures.Count == 0)
            return;
        var reasons = new Table("FAILED", "REASON", "DEVICE");
        foreach (var (outcome, alias) in failures)
            reasons.Add(outcome.Module, OutcomeText.ReasonOf(outcome), alias.FirstDevice);
        writer.WriteLine();
        reasons.WriteTo(writer);
    }
}
