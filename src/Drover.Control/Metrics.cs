using System.Globalization;
using System.Text;

namespace Drover.Control;

/// <summary>The counts as OpenMetrics 1.0 text. The first method lists every metric with its type and help.</summary>
static class Metrics
{
    public static string Format(ServiceStatus status, int connections)
    {
        var counts = status.Counts;
        var text = new StringBuilder(4096);
        Counter(text, "drover_requests", "Requests received.", counts.Requests);
        Counter(text, "drover_asked", "Modules requested, without their dependencies.", counts.Requested);
        Counter(text, "drover_outcomes", "Modules requested, by outcome.", "outcome",
            counts.Outcomes.OrderBy(entry => entry.Key).Select(entry => (OutcomeJson.NameOf(entry.Key), entry.Value)));
        Counter(text, "drover_converged", "Modules requested and answered without a load call of their own.",
            counts.Converged);
        Counter(text, "drover_load_calls", "Load calls to the kernel, by errno; 0 is success.", "errno",
            counts.CallsByErrno.OrderBy(entry => entry.Key)
                .Select(entry => (OutcomeJson.KeyOf(entry.Key), entry.Value)));
        Counter(text, "drover_attempted", "Distinct modules with at least one load call.", counts.Attempted);
        Counter(text, "drover_loaded_bytes", "Bytes of module files in load calls that succeeded.",
            counts.LoadedFileBytes);
        Counter(text, "drover_wasted_bytes",
            "Bytes of module files in load calls that ended in EEXIST, EBUSY or ETXTBSY.", counts.WastedFileBytes);
        Counter(text, "drover_events", "Uevents received.", status.Events);
        Counter(text, "drover_events_lost",
            "Times the kernel dropped uevents; a scan of all devices followed each time.", status.TimesLost);
        Counter(text, "drover_devices", "Devices seen.", status.Devices);
        Counter(text, "drover_reloads", "Times the indexes and the configuration were read again.", status.Reloads);
        Gauge(text, "drover_running", "Load calls in the kernel.", status.RunningCount);
        Gauge(text, "drover_waiting", "Requests without an outcome.", status.WaitingCount);
        Gauge(text, "drover_settled", "1 if all events and requests so far have their outcomes.",
            status.IsSettled ? 1 : 0);
        Gauge(text, "drover_peak_inflight_bytes", "Maximum of bytes in flight, as the budget counts them.",
            counts.PeakBytesInFlight);
        Gauge(text, "drover_peak_inflight_calls", "Maximum of loads in the budget.", counts.PeakCallsInFlight);
        Gauge(text, "drover_connections", "Clients connected to the control socket.", connections);
        Describe(text, "drover_uptime_seconds", "gauge", "Seconds since the daemon started.");
        Line(text, "drover_uptime_seconds", status.Uptime.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture));
        return text.Append("# EOF\n").ToString();
    }

    static void Counter(StringBuilder text, string name, string help, long value)
    {
        Describe(text, name, "counter", help);
        Line(text, name + "_total", Number(value));
    }

    /// <summary>A counter by the values of a label, none of which needs escaping.</summary>
    static void Counter(
        StringBuilder text, string name, string help, string label, IEnumerable<(string Value, long Count)> counts)
    {
        Describe(text, name, "counter", help);
        foreach (var (value, count) in counts)
            Line(text, $"{name}_total{{{label}=\"{value}\"}}", Number(count));
    }

    static void Gauge(StringBuilder text, string name, string help, long value)
    {
        Describe(text, name, "gauge", help);
        Line(text, name, Number(value));
    }

    static void Describe(StringBuilder text, string name, string type, string help) =>
        text.Append($"# TYPE {name} {type}\n# HELP {name} {help}\n");

    static void Line(StringBuilder text, string sample, string value) => text.Append($"{sample} {value}\n");

    static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
