using Drover.Kernel;
using Drover.Loading;
using Drover.Text;

namespace Drover.Control;

/// <summary>The daemon's metrics. The first method lists every metric with its type and help, as docs/fleet.md does.
/// </summary>
public static class Metrics
{
    const string Failed = "drover_module_failed", Refused = "drover_module_refused", Boot = "drover_boot_seconds";

    /// <param name="boots">How long the last boots took, in microseconds, the present one first.</param>
    internal static string Format(
        ServiceStatus status, IReadOnlyList<ModuleRecord> modules, long[] boots, int connections,
        string version)
    {
        var counts = status.Counts;
        var text = Begin(isUp: true);
        text.Describe("drover_info", "gauge", "1; the daemon's version, and the kernel whose modules it loads.")
            .Add("drover_info", 1, "version", version, "kernel", status.Release);
        text.Counter("drover_requests_total", "Requests received.", counts.Requests);
        text.Describe("drover_outcomes_total", "counter", "Modules requested, dependencies left out, by outcome.");
        // all of them: a series that begins with 1 is no increase for Prometheus
        foreach (var kind in Enum.GetValues<OutcomeKind>())
        {
            text.Add(
                "drover_outcomes_total", counts.Outcomes.GetValueOrDefault(kind), "outcome", OutcomeJson.NameOf(kind));
        }
        text.Describe("drover_load_calls_total", "counter", "Load calls to the kernel, by errno; 0 is success.");
        foreach (var call in counts.CallsByErrno.OrderBy(entry => entry.Key))
            text.Add("drover_load_calls_total", call.Value, "errno", OutcomeJson.KeyOf(call.Key));
        text.Counter(
            "drover_attempted_modules_total", "Distinct modules with at least one load call.", counts.Attempted);
        text.Counter(
            "drover_loaded_bytes_total", "Bytes of module files in load calls that succeeded.", counts.LoadedFileBytes);
        text.Counter(
            "drover_wasted_bytes_total", "Bytes of module files in load calls that ended in EEXIST, EBUSY or ETXTBSY.",
            counts.WastedFileBytes);
        text.Counter("drover_events_total", "Uevents received.", status.Events);
        text.Counter(
            "drover_lost_events_total", "Times the kernel dropped uevents; a scan of all devices followed each time.",
            status.TimesLost);
        text.Counter("drover_devices_total", "Devices seen.", status.Devices);
        text.Counter(
            "drover_reloads_total", "Times the indexes and the configuration were read again.", status.Reloads);
        text.Gauge("drover_running_loads", "Load calls in the kernel.", status.RunningCount);
        text.Gauge("drover_waiting_requests", "Requests without an outcome.", status.WaitingCount);
        text.Gauge(
            "drover_settled", "1 if all events and requests so far have their outcomes.", status.IsSettled ? 1 : 0);
        text.Gauge(
            "drover_peak_inflight_bytes", "Maximum of bytes in flight, as the budget counts them.",
            counts.PeakBytesInFlight);
        text.Gauge("drover_peak_inflight_loads", "Maximum of loads in the budget.", counts.PeakCallsInFlight);
        text.Gauge("drover_connections", "Clients connected to the control socket.", connections);
        text.Describe(
            Failed, "gauge", "1 if the module's last load failed otherwise than for missing hardware, else 0.");
        foreach (var module in modules.Where(module => module.Calls > 0 || HasFailed(module.Last)))
            text.Add(Failed, HasFailed(module.Last) ? 1 : 0, "module", module.Module);
        text.Describe(Refused, "gauge", "1 if the policy refused the last request for the module.");
        foreach (var module in modules.Where(module => module.Last.Kind is OutcomeKind.Forbidden))
            text.Add(Refused, 1, "module", module.Module);
        text.Describe(
            Boot, "gauge", "Seconds from the kernel's start to the end of the boot's last load.");
        for (var ago = 0; ago < boots.Length; ago++)
            text.AddSeconds(Boot, boots[ago], "boots_ago", $"{ago}");
        return text.ToString();
    }

    /// <summary>What is known where no daemon answers.</summary>
    public static string WithoutDaemon() => Begin(isUp: false).ToString();

    static MetricsText Begin(bool isUp) =>
        new MetricsText().Gauge("drover_up", "1 if the daemon answers.", isUp ? 1 : 0);

    static bool HasFailed(ModuleOutcome last) =>
        last.Kind is OutcomeKind.Failed or OutcomeKind.Joined && last.Error is not (Errno.None or Errno.ENODEV);
}
