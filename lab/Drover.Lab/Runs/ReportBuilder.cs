using Drover.Kernel;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Reading;
using Drover.Model.Kernel;

namespace Drover.Lab.Runs;

static class ReportBuilder
{
    public static RunReport Build(GuestRun run, GuestResult result, string? binarySha256)
    {
        var facts = GuestFacts.Facts(result.Required("facts"));
        var trace = ModuleTrace.Read(result.Required("trace"));
        var attempted = trace.Calls.Select(call => call.Module).OfType<string>().Distinct().ToList();
        var before = GuestFacts.Modules(result.Required("modules.before"));
        var stats = result.Text("stats") is { } text ? ModuleStats.Parse(text) : null;
        var waste = Waste.Of(trace.Calls, stats, run.Kernel.ModuleFileBytes);
        var (processes, loaderMemory) = result.Text("memory.processes") is { } workers
            ? GuestFacts.Processes(workers)
            : (1, GuestFacts.MaxResidentBytes(result.Text("memory.time") ?? ""));

        return new(
            Kernel: run.Kernel.System.ToString(), KernelRelease: result.Required("release").Trim(),
            Gate: run.Gate.OptionName(), Cpus: run.Cpus, Loader: run.Loader.OptionName(),
            LoaderStatus: (int)facts["status"],
            Calls: ByResult(trace.Calls),
            CallsBySyscall: trace.Calls.GroupBy(call => call.Syscall).ToDictionary(group => group.Key, ByResult),
            Attempted: attempted.Order(StringComparer.Ordinal).ToList(),
            Live: GuestFacts.Modules(result.Required("modules.after")),
            Nodes: GuestFacts.Nodes(result.Text("nodes") ?? ""), LiveBefore: before, WastedBytes: waste.Bytes,
            WastedDuplicateBytes: waste.DuplicateBytes, WastedBytesSource: waste.Source, Memory: run.Memory,
            LoaderStartSeconds: Mark("start"), ColdplugSeconds: Math.Round(Mark("end") - Mark("start"), 6),
            EventSeconds: trace.Marks.TryGetValue("event", out var first) ? Math.Round(Mark("end") - first, 6) : null,
            ColdplugCpuSeconds: Math.Round(result.LoaderCpu.TotalSeconds, 2),
            PeakMemoryBytes: GuestFacts.Kilobytes(result.Required("memory.peak")),
            StartMemoryBytes: GuestFacts.Kilobytes(result.Required("memory.start")), LoaderMemoryBytes: loaderMemory,
            LoaderProcesses: processes, BootSeconds: facts["initUptime"],
            UnnamedCalls: trace.Calls.Count(call => call.Module is null), LostEvents: trace.LostEvents,
            KernelRequests: trace.Requests, Warnings: [.. trace.Warnings, .. Warnings(run, result, trace, before)],
            Uevents: int.Parse(result.Required("uevents")), SysfsDirectories: int.Parse(result.Required("directories")),
            SysfsWalkSeconds: Math.Round(facts["walkEnd"] - facts["walkStart"], 2), BinarySha256: binarySha256,
            ModuleStats: stats, DroverErrors: result.Text("drover.err") is { Length: > 0 } errors ? errors : null,
            Watch: result.Text("watch.jsonl") is { } recording
                ? WatchAgreement.Of(WatchRecord.Read(recording), trace.Calls, stats, result)
                : null,
            FileBytes: attempted.Where(run.Kernel.ModuleFileBytes.ContainsKey)
                .ToDictionary(module => module, module => run.Kernel.ModuleFileBytes[module]),
            Audit: AuditAgreement.Of(run, result, trace.Calls.Count, before.Count), Clock: run.Clock.OptionName(),
            Threads: run.Threads.OptionName(), Seed: run.Seed, Instructions: trace.Instructions,
            TracedCalls: trace.Calls)
        {
            RestingMemoryBytes = result.Text("memory.resting") is { } resting ? GuestFacts.Kilobytes(resting) : null,
            Scenario = result.Text("scenario.json") ?? result.Text("scenario.err"),
        };

        double Mark(string name) => trace.Marks.TryGetValue(name, out var seconds)
            ? seconds
            : throw new FormatException($"the trace has no mark {name}");
    }

    static IReadOnlyDictionary<string, int> ByResult(IEnumerable<ModuleCall> calls) => calls
        .CountBy(call => call.Result ?? "in flight").OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary();

    /// <summary>Contradictions in the evidence.</summary>
    static IEnumerable<string> Warnings(
        GuestRun run, GuestResult result, ModuleTrace trace, IReadOnlyList<string> before)
    {
        if (trace.LostEvents > 0)
            yield return $"the trace lost {trace.LostEvents} events: counts are too low";
        if (trace.Calls.Count(call => call.Module is null) is > 0 and var unnamed)
            yield return $"{unnamed} calls have no module name in the trace";
        if (run.Kernel.System.IsGates && result.Text("gate")?.Trim() is var gate && gate != run.Gate.OptionName())
            yield return $"the kernel's gate is {gate ?? "unknown"}, not {run.Gate.OptionName()}";

        var processes = GuestFacts.Processes(result.Text("memory.processes") ?? "").Processes;
        if (run.Loader == GuestLoader.Udev && processes == 1)
            yield return "udev's workers had ended before their memory was read: loader memory is udevd's alone";

        var after = GuestFacts.Modules(result.Required("modules.after"));
        var untraced = after.Except(before).Except(trace.Loaded).ToList();
        if (untraced.Count > 0)
            yield return $"live without a module_load event: {string.Join(' ', untraced)}";
    }
}

/// <summary>Bytes wasted by failed calls, and the part of them wasted by duplicates.</summary>
readonly record struct Waste(long Bytes, long DuplicateBytes, string Source)
{
    public static Waste Of(
        IReadOnlyList<ModuleCall> calls, ModuleStats? stats, IReadOnlyDictionary<string, long> fileBytes)
    {
        if (stats is not null)
        {
            var ordinary = calls.Sum(call => CountedByKernel(call, fileBytes));
            return new(stats.WastedBytes, Math.Max(0, stats.WastedBytes - ordinary), "kernel statistics");
        }

        var failed = calls.Where(call => call.Result is not (null or "0")).ToList();
        return new(
            failed.Sum(call => Passed(call, fileBytes)),
            failed.Where(call => ErrnoText.IsDuplicate(call.Result)).Sum(call => Passed(call, fileBytes)),
            "bytes read or handed over by failed calls");
    }

    /// <summary>What the kernel's statistics count for a failed call that is no duplicate: the file twice
    /// after layout_and_allocate, as for an unknown symbol; once before it; nothing if the module's init
    /// failed (ENODEV).</summary>
    static long CountedByKernel(ModuleCall call, IReadOnlyDictionary<string, long> fileBytes) => call.Result switch
    {
        "ENOENT" or "EINVAL" => 2 * Passed(call, fileBytes),
        "ENOEXEC" or "EPERM" or "EKEYREJECTED" => Passed(call, fileBytes),
        _ => 0,
    };

    /// <summary>Bytes read or passed by a call; 0 for ETXTBSY, which comes before reading and allocation.</summary>
    static long Passed(ModuleCall call, IReadOnlyDictionary<string, long> fileBytes) =>
        call.Result == "ETXTBSY" ? 0 : call.Bytes ?? fileBytes.GetValueOrDefault(call.Module ?? "");
}
