using Drover.Lab.Prepare;
using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;

namespace Drover.Lab.Fidelity;

/// <summary>The model in place of the real guests.</summary>
static class FidelityModel
{
    /// <summary>Medians of runs with the seeds 1 to <paramref name="seeds"/>.</summary>
    public static FidelityFigures Run(Scenario scenario, Gate gate, int cpus, int seeds) =>
        FidelityFigures.Of(Enumerable.Range(1, seeds).Select(seed => HerdRun.Run(new HerdOptions
        {
            Scenario = scenario,
            Cpus = cpus,
            Gate = gate switch
            {
                Gate.None => GateKind.None,
                Gate.Early => GateKind.EarlyCheck,
                Gate.Exclusive => GateKind.Exclusive,
                Gate.Idempotent => GateKind.Idempotent,
                _ => throw new ArgumentOutOfRangeException(nameof(gate)),
            },
            Seed = seed,
        })).ToList());
}
