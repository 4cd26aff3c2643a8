using System.Text;
using Drover.Text;

namespace Drover.Lab.Runs;

static class RunReportText
{
    const int MaxRequestsShown = 3;

    public static string Of(RunReport run)
    {
        var text = new StringBuilder();
        var before = run.LiveBefore.Count > 0 ? $", {run.LiveBefore.Count} of them before the loader" : "";
        var events = run.EventSeconds is { } seconds ? $", {seconds:F3} s from the first event" : "";
        Row("system", $"{run.Kernel} ({run.KernelRelease}), gate {run.Gate}, {run.Cpus} CPUs");
        Row("clock", run.Clock == "instructions"
            ? $"instructions: 1 ns each, idle time skipped; seed {run.Seed}"
            : $"this machine's; QEMU with {run.Threads} threads");
        Row("loader", $"{run.Loader}, ended with status {run.LoaderStatus}");
        Row("calls", $"{run.TotalCalls}: {Results(run.Calls)}{BySyscall(run)}");
        Row("attempted", $"{run.Attempted.Count} distinct modules");
        Row("live", $"{run.Live.Count} modules{before}");
        Row("wasted", $"{Bytes(run.WastedBytes)}, by duplicates {Bytes(run.WastedDuplicateBytes)} "
            + $"({run.WastedBytesSource})");
        var cpu = run.Instructions is null ? $", {run.ColdplugCpuSeconds:F2} s of CPU" : "";
        Row("coldplug", $"{run.ColdplugSeconds:F3} s of guest time{events}{cpu} (boot to init {run.BootSeconds:F1} s)");
        if (run.Instructions is { } executed)
        {
            Row("instructions", $"{Giga(executed.Total)}: loader {Giga(executed.Loader)}, udev {Giga(executed.Udev)}, "
                + $"module loading {Giga(executed.ModuleLoading)}, rest {Giga(executed.Rest)}; "
                + $"idle {executed.IdleSeconds:F3} s");
        }
        Row("peak memory", $"{Bytes(run.PeakMemoryBytes)} in use, {Bytes(run.StartMemoryBytes)} before the loader");
        var rest = run.RestingMemoryBytes is { } resting ? $"; {Bytes(resting)} half a minute later" : "";
        Row("loader memory", $"{Bytes(run.LoaderMemoryBytes)}, {run.LoaderProcesses} "
            + $"process{(run.LoaderProcesses == 1 ? "" : "es")}{rest}");
        Row("devices",
            $"{run.Uevents} uevent files in {run.SysfsDirectories} directories; find took {run.SysfsWalkSeconds:F2} s");
        if (run.Nodes.Count > 0)
            Row("in /dev", $"{run.Nodes.Count} nodes and links");
        if (run.KernelRequests.Count > 0)
        {
            var first = run.KernelRequests.Take(MaxRequestsShown).Select(request => request.Split(' ')[0]);
            Row("kernel asked", $"modprobe {run.KernelRequests.Count} times itself: {string.Join(", ", first)}"
                + (run.KernelRequests.Count > MaxRequestsShown ? ", …" : ""));
        }
        if (run.Watch is { } watch)
            Row("watch", watch.ToString());
        if (run.Audit is { } audit)
            Row("audit", audit.ToString());
        foreach (var warning in run.Warnings)
            Row("warning", warning);
        return text.ToString();

        void Row(string name, string value) => text.Append(name.PadRight(15)).AppendLine(value);
    }

    public static string Results(IReadOnlyDictionary<string, int> calls) =>
        calls.Count == 0 ? "none" : string.Join("  ", calls.Select(pair => $"{pair.Key} {pair.Value}"));

    public static string Bytes(long bytes) => ByteSize.Format(bytes);

    static string Giga(long count) => $"{count / 1e9:F3} G";

    static string BySyscall(RunReport run) => run.CallsBySyscall.Count < 2
        ? ""
        : $" ({string.Join("; ", run.CallsBySyscall.Select(pair => $"{pair.Key}: {Results(pair.Value)}"))})";
}
