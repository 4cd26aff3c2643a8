using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Reading;
using Drover.Model.Kernel;

namespace Drover.Lab.Runs;

/// <summary>drover watch against the lab's trace.</summary>
/// <param name="CallsMissing">Calls of the trace, by system call and result, that watch lacks.</param>
/// <param name="CallsTooMany">Calls of watch that the trace lacks.</param>
/// <param name="NamesDiffering">Calls of the trace, by module also, that watch lacks. The trace names a call after the
/// file opened last, which is wrong for a second attempt with an older descriptor.</param>
/// <param name="Unnamed">Calls of watch without a module.</param>
/// <param name="KernelWastedBytes">The kernel's own figure for <paramref name="WastedBytes"/>, if it has one.</param>
/// <param name="CpuSeconds">CPU time of watch, user and system, from when it traces.</param>
/// <param name="StartCpuSeconds">Until then.</param>
/// <param name="CpuShare"><paramref name="CpuSeconds"/> as a part of the whole guest's; null if that is 0. The
/// figure to judge by: one thread of the host emulates all CPUs in turn, and a guest charges each process for the
/// turns of the others.</param>
/// <param name="LeftBehind">Trace instances that exist after its end.</param>
sealed record WatchAgreement(
    int Calls, int CallsMissing, int CallsTooMany, int NamesDiffering, int Unnamed, long InVainBytes, long WastedBytes,
    long? KernelWastedBytes, long LostEvents, long MemoryBytes, double CpuSeconds, double StartCpuSeconds,
    double? CpuShare, IReadOnlyList<string> LeftBehind, IReadOnlyList<string> Degraded)
{
    const double TicksPerSecond = 100; // ticks of /proc/PID/stat (sysconf(_SC_CLK_TCK))

    public static WatchAgreement Of(
        WatchRecord record, IReadOnlyList<ModuleCall> traced, ModuleStats? stats, GuestResult result)
    {
        var tracedCalls = WatchRecord.Of(traced);
        var (watched, expected) = (WatchRecord.Nameless(record.Calls), WatchRecord.Nameless(tracedCalls));
        var cpu = Cpu(result, "watch.stat") - Cpu(result, "watch.begun");
        var machine = Machine(result, "machine.stat") - Machine(result, "machine.begun");
        return new(
            record.Calls.Count, WatchRecord.Missing(expected, watched), WatchRecord.Missing(watched, expected),
            WatchRecord.Missing(tracedCalls, record.Calls), record.Calls.Count(call => call.Module is null),
            record.InVainBytes, record.WastedBytes, stats?.WastedBytes, record.LostEvents,
            Resident(result.Text("watch.status") ?? ""), cpu, Cpu(result, "watch.begun"),
            machine > 0 ? cpu / machine : null, [.. GuestFacts.Lines(result.Text("watch.left") ?? "")],
            record.Degraded);
    }

    public override string ToString()
    {
        var calls = CallsMissing + CallsTooMany == 0
            ? $"all {Calls} calls of the trace, by system call and result"
            : $"{CallsMissing} calls of the trace missing, {CallsTooMany} too many, of {Calls}";
        var kernel = KernelWastedBytes is { } bytes ? $" (the kernel's statistics: {RunReportText.Bytes(bytes)})" : "";
        var share = CpuShare is { } part ? $", {part * 100:F1} % of the guest's," : "";
        return $"{calls}, {NamesDiffering} named otherwise, {Unnamed} unnamed; "
            + $"{RunReportText.Bytes(InVainBytes)} in vain, {RunReportText.Bytes(WastedBytes)} wasted{kernel}; "
            + $"{LostEvents} events lost, {CpuSeconds:F2} s of CPU{share} "
            + $"after {StartCpuSeconds:F2} s to start, "
            + $"{RunReportText.Bytes(MemoryBytes)} resident"
            + (LeftBehind.Count > 0 ? $"; left behind: {string.Join(' ', LeftBehind)}" : "")
            + string.Concat(Degraded.Select(lack => $"; {lack}"));
    }

    static long Resident(string status) =>
        GuestFacts.Lines(status).FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)) is { } line
            ? GuestFacts.Kilobytes(line["VmHWM:".Length..].Replace("kB", "", StringComparison.Ordinal))
            : 0;

    // fields 14 and 15, counted from behind the name, which may contain blanks
    static double Cpu(GuestResult result, string file) =>
        result.Text(file) is { } stat && stat.LastIndexOf(')') is > 0 and var end
        && stat[(end + 2)..].Split(' ') is { Length: > 13 } fields
            ? (Number(fields[11]) + Number(fields[12])) / TicksPerSecond
            : 0;

    // the line of all CPUs: user, nice, system, idle, iowait, irq, softirq, steal; guest is in user (proc_stat(5))
    static double Machine(GuestResult result, string file) =>
        result.Text(file)?.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)
            is ["cpu", .. { Length: >= 7 } fields]
            ? fields.Take(7).Where((_, i) => i is not (3 or 4)).Sum(Number) / TicksPerSecond
            : 0;

    static long Number(string text) => long.Parse(text);
}

/// <summary>drover audit against the calls: before the loader, and on the settled machine, for the next boot.</summary>
/// <param name="CallsBefore">Modules that the kernel had before the loader: each was a call before the trace began. The
/// second audit counts them.</param>
sealed record AuditAgreement(string Loader, AuditRecord Before, AuditRecord After, int Calls, int CallsBefore)
{
    public static AuditAgreement? Of(GuestRun run, GuestResult result, int calls, int before) =>
        result.Text("audit.json") is { } first
            ? new(run.Loader.OptionName(), AuditRecord.Read(first),
                AuditRecord.Read(result.Required("audit.after.json")), calls, before)
            : null;

    /// <summary>The prediction for this loader; null for loaders that an audit does not know.</summary>
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
        : $"{when} it predicted {predicted} calls, and {calls} came "
            + $"({100.0 * (predicted - calls) / calls:+0;-0} %)";
}
