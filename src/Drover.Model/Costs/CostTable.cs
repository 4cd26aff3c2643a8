namespace Drover.Model;

/// <summary>One property of <see cref="CostModel"/>, by name.</summary>
/// <param name="Name">In camelCase: its unit is its ending.</param>
/// <param name="Of">Its value.</param>
/// <param name="With">The same costs with another value.</param>
public sealed record CostEntry(string Name, Func<CostModel, double> Of, Func<CostModel, double, CostModel> With)
{
    /// <summary>A time of computing, in ns, or ns for each byte: on a slower machine it is more. A slice goes by the clock.</summary>
    public bool IsWork => Name is not "sliceNs" && (Name.EndsWith("Ns", StringComparison.Ordinal) || Name.EndsWith("NsPerByte", StringComparison.Ordinal));
}

/// <summary>The costs by name, as scenarios and command lines set them. A table, because looking at types takes longer than a run. Immutable.</summary>
public static class CostTable
{
    /// <summary>All of them, in the order of <see cref="CostModel"/>.</summary>
    public static IReadOnlyList<CostEntry> All { get; } =
    [
        new("syscallNs", costs => costs.SyscallNs, (costs, value) => costs with { SyscallNs = value }),
        new("openNs", costs => costs.OpenNs, (costs, value) => costs with { OpenNs = value }),
        new("readNsPerByte", costs => costs.ReadNsPerByte, (costs, value) => costs with { ReadNsPerByte = value }),
        new("decompressNsPerByte", costs => costs.DecompressNsPerByte, (costs, value) => costs with { DecompressNsPerByte = value }),
        new("copyNsPerByte", costs => costs.CopyNsPerByte, (costs, value) => costs with { CopyNsPerByte = value }),
        new("verifyNsPerByte", costs => costs.VerifyNsPerByte, (costs, value) => costs with { VerifyNsPerByte = value }),
        new("layoutNsPerByte", costs => costs.LayoutNsPerByte, (costs, value) => costs with { LayoutNsPerByte = value }),
        new("relocateNsPerByte", costs => costs.RelocateNsPerByte, (costs, value) => costs with { RelocateNsPerByte = value }),
        new("setupNs", costs => costs.SetupNs, (costs, value) => costs with { SetupNs = value }),
        new("setupTurns", costs => costs.SetupTurns, (costs, value) => costs with { SetupTurns = value }),
        new("setupTurnNsPerCpu", costs => costs.SetupTurnNsPerCpu, (costs, value) => costs with { SetupTurnNsPerCpu = value }),
        new("wakeNs", costs => costs.WakeNs, (costs, value) => costs with { WakeNs = value }),
        new("initStateNs", costs => costs.InitStateNs, (costs, value) => costs with { InitStateNs = value }),
        new("lookupNs", costs => costs.LookupNs, (costs, value) => costs with { LookupNs = value }),
        new("rulesNs", costs => costs.RulesNs, (costs, value) => costs with { RulesNs = value }),
        new("forkNs", costs => costs.ForkNs, (costs, value) => costs with { ForkNs = value }),
        new("triggerNs", costs => costs.TriggerNs, (costs, value) => costs with { TriggerNs = value }),
        new("dispatchNs", costs => costs.DispatchNs, (costs, value) => costs with { DispatchNs = value }),
        new("startNs", costs => costs.StartNs, (costs, value) => costs with { StartNs = value }),
        new("contextSwitchNs", costs => costs.ContextSwitchNs, (costs, value) => costs with { ContextSwitchNs = value }),
        new("sliceNs", costs => costs.SliceNs, (costs, value) => costs with { SliceNs = value }),
        new("emulatorThreads", costs => costs.EmulatorThreads, (costs, value) => costs with { EmulatorThreads = value }),
        new("jitter", costs => costs.Jitter, (costs, value) => costs with { Jitter = value }),
        new("baseBytes", costs => costs.BaseBytes, (costs, value) => costs with { BaseBytes = value }),
        new("workerBytes", costs => costs.WorkerBytes, (costs, value) => costs with { WorkerBytes = value }),
        new("kasanTimeFactor", costs => costs.KasanTimeFactor, (costs, value) => costs with { KasanTimeFactor = value }),
        new("kasanImageFactor", costs => costs.KasanImageFactor, (costs, value) => costs with { KasanImageFactor = value }),
        new("kasanShadow", costs => costs.KasanShadow, (costs, value) => costs with { KasanShadow = value }),
    ];

    /// <summary>The cost of that name, or null.</summary>
    public static CostEntry? Find(string name) => All.FirstOrDefault(cost => cost.Name == name);

    /// <summary>Costs with others' values where those have one.</summary>
    /// <exception cref="ScenarioException">There is no cost of that name.</exception>
    public static CostModel With(this CostModel costs, IReadOnlyDictionary<string, double> others)
    {
        foreach (var (name, value) in others)
            costs = (Find(name) ?? throw new ScenarioException($"costs.{name}: there is no such cost")).With(costs, value);
        return costs;
    }
}
