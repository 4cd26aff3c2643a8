using Drover.Loading;
using Drover.Modules;

namespace Drover.Model;

/// <summary>Puts measured times into a scenario. Stateless.</summary>
public static class TimedScenario
{
    /// <summary>Times of a machine that is slower than the one the costs are of, by a factor; they are divided by it.</summary>
    /// <exception cref="ScenarioException">A cost of the scenario's has no such name.</exception>
    public static Scenario With(Scenario scenario, LabTimings timings, double slowdown) =>
        scenario with { Modules = [.. scenario.Modules.Select(module => Timed(module, scenario.Compression, timings, new CostModel().With(scenario.Costs), slowdown))] };

    /// <summary>
    /// Times kept as they are, and the costs multiplied by the factor instead: a model of the emulated guest itself, whose CPUs one thread emulates. The same as
    /// <see cref="With"/>, seen by the guest's clock.
    /// </summary>
    /// <exception cref="ScenarioException">A cost of the scenario's has no such name.</exception>
    public static Scenario AsGuest(Scenario scenario, LabTimings timings, double slowdown)
    {
        var costs = new CostModel().With(scenario.Costs);
        // such a guest already: its costs have been multiplied
        if (costs.EmulatorThreads > 0)
            return With(scenario, timings, 1);
        var slower = CostTable.All.Where(cost => cost.IsWork).ToDictionary(cost => cost.Name, cost => cost.Of(costs) * slowdown, StringComparer.Ordinal);
        foreach (var (name, value) in scenario.Costs)
            slower.TryAdd(name, value);
        slower["emulatorThreads"] = 1;
        // what is merely estimated is of a real machine
        var modules = scenario.Modules.Select(module => module with { InitNs = (long)(module.InitNs * slowdown) });
        return With(scenario with { Modules = [.. modules], Costs = slower }, timings, 1);
    }

    static ScenarioModule Timed(ScenarioModule module, ModuleCompression compression, LabTimings timings, CostModel costs, double slowdown)
    {
        if (timings.Of(module.Name) is not { } timing)
            return module;
        var stages = StagesNs(module, compression, costs, timing.Syscall);
        return module with
        {
            InitNs = Bounded((timing.CallNs / slowdown) - stages),
            AsyncProbeNs = Bounded(timing.AsyncProbeNs / slowdown),
            InitError = timing.Error is { } error && ErrnoText.TryParse(error, out _) ? error : null,
            IsMeasured = true,
        };
    }

    /// <summary>What a call costs beside the module's init, in ns, by the costs of <see cref="CostModel"/>.</summary>
    static double StagesNs(ScenarioModule module, ModuleCompression compression, CostModel costs, string syscall)
    {
        var hands = syscall == "init_module" ? costs.CopyNsPerByte * module.ElfBytes
            : (costs.ReadNsPerByte * module.FileBytes) + (compression is ModuleCompression.None ? 0 : costs.DecompressNsPerByte * module.ElfBytes);
        return costs.SyscallNs + hands + (costs.VerifyNsPerByte * module.ElfBytes) + ((costs.LayoutNsPerByte + costs.RelocateNsPerByte) * module.ImageBytes) + costs.SetupNs;
    }

    static long Bounded(double ns) => (long)Math.Clamp(ns, 0, ScenarioLimits.TimeNs);
}
