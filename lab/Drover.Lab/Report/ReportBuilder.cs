using System.Globalization;
using Drover.Lab.Guest;
using Drover.Lab.Reading;

namespace Drover.Lab.Report;

/// <summary>Turns what a guest sent into a report.</summary>
static class ReportBuilder
{
    public static RunReport Build(GuestRun run, GuestResult result, string? binarySha256)
    {
        var facts = GuestFacts.Facts(result.Required("facts"));
        var trace = ModuleCallReader.Read(result.Required("trace"));
        var stats = result.Text("stats") is { } text ? ModuleStats.Parse(text) : null;
        var waste = Waste.Of(trace.Calls, stats, run.Kernel.ModuleFileBytes);
        var (processes, loaderMemory) = LoaderMemory(result);

        return new RunReport
        {
            Kernel = run.Kernel.Name,
            KernelRelease = result.Required("release").Trim(),
            Gate = run.Gate.ToString().ToLowerInvariant(),
            Cpus = run.Cpus,
            Loader = run.Loader.ToString().ToLowerInvariant(),
            LoaderStatus = (int)facts["status"],
            Calls = ByResult(trace.Calls),
            CallsBySyscall = trace.Calls.GroupBy(call => call.Syscall).ToDictionary(group => group.Key, ByResult),
            Attempted = trace.Calls.Select(call => call.Module).OfType<string>().Distinct().Order(StringComparer.Ordinal).ToList(),
            Live = GuestFacts.Modules(result.Required("modules.after")),
            Nodes = GuestFacts.Nodes(result.Text("nodes") ?? ""),
            LiveBefore = GuestFacts.Modules(result.Required("modules.before")),
            WastedBytes = waste.Bytes,
            WastedDuplicateBytes = waste.DuplicateBytes,
            WastedBytesSource = waste.Source,
            Memory = run.Memory,
            LoaderStartSeconds = facts["start"],
            ColdplugSeconds = Math.Round(facts["end"] - facts["start"], 2),
            EventSeconds = facts.TryGetValue("event", out var first) ? Math.Round(facts["end"] - first, 2) : null,
            ColdplugCpuSeconds = Math.Round(result.LoaderCpu.TotalSeconds, 2),
            PeakMemoryBytes = GuestFacts.Kilobytes(result.Required("memory.peak")),
            StartMemoryBytes = GuestFacts.Kilobytes(result.Required("memory.start")),
            LoaderMemoryBytes = loaderMemory,
            LoaderProcesses = processes,
            BootSeconds = facts["initUptime"],
            UnnamedCalls = trace.Calls.Count(call => call.Module is null),
            LostEvents = trace.LostEvents,
            KernelRequests = trace.Requests,
            Warnings = [.. trace.Warnings, .. Doubts(run, result, trace)],
            Uevents = int.Parse(result.Required("uevents"), CultureInfo.InvariantCulture),
            SysfsDirectories = int.Parse(result.Required("directories"), CultureInfo.InvariantCulture),
            SysfsWalkSeconds = Math.Round(facts["walkEnd"] - facts["walkStart"], 2),
            BinarySha256 = binarySha256,
            ModuleStats = stats,
            Scenario = result.Text("scenario.json") ?? result.Text("scenario.err"),
            DroverErrors = result.Text("drover.err") is { Length: > 0 } errors ? errors : null,
            Watch = result.Text("watch.jsonl") is { } seen ? WatchAgreement.Of(WatchRecord.Read(seen), trace.Calls, stats, result) : null,
            FileBytes = trace.Calls.Select(call => call.Module).OfType<string>().Distinct().Where(run.Kernel.ModuleFileBytes.ContainsKey).ToDictionary(module => module, module => run.Kernel.ModuleFileBytes[module]),
            Audit = AuditAgreement.Of(run, result, trace.Calls.Count, GuestFacts.Modules(result.Required("modules.before")).Count),
            TracedCalls = trace.Calls,
        };
    }

    static IReadOnlyDictionary<string, int> ByResult(IEnumerable<ModuleCall> calls) => calls
        .GroupBy(call => call.Result ?? "in flight")
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.Count());

    static (int Processes, long Bytes) LoaderMemory(GuestResult result) => result.Text("memory.processes") is { } workers
        ? GuestFacts.Processes(workers)
        : (1, GuestFacts.MaximumResidentBytes(result.Text("memory.time") ?? ""));

    /// <summary>Where the evidence does not agree with itself.</summary>
    static IEnumerable<string> Doubts(GuestRun run, GuestResult result, ModuleCalls trace)
    {
        if (trace.LostEvents > 0)
            yield return $"the trace lost {trace.LostEvents} events: counts are too low";
        if (trace.Calls.Count(call => call.Module is null) is > 0 and var unnamed)
            yield return $"{unnamed} calls have no module name in the trace";
        if (run.Kernel.Name == "gates" && result.Text("gate")?.Trim() != $"{(int)run.Gate}")
            yield return $"the kernel's gate is {result.Text("gate")?.Trim() ?? "not there"}, asked for was {(int)run.Gate}";

        if (run.Loader == Loader.Udev && result.Text("memory.processes") is { } workers && GuestFacts.Processes(workers).Processes == 1)
            yield return "udev's workers had ended before their memory was read: the loader's memory is udevd's alone";

        var before = GuestFacts.Modules(result.Required("modules.before"));
        var untraced = GuestFacts.Modules(result.Required("modules.after")).Except(before).Except(trace.Loaded).ToList();
        if (untraced.Count > 0)
            yield return $"live without a module_load event: {string.Join(' ', untraced)}";
    }
}
