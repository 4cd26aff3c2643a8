using Drover.Lab.Prepare;
using Drover.Model.Scenarios;

namespace Drover.Lab.Fidelity;

/// <summary>A point of the real kernel that costs are fitted to.</summary>
sealed record FitPoint(Gate Gate, int Cpus, FidelityFigures Real);

/// <summary>Searches for the costs with which the model comes closest to real runs: a random walk that keeps what is
/// better. Equal arguments give equal costs.</summary>
sealed class CostFit(Scenario scenario, IReadOnlyList<FitPoint> points)
{
    /// <summary>Model runs of each point for each step, fewer than for a comparison: most steps are rejected.</summary>
    const int Seeds = 3;

    const double SecondsWeight = 0.1;

    /// <summary>What only a compressed tree, a CPU of its own or KASAN has, and facts of the machine.</summary>
    static readonly string[] s_fixed =
    [
        "copyNsPerByte", "decompressNsPerByte", "emulatorThreads", "jitter", "baseBytes", "workerBytes",
        "kasanTimeFactor", "kasanImageFactor", "kasanShadow", "startNs",
    ];

    /// <param name="steps">Costs that are tried.</param>
    /// <param name="progress">Called with the number of the step and the smallest distance so far.</param>
    public Scenario Run(int steps, Action<int, double> progress)
    {
        var random = new Random(1);
        var names = CostTable.Names.Except(s_fixed).ToArray();
        var costs = new CostModel().With(scenario.Costs);
        var best = names.ToDictionary(name => name, name => CostTable.Find(name)!.Of(costs), StringComparer.Ordinal);
        var least = Distance(With(best));
        for (var step = 1; step <= steps; step++)
        {
            var tried = new Dictionary<string, double>(best, StringComparer.Ordinal);
            // a few costs at a time, now far, now near
            var width = Math.Exp(-3 * random.NextDouble());
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                var name = names[random.Next(names.Length)];
                var value = Math.Max(tried[name], 1e-3) * Math.Exp(width * ((2 * random.NextDouble()) - 1));
                // three digits are more than a fit can tell
                value = double.Parse(value.ToString("G3"));
                tried[name] = CostTable.ProblemOf(name, value) is null ? value : tried[name];
            }
            if (Distance(With(tried)) is var distance && distance < least)
                (best, least) = (tried, distance);
            progress(step, least);
        }
        return With(best);
    }

    Scenario With(Dictionary<string, double> costs)
    {
        var all = new Dictionary<string, double>(scenario.Costs, StringComparer.Ordinal);
        foreach (var (name, value) in costs)
            all[name] = value;
        return scenario with { Costs = all };
    }

    /// <summary>The mean square of the logarithms of model ÷ real, over all figures; 0 is equal.</summary>
    double Distance(Scenario tried)
    {
        var (sum, weights) = (0.0, 0.0);
        try
        {
            foreach (var point in points)
            {
                var model = FidelityModel.Run(tried, point.Gate, point.Cpus, Seeds);
                var real = point.Real;
                Add(real.Succeeded, model.Succeeded, 1);
                Add(real.Refused, model.Refused, 1);
                Add(real.Duplicates, model.Duplicates, 1);
                Add(real.Failed, model.Failed, 0.5);
                Add(real.Live, model.Live, 1);
                Add(real.WastedBytes / 1e4, model.WastedBytes / 1e4, 1);
                Add(real.Seconds * 1e3, model.Seconds * 1e3, SecondsWeight);
            }
        }
        catch (ScenarioException)
        {
            return double.PositiveInfinity; // with these costs it does not end
        }
        return sum / weights;

        void Add(double expected, double found, double weight)
        {
            // of small numbers a difference of a few is chance
            var log = Math.Log((found + 3) / (expected + 3));
            (sum, weights) = (sum + (weight * log * log), weights + weight);
        }
    }
}
