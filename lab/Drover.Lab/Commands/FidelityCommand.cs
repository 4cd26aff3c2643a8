using System.CommandLine;
using Drover.Lab.Compare;
using Drover.Lab.Fidelity;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;
using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using static Drover.Lab.Commands.LabOptions;

namespace Drover.Lab.Commands;

static class FidelityCommand
{
    static readonly ValueOption<IReadOnlyList<int>> s_cpus = CpuCounts("8,32,64,128");
    static readonly ValueOption<int> s_seeds = new(
        "--seeds", "N", "runs of the model for each point", Number(1, 10_000), "15");
    static readonly ValueOption<string> s_scenario = new(
        "--scenario", "FILE", "of the model (default lab/scenarios/gates.json)", Any);
    static readonly ValueOption<string> s_save = Save("fidelity");

    public static LabCommand Create() => new(
        "fidelity",
        "Boots the lab's own kernel with udev at every gate and CPU count, runs the model on the scenario recorded "
        + "there, and prints both: medians of the real runs, medians of the model's seeds.",
        """
        lab/fidelity
        lab/fidelity --gates exclusive --cpus 32 --runs 1
        """,
        "every figure is within 15 %, or equal where it must be", "a figure is not, or a run did not finish",
        RunAsync, s_cpus, GateList, Repetitions, s_seeds, s_scenario, s_save, Resume, Guests, Memory, TimeLimit);

    static async Task<int> RunAsync(ParseResult line, LabHost host)
    {
        var path = s_scenario.Of(line) ?? Path.Combine(LabHost.ProjectRoot, "lab/scenarios/gates.json");
        var scenario = ReadScenario(path);
        var (gates, runs) = (GateList.Of(line), Repetitions.Of(line));
        var system = GuestSystem.Parse(GuestSystem.GatesName);
        var trials = Trial.Plan([system], gates, s_cpus.Of(line), [GuestLoader.Udev], runs);
        var settings = Settings(line);
        using var laboratory = new Laboratory(settings, host);
        var folder = s_save.Of(line) ?? host.Folder("fidelity");
        var comparison = new Comparison(laboratory, folder, settings, host.Log);
        await comparison.RunAsync(trials, line.GetValue(Resume), Guests.Of(line));

        var rows = comparison.Reports.GroupBy(pair => pair.Key.Point, pair => pair.Value)
            .OrderBy(point => point.Key.Gate).ThenBy(point => point.Key.Cpus).Select(point => new FidelityRow(
                point.First().Gate, point.Key.Cpus, point.Count(), FidelityFigures.Of(point.ToList()),
                Model(scenario, point.Key, s_seeds.Of(line))))
            .ToList();
        Console.Write(FidelityRow.Table(rows));
        foreach (var failure in comparison.Failures)
            host.Log(failure);
        var isGood = comparison.Failures.Count == 0 && rows.TrueForAll(row => row.Misses.Count == 0);
        return isGood ? 0 : LabException.FailedCode;
    }

    static FidelityFigures Model(Scenario scenario, Point point, int seeds) =>
        FidelityFigures.Of(Enumerable.Range(1, seeds).Select(seed => HerdRun.Run(new HerdOptions
        {
            Scenario = scenario,
            Cpus = point.Cpus,
            Gate = point.Gate switch
            {
                Gate.None => GateKind.None,
                Gate.Early => GateKind.EarlyCheck,
                Gate.Exclusive => GateKind.Exclusive,
                Gate.Idempotent => GateKind.Idempotent,
                _ => throw new ArgumentOutOfRangeException(nameof(point)),
            },
            Seed = seed,
        })).ToList());

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
