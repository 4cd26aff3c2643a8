using Drover.Model;
using Drover.Verbs.Herd;

namespace Drover.Verbs.Audit;

/// <summary>A boot of the model, and what it stands for.</summary>
sealed record AuditBoot(string Title, HerdResult Result)
{
    public long Calls => RunCells.CallsOf(Result);

    /// <summary>Calls beyond one for each module tried.</summary>
    public long TooMany => Calls - Result.Attempted;
}

/// <summary>The boots of an audit, in their order. Stateless.</summary>
static class AuditBoots
{
    static readonly GateKind[] Gates = [GateKind.None, GateKind.EarlyCheck, GateKind.Exclusive, GateKind.Idempotent];

    /// <summary>udev as it is there, with Drover, udev on each gate, and both with more CPUs.</summary>
    /// <param name="cpus">Of the larger machine; where it is no other number, it is left out.</param>
    public static List<(string Title, HerdOptions Options)> Plan(AuditedMachine machine, int cpus)
    {
        var path = machine.Path;
        var udev = new HerdOptions
        {
            Scenario = machine.Scenario,
            Cpus = machine.Scenario.Cpus,
            MemoryBytes = machine.Scenario.MemoryBytes,
            Herd = path.Udev,
            Gate = path.ModelGate,
            KernelDecompresses = path.KernelReadsFiles,
        };
        var drover = udev with { Herd = HerdKind.Drover };
        var boots = new List<(string, HerdOptions)> { ("udev as it is", udev), ("Drover", drover) };
        foreach (var gate in Gates)
            boots.Add(($"udev, gate {HerdNames.Of(gate)}", udev with { Herd = HerdKind.Udev, Gate = gate, KernelDecompresses = true }));
        if (cpus != udev.Cpus)
            boots.AddRange([($"udev as it is, {HerdNames.CpusOf(cpus)}", udev with { Cpus = cpus }), ($"Drover, {HerdNames.CpusOf(cpus)}", drover with { Cpus = cpus })]);
        return boots;
    }
}
