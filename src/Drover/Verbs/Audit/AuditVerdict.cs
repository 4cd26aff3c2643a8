using Drover.Cli;
using Drover.Output;
using Drover.Verbs.Herd;

namespace Drover.Verbs.Audit;

/// <summary>An audit in one sentence, made of its figures. Stateless.</summary>
static class AuditVerdict
{
    /// <param name="machine">What was looked at.</param>
    /// <param name="boots">The first is udev as it is there, the second Drover.</param>
    public static string Of(AuditedMachine machine, IReadOnlyList<AuditBoot> boots)
    {
        var (udev, drover) = (boots[0], boots[1]);
        var modules = $"{udev.Result.Attempted} {(udev.Result.Attempted == 1 ? "module" : "modules")}";
        if (!udev.Result.Booted)
            return $"With udev this machine does not boot: {PlainText.Of(udev.Result.WhyNotBooted ?? "no reason told").TrimEnd('.')}; {DroverOf(drover)}.";
        if (udev.TooMany == 0)
            return $"udev calls the kernel {udev.Calls} times for {modules}, none of them too many: Drover would change nothing here.";
        return $"udev calls the kernel {udev.Calls} times for {modules}, {udev.TooMany} of them too many, and wastes {RunCells.Wasted(udev.Result)}{Bypass(machine)}; {DroverOf(drover)}.";
    }

    static string Bypass(AuditedMachine machine) => machine.Path.BypassesGate ? ", since kmod bypasses the kernel's gate" : "";

    static string DroverOf(AuditBoot drover) => $"Drover would call it {drover.Calls} times and waste {(drover.Result.DuplicateBytes == 0 ? "nothing" : ByteSize.Format(drover.Result.DuplicateBytes))}";
}
