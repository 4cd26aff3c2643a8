using System.Globalization;
using Drover.Lab.Guest;
using Drover.Lab.Reading;

namespace Drover.Lab.Report;

/// <summary>Whether drover watch saw what the lab's own trace has.</summary>
/// <param name="Calls">By watch.</param>
/// <param name="CallsMissing">Calls of the trace, by system call and result, that watch has not.</param>
/// <param name="CallsTooMany">Calls of watch that the trace has not.</param>
/// <param name="NamesDiffering">Calls of the trace, by module too, that watch has not. The trace names a call by the file opened last, which is wrong for a second try with an older descriptor.</param>
/// <param name="Unnamed">Calls of watch without a module.</param>
/// <param name="KernelWastedBytes">By the kernel's module statistics, where it has them: what <paramref name="WastedBytes"/> must be.</param>
/// <param name="MemoryBytes">Largest resident set of watch.</param>
/// <param name="CpuSeconds">Of watch, user and system, once it traces: while the loader works.</param>
/// <param name="StartCpuSeconds">Until then.</param>
/// <param name="CpuShare">
/// <paramref name="CpuSeconds"/> of those of the whole guest; null where the guest used none. What to judge by: one thread of the host emulates all CPUs in turn, and a guest charges each of its
/// processes for the turns of the others, too, but all alike.
/// </param>
/// <param name="LeftBehind">Trace instances that were there after its end.</param>
sealed record WatchAgreement(
    int Calls, int CallsMissing, int CallsTooMany, int NamesDiffering, int Unnamed, long InVainBytes, long WastedBytes, long? KernelWastedBytes, long LostEvents, long MemoryBytes,
    double CpuSeconds, double StartCpuSeconds, double? CpuShare, IReadOnlyList<string> LeftBehind, IReadOnlyList<string> Degraded)
{
    /// <summary>Of times in /proc/PID/stat (sysconf(_SC_CLK_TCK)).</summary>
    const double TicksPerSecond = 100;

    public static WatchAgreement Of(WatchRecord record, IReadOnlyList<ModuleCall> traced, ModuleStats? stats, GuestResult result)
    {
        var tracedCalls = WatchRecord.Of(traced);
        var (mine, theirs) = (WatchRecord.Nameless(record.Calls), WatchRecord.Nameless(tracedCalls));
        var (cpu, machine) = (Cpu(result, "watch.stat") - Cpu(result, "watch.begun"), Machine(result, "machine.stat") - Machine(result, "machine.begun"));
        return new(
            record.Calls.Count, WatchRecord.Missing(theirs, mine), WatchRecord.Missing(mine, theirs), WatchRecord.Missing(tracedCalls, record.Calls), record.Calls.Count(call => call.Module is null),
            record.InVainBytes, record.WastedBytes, stats?.WastedBytes, record.LostEvents, Resident(result.Text("watch.status") ?? ""),
            cpu, Cpu(result, "watch.begun"), machine > 0 ? cpu / machine : null,
            (result.Text("watch.left") ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries), record.Degraded);
    }

    public override string ToString() =>
        $"{(CallsMissing + CallsTooMany == 0 ? $"all {Calls} calls of the trace, by system call and result" : $"{CallsMissing} calls of the trace missing, {CallsTooMany} too many, of {Calls}")}, {NamesDiffering} named otherwise, {Unnamed} unnamed; "
        + $"{ReportText.Bytes(InVainBytes)} in vain, {ReportText.Bytes(WastedBytes)} wasted{(KernelWastedBytes is { } kernel ? $" (the kernel's statistics: {ReportText.Bytes(kernel)})" : "")}; "
        + string.Create(CultureInfo.InvariantCulture, $"{LostEvents} events lost, {CpuSeconds:F2} s of CPU{(CpuShare is { } share ? $", {share * 100:F1} % of the guest's," : "")} after {StartCpuSeconds:F2} s to start, {ReportText.Bytes(MemoryBytes)} resident")
        + (LeftBehind.Count > 0 ? $"; left behind: {string.Join(' ', LeftBehind)}" : "")
        + string.Concat(Degraded.Select(lack => $"; {lack}"));

    static long Resident(string status) => status.Split('\n').FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)) is { } line
        ? GuestFacts.Kilobytes(line["VmHWM:".Length..].Replace("kB", "", StringComparison.Ordinal))
        : 0;

    // fields 14 and 15, counted from behind the name, which may hold blanks
    static double Cpu(GuestResult result, string file) => result.Text(file) is { } stat && stat.LastIndexOf(')') is > 0 and var end && stat[(end + 2)..].Split(' ') is { Length: > 13 } fields
        ? (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond
        : 0;

    // the line of all CPUs: user, nice, system, idle, iowait, irq, softirq, steal, and guests, which are in user already (proc_stat(5))
    static double Machine(GuestResult result, string file) => result.Text(file)?.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["cpu", .. { Length: >= 7 } fields]
        ? fields.Take(7).Where((_, i) => i is not (3 or 4)).Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture)) / TicksPerSecond
        : 0;
}
