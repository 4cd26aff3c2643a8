using System.Globalization;
using Drover.Lab.Guest;
using Drover.Lab.Reading;

namespace Drover.Lab.Install;

/// <summary>One boot of the disk, from the kernel's first moment to after everything has settled.</summary>
/// <param name="Name">before, drover, after.</param>
/// <param name="Calls">Load calls, of the initramfs, too.</param>
/// <param name="Live">Modules, sorted.</param>
/// <param name="LostEvents">Of the trace: with any, the calls are too few.</param>
/// <param name="Seconds">Of the guest's clock, to when all had settled.</param>
/// <param name="FailedUnits">What systemd could not start.</param>
/// <param name="Active">Whether the daemon's unit is active.</param>
/// <param name="Files">Every file below /etc and /usr, a line each; null in a boot that does not look.</param>
/// <param name="Status">What install or uninstall ended with.</param>
/// <param name="PeakBytes">Of the services systemd-udevd and drover: the most memory that each had at a time (cgroup v2, memory.peak).</param>
sealed record BootReport(
    string Name, IReadOnlyList<ModuleCall> Calls, IReadOnlyList<string> Live, long LostEvents, double Seconds, IReadOnlyList<string> FailedUnits, bool Active, string? Files, int Status,
    IReadOnlyDictionary<string, double> PeakBytes)
{
    /// <summary>Calls, by system call and result, that the boot's own recording lacks (<c>drover install --watch</c>); null where none is expected: dracut, or the package.</summary>
    public int? Unrecorded { get; init; }

    public static BootReport Read(string name, GuestResult result)
    {
        var trace = ModuleCallReader.Read(result.Required("trace"));
        return new(
            name, trace.Calls, [.. GuestFacts.Lines(result.Required("modules")).Order(StringComparer.Ordinal)], trace.LostEvents,
            double.Parse(result.Required("uptime").Split(' ')[0], CultureInfo.InvariantCulture), [.. GuestFacts.Lines(result.Required("failed"))],
            GuestFacts.Lines(result.Required("active")).FirstOrDefault() == "active", result.Text("files"), int.Parse(result.Text("status") ?? "0", CultureInfo.InvariantCulture),
            GuestFacts.Facts(result.Text("memory") ?? ""))
        {
            Unrecorded = result.Text("boot.jsonl") is { } recording ? Lacks(recording, trace.Calls) : null,
        };
    }

    static int Lacks(string recording, IReadOnlyList<ModuleCall> traced)
    {
        try
        {
            return WatchRecord.Missing(WatchRecord.Nameless(WatchRecord.Of(traced)), WatchRecord.Nameless(WatchRecord.Read(recording).Calls));
        }
        catch (FormatException problem)
        {
            throw new LabException($"the boot's recording, boot.jsonl, cannot be read: {problem.Message}");
        }
    }

    /// <summary>udevd's workers call themselves "(udev-worker)".</summary>
    public int ByUdev => Calls.Count(call => call.Comm.Contains("udev", StringComparison.Ordinal));

    /// <summary>Drover's threads that call the kernel.</summary>
    public int ByDrover => Calls.Count(call => call.Comm == "kernel call");

    /// <summary>systemd's own few, and kmod's for the kernel and for systemd-modules-load.</summary>
    public int ByOthers => Calls.Count - ByUdev - ByDrover;

    public int Duplicates => Calls.Count(call => call.Result is { } result && Errno.IsDuplicate(result));
}
