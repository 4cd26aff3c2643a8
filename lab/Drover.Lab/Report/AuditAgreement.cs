using System.Globalization;
using Drover.Lab.Guest;
using Drover.Lab.Reading;

namespace Drover.Lab.Report;

/// <summary>What drover audit predicted beside the calls that came: before the loader, and on the settled machine afterwards, which tells what the next boot costs.</summary>
/// <param name="Calls">Of the trace.</param>
/// <param name="CallsBefore">Modules that the kernel had before the loader: each was a call that the trace is too late for. Only the second audit counts them.</param>
sealed record AuditAgreement(string Loader, AuditRecord Before, AuditRecord After, int Calls, int CallsBefore)
{
    public static AuditAgreement? Of(GuestRun run, GuestResult result, int calls, int before) => result.Text("audit.json") is { } first
        ? new(run.Loader.ToString().ToLowerInvariant(), AuditRecord.Read(first), AuditRecord.Read(result.Required("audit.after.json")), calls, before)
        : null;

    /// <summary>What it says of this loader; null for one that it does not run.</summary>
    int? Predicted(AuditRecord audit) => Loader switch
    {
        "udev" => audit.Udev,
        "drover" or "daemon" => audit.Drover,
        _ => null,
    };

    public override string ToString() => Predicted(Before) is { } before && Predicted(After) is { } after
        ? $"{Of("before", before, Calls)}; {Of("afterwards", after, Calls + CallsBefore)}"
        : $"does not know loader {Loader}";

    static string Of(string when, int predicted, int calls) => predicted == calls
        ? $"{when} it predicted {predicted} calls, exactly"
        : string.Create(CultureInfo.InvariantCulture, $"{when} it predicted {predicted} calls, and {calls} came ({100.0 * (predicted - calls) / calls:+0;-0} %)");
}
