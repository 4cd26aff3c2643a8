using Drover.Lab.Fidelity;
using Drover.Lab.Host;
using Drover.Lab.Prepare;
using Drover.Model.Scenarios;

namespace Drover.Lab.Tests.Fidelity;

public sealed class CostFitTests
{
    const int Cpus = 8, Steps = 40;

    static readonly Scenario s_scenario = ScenarioFile.Load(
        Path.Combine(LabHost.ProjectRoot, "lab/scenarios/gates.json"));

    /// <summary>The "real" machine is the model with other costs, so an exact fit exists.</summary>
    [Fact]
    public void A_fit_comes_closer_to_the_real_figures_and_repeats()
    {
        var real = FidelityModel.Run(
            With(("lookupNs", 400_000), ("setupNs", 4e6), ("dispatchNs", 100_000)), Gate.Early, Cpus, seeds: 3);
        var fit = new CostFit(s_scenario, [new FitPoint(Gate.Early, Cpus, real)]);
        var distances = new List<double>();

        var fitted = fit.Run(Steps, (_, distance) => distances.Add(distance));

        Assert.Equal(Steps, distances.Count);
        Assert.True(distances[^1] < distances[0] / 2, string.Join(' ', distances));
        Assert.Equal(fitted.Costs, fit.Run(Steps, (_, _) => { }).Costs);
        // only costs are fitted
        Assert.Equal(ScenarioFile.Write(s_scenario), ScenarioFile.Write(fitted with { Costs = s_scenario.Costs }));
    }

    static Scenario With(params (string Name, double Value)[] costs)
    {
        var all = new Dictionary<string, double>(s_scenario.Costs);
        foreach (var (name, value) in costs)
            all[name] = value;
        return s_scenario with { Costs = all };
    }
}
