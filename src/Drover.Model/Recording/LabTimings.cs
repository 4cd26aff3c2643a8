using System.Text.Json;
using System.Text.Json.Serialization;
using Drover.Model.Scenarios;

namespace Drover.Model.Recording;

/// <summary>The times of the load calls of a lab run: <c>tracedCalls</c> of <c>lab/run --json</c>. Immutable.</summary>
/// <remarks>Meant for a run that loads one module after another (<c>--loader drover --drover-args '--jobs 1'</c>, or
/// <c>--loader list</c>), where a call's time is the module's own. Drover continues as soon as a module is live, while
/// its call may still wait for asynchronous probes of any driver (kernel: <c>do_init_module</c>,
/// <c>async_synchronize_full</c>). So where the next call begins before one has ended, the module took until then; of
/// several calls that wait at the same time, the first is taken as the one whose probes the others wait for. With
/// <c>busySeconds</c> (the clock of instructions) a call's work and its sleep are told apart; the sleep of a call that
/// waits for other probes is unknown, and taken as none.</remarks>
public sealed class LabTimings
{
    const int MaxFileBytes = 64 << 20; // a udev run with 255 CPUs has 10,000 calls of 200 bytes
    const double MaxSeconds = 1e9; // seconds in a file are below this: thirty years

    /// <summary>A call's return once its module is live, emulated: 2 ms were seen. Probes take longer.</summary>
    const double MaxReturnSeconds = 0.01;

    const string Success = "0";
    const string Expected = "timings are the output of 'lab/run --json FILE'";

    readonly Dictionary<string, ModuleTiming> _modules = new(StringComparer.Ordinal);

    LabTimings(List<TracedCall> calls)
    {
        var waitedUntil = double.NegativeInfinity;
        for (var i = 0; i < calls.Count; i++)
        {
            var (start, end) = (calls[i].StartSeconds, calls[i].EndSeconds);
            var (module, result) = (calls[i].Module!, calls[i].Result!);
            var next = i + 1 < calls.Count ? Math.Max(calls[i + 1].StartSeconds, start) : double.PositiveInfinity;
            var lingers = result == Success && end - next > MaxReturnSeconds;
            var probes = lingers && start >= waitedUntil ? end - next : 0;
            if (lingers)
                waitedUntil = Math.Max(waitedUntil, end);
            var error = result == Success ? null : result;
            var ownNs = Ns(Math.Min(end, next) - start);
            long? busyNs = calls[i].BusySeconds is { } busy ? Math.Min(Ns(busy), ownNs) : null;
            var sleepNs = busyNs is null || (lingers && probes == 0) ? 0 : ownNs - busyNs.Value;
            var isKnown = _modules.TryGetValue(module, out var known) && (known.Error is null || error is not null);
            if (isKnown || IsDuplicate(result))
                continue;
            _modules[module] = new(calls[i].Syscall ?? "", busyNs ?? ownNs, Ns(probes), error)
            {
                SleepNs = sleepNs,
                HasSleep = busyNs is not null,
            };
        }
    }

    /// <summary>A call with this result (an errno's name) was a duplicate: its time is not the module's. A signal ends
    /// only a call that waits for another (kernel: <c>module_patient_check_exists</c>).</summary>
    public static bool IsDuplicate(string result) => ErrnoText.IsDuplicate(result) || result == "EINTR";

    public ModuleTiming? Of(string module) => _modules.TryGetValue(module, out var timing) ? timing : null;

    /// <exception cref="ScenarioException">Not the output of <c>lab/run --json</c>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Permission denied, or the path is a directory.</exception>
    public static LabTimings Read(Stream stream, string file) =>
        Read(ScenarioFile.ReadBounded(stream, file, MaxFileBytes), file);

    /// <param name="file">The file's name, for messages.</param>
    /// <exception cref="ScenarioException">Not the output of <c>lab/run --json</c>.</exception>
    public static LabTimings Read(ReadOnlySpan<byte> json, string file)
    {
        var run = ScenarioFile.Parse(json, file, LabJson.Default.LabRun, Expected);
        if (run.TracedCalls is not { } calls)
            throw new ScenarioException($"{file}: has no tracedCalls: {Expected}");
        for (var i = 0; i < calls.Count; i++)
        {
            if (!IsTime(calls[i].StartSeconds) || !IsTime(calls[i].Seconds) || !IsTime(calls[i].BusySeconds ?? 0))
            {
                throw new ScenarioException(
                    $"{file}: tracedCalls[{i}]: startSeconds, seconds and busySeconds must be "
                    + $"from 0 to {MaxSeconds:0}");
            }
        }
        // calls without a result had not ended
        var ended = calls.Where(call => call is { Module: not null, Result: not null });
        return new([.. ended.OrderBy(call => call.StartSeconds)]);

        static bool IsTime(double seconds) => seconds is >= 0 and < MaxSeconds;
    }

    static long Ns(double seconds) => (long)Math.Round(seconds * 1e9);
}

/// <param name="Syscall"><c>finit_module</c> or <c>init_module</c>.</param>
/// <param name="CallNs">From the call until the module is live or has failed; without its sleep if that is
/// known.</param>
/// <param name="AsyncProbeNs">How long the call then waited for the module's asynchronous probes.</param>
/// <param name="Error">The errno's name; null for success.</param>
public readonly record struct ModuleTiming(string Syscall, long CallNs, long AsyncProbeNs, string? Error)
{
    /// <summary>The call's time without a CPU until the module was live or had failed; 0 where it is unknown.</summary>
    public long SleepNs { get; init; }

    /// <summary>Work and sleep are told apart, so that waits are real time and only work is slower.</summary>
    public bool HasSleep { get; init; }
}

sealed record LabRun(IReadOnlyList<TracedCall>? TracedCalls = null);

[method: JsonConstructor]
readonly record struct TracedCall(
    double StartSeconds, double Seconds, string? Module = null, string? Result = null, string? Syscall = null,
    double? BusySeconds = null)
{
    [JsonIgnore]
    public double EndSeconds => StartSeconds + Seconds;
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict, GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip)]
[JsonSerializable(typeof(LabRun))]
sealed partial class LabJson : JsonSerializerContext;

/// <summary>Puts measured times into a scenario.</summary>
public static class TimedScenario
{
    /// <summary>Divides the times by the slowdown of their machine against the machine of the costs; sleep is not
    /// slower.</summary>
    /// <exception cref="ScenarioException">A cost of the scenario has an unknown name.</exception>
    public static Scenario With(Scenario scenario, LabTimings timings, double slowdown)
    {
        var costs = new CostModel().With(scenario.Costs);
        var modules = scenario.Modules.Select(module => Timed(module, scenario.Compression, timings, costs, slowdown));
        return scenario with { Modules = [.. modules] };
    }

    /// <summary>Keeps the times and multiplies the costs by the slowdown instead: a model of the emulated guest, whose
    /// CPUs share one thread. The same as <see cref="With"/> by the guest's clock.</summary>
    /// <exception cref="ScenarioException">A cost of the scenario has an unknown name.</exception>
    public static Scenario AsGuest(Scenario scenario, LabTimings timings, double slowdown)
    {
        var costs = new CostModel().With(scenario.Costs);
        // a guest already: its costs have been multiplied
        if (costs.EmulatorThreads > 0)
            return With(scenario, timings, 1);
        var slower = CostTable.All.Where(cost => cost.IsWork)
            .ToDictionary(cost => cost.Name, cost => cost.Of(costs) * slowdown, StringComparer.Ordinal);
        foreach (var (name, value) in scenario.Costs)
            slower.TryAdd(name, value);
        slower["emulatorThreads"] = 1;
        // estimates are of a real machine
        var modules = scenario.Modules.Select(module => module with { InitNs = (long)(module.InitNs * slowdown) });
        return With(scenario with { Modules = [.. modules], Costs = slower }, timings, 1);
    }

    static ScenarioModule Timed(
        ScenarioModule module, ModuleCompression compression, LabTimings timings, CostModel costs, double slowdown)
    {
        if (timings.Of(module.Name) is not { } timing)
            return module;
        var stages = StagesNs(module, compression, costs, timing.Syscall);
        return module with
        {
            InitNs = Bounded((timing.CallNs / slowdown) - stages),
            InitSleepNs = Bounded(timing.SleepNs),
            AsyncProbeNs = Bounded(timing.AsyncProbeNs / (timing.HasSleep ? 1 : slowdown)),
            InitError = timing.Error is { } error && ErrnoText.TryParse(error, out _) ? error : null,
            IsMeasured = true,
        };
    }

    /// <summary>The time of a call without the module's init, in ns.</summary>
    static double StagesNs(ScenarioModule module, ModuleCompression compression, CostModel costs, string syscall)
    {
        var decompression = compression is ModuleCompression.None ? 0 : costs.DecompressNsPerByte * module.ElfBytes;
        var transfer = syscall == "init_module"
            ? costs.CopyNsPerByte * module.ElfBytes
            : (costs.ReadNsPerByte * module.FileBytes) + decompression;
        return costs.SyscallNs + transfer + (costs.VerifyNsPerByte * module.ElfBytes)
            + ((costs.LayoutNsPerByte + costs.RelocateNsPerByte) * module.ImageBytes) + costs.SetupNs;
    }

    static long Bounded(double ns) => (long)Math.Clamp(ns, 0, ScenarioLimits.MaxTimeNs);
}
