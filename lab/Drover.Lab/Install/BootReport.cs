using Drover.Kernel;
using Drover.Lab.Guest;
using Drover.Lab.Reading;

namespace Drover.Lab.Install;

/// <summary>One boot of the disk, from the kernel's start until all devices have settled.</summary>
/// <param name="Name">before, earlier, drover, downgraded, after.</param>
/// <param name="Calls">Load calls, those of the initramfs included.</param>
/// <param name="LostEvents">Events that the trace lost; if not 0, counts are too low.</param>
/// <param name="Seconds">On the guest's clock, until all devices had settled.</param>
/// <param name="Active">Whether the daemon's unit is active.</param>
/// <param name="Files">Every file below /etc and /usr, one per line; null in the boot with Drover.</param>
/// <param name="Status">The exit status of install or uninstall.</param>
/// <param name="PeakBytes">Peak memory of the services systemd-udevd and drover (cgroup v2, memory.peak).</param>
sealed record BootReport(
    string Name, IReadOnlyList<ModuleCall> Calls, IReadOnlyList<string> Live, long LostEvents, double Seconds,
    IReadOnlyList<string> FailedUnits, bool Active, string? Files, int Status,
    IReadOnlyDictionary<string, double> PeakBytes)
{
    /// <summary>Calls, by system call and result, that the boot's recording (<c>drover install --watch</c>) lacks; null
    /// without a recording: with dracut, or with the package.</summary>
    public int? Unrecorded { get; init; }

    /// <summary>Compressed, as the boot loader reads it.</summary>
    public long InitramfsBytes { get; init; }

    /// <summary>By udevd's workers, "(udev-worker)".</summary>
    public int ByUdev => Calls.Count(call => call.Comm.Contains("udev", StringComparison.Ordinal));

    /// <summary>By Drover's threads for kernel calls.</summary>
    public int ByDrover => Calls.Count(call => call.Comm == "kernel call");

    /// <summary>By systemd itself, and by kmod for the kernel and for systemd-modules-load.</summary>
    public int ByOthers => Calls.Count - ByUdev - ByDrover;
    public int Duplicates => Calls.Count(call => ErrnoText.IsDuplicate(call.Result));

    public static BootReport Read(string name, GuestResult result)
    {
        var trace = ModuleTrace.Read(result.Required("trace"));
        return new(
            name, trace.Calls, [.. GuestFacts.Lines(result.Required("modules")).Order(StringComparer.Ordinal)],
            trace.LostEvents, double.Parse(result.Required("uptime").Split(' ')[0]),
            [.. GuestFacts.Lines(result.Required("failed"))],
            GuestFacts.Lines(result.Required("active")).FirstOrDefault() == "active", result.Text("files"),
            int.Parse(result.Text("status") ?? "0"), GuestFacts.Facts(result.Text("memory") ?? ""))
        {
            Unrecorded = result.Text("boot.jsonl") is { } recording ? Missing(recording, trace.Calls) : null,
        };
    }

    static int Missing(string recording, IReadOnlyList<ModuleCall> traced)
    {
        try
        {
            var recorded = WatchRecord.Read(recording).Calls;
            return WatchRecord.Missing(WatchRecord.Nameless(WatchRecord.Of(traced)), WatchRecord.Nameless(recorded));
        }
        catch (FormatException problem)
        {
            throw new LabException($"the boot's recording, boot.jsonl, cannot be read: {problem.Message}");
        }
    }
}
