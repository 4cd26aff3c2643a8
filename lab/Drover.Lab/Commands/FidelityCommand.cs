using System.CommandLine;
using Drover.Lab.Compare;
using Drover.Lab.Fidelity;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;
using Drover.Model.Scenarios;
using static Drover.Lab.Commands.LabOptions;

namespace Drover.Lab.Commands;

static class FidelityCommand
{
    static readonly ValueOption<IReadOnlyList<int>> s_cpus = CpuCounts("8,32,64,128");
    static readonly ValueOption<int> s_seeds = new(
        "--seeds", "N", "runs of the model for each point", Number(1, 10_000), "15");
    static readonly ValueOption<GuestSystem> s_system = GatesSystem("gates", GuestSystem.GatesName);
    static readonly ValueOption<string> s_scenario = new(
        "--scenario", "FILE", "of the model (default lab/scenarios/gates.json, or gates-arm64.json)", Any);
    static readonly ValueOption<string> s_fit = new(
        "--fit", "FILE", "search for costs that fit these real runs, and write the scenario with them", Any);
    static readonly ValueOption<int> s_steps = new(
        "--steps", "N", "costs that --fit tries", Number(1, 100_000), "3000");
    static readonly ValueOption<string> s_save = Save("fidelity");

    public static LabCommand Create() => new(
        "fidelity",
        "Boots the lab's own kernel with udev at every gate and CPU count, runs the model on the scenario recorded "
        + "there, and prints both: medians of the real runs, medians of the model's seeds.",
        """
        lab/fidelity
        lab/fidelity --gates exclusive --cpus 32 --runs 1
        lab/fidelity --system gates/arm64 --cpus 32 --fit lab/scenarios/gates-arm64.json
        lab/fidelity --system gates/arm64 --cpus 255 --memory 8G --runs 1 --save .cache/lab/experiment --resume
        """,
        "every figure is within 15 %, or equal where it must be", "a figure is not, or a run did not finish",
        RunAsync, s_system, s_cpus, GateList, Repetitions, s_seeds, s_scenario, s_fit, s_steps, s_save, Resume, Guests,
        Memory, TimeLimit);

    static async Task<int> RunAsync(ParseResult line, LabHost host)
    {
        var system = s_system.Of(line);
        var scenario = ReadScenario(
            s_scenario.Of(line) ?? Path.Combine(LabHost.ProjectRoot, $"lab/scenarios/{ScenarioOf(system)}"));
        var (gates, runs) = (GateList.Of(line), Repetitions.Of(line));
        var trials = Trial.Plan([system], gates, s_cpus.Of(line), [GuestLoader.Udev], runs);
        var settings = Settings(line);
        using var laboratory = new Laboratory(settings, host);
        var folder = s_save.Of(line) ?? host.Folder("fidelity");
        var comparison = new Comparison(laboratory, folder, settings, host.Log);
        await comparison.RunAsync(trials, line.GetValue(Resume), Guests.Of(line));

        var points = comparison.Reports.GroupBy(pair => pair.Key.Point, pair => pair.Value)
            .OrderBy(point => point.Key.Gate).ThenBy(point => point.Key.Cpus)
            .Select(point => (
                Runs: point.Count(),
                Point: new FitPoint(point.Key.Gate, point.Key.Cpus, FidelityFigures.Of(point.ToList(), scenario))))
            .ToList();
        if (s_fit.Of(line) is { } file)
        {
            var steps = s_steps.Of(line);
            scenario = new CostFit(scenario, [.. points.Select(point => point.Point)]).Run(steps, (step, distance) =>
            {
                if (step % 100 == 0)
                    host.Log($"{step} of {steps} costs tried, distance {distance:F4}");
            });
            await File.WriteAllBytesAsync(file, ScenarioFile.Write(scenario), host.Cancelled);
        }

        var rows = points.ConvertAll(point => new FidelityRow(
            point.Point.Gate.OptionName(), point.Point.Cpus, point.Runs, point.Point.Real,
            FidelityModel.Run(scenario, point.Point.Gate, point.Point.Cpus, s_seeds.Of(line))));
        Console.Write(FidelityRow.Table(rows));
        foreach (var failure in comparison.Failures)
            host.Log(failure);
        var isGood = comparison.Failures.Count == 0 && rows.TrueForAll(row => row.Misses.Count == 0);
        return isGood ? 0 : LabException.FailedCode;
    }

    static string ScenarioOf(GuestSystem system) =>
        system.Architecture == Architecture.Arm64 ? "gates-arm64.json" : "gates.json";

    static Scenario ReadScenario(string path)
    {
        try
        {
            return ScenarioFile.Load(path);
        }
        catch (ScenarioException problem)
        {
            throw LabException.Usage(problem.Message);
        }
    }
}
