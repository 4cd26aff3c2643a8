using Drover.Lab.Compare;
using Drover.Lab.Fidelity;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Model;

namespace Drover.Lab.Cli;

/// <summary><c>lab/fidelity</c>: the model beside the real kernel.</summary>
static class FidelityCommand
{
    public const string Help = """
        lab/fidelity [--cpus 8,16,32,64] [--gates none,exclusive,idempotent] [--runs 3] [--seeds 15]
                     [--scenario FILE] [--save DIR] [--resume] [--parallel 1] [--memory 4G] [--timeout S]

        Boots the lab's own kernel with udev at every gate and CPU count, runs the model on the scenario recorded
        there, and prints both side by side: medians of the real runs, medians of the model's seeds.

          --runs      real runs of each point (default 3)
          --seeds     runs of the model for each point (default 15)
          --scenario  default lab/scenarios/gates.json
          --save      where the reports of the real runs go (default .cache/lab/fidelity)
          --resume    takes the reports that are there instead of running again
          --parallel  guests at once

        Ends with 0 if every figure is within 30 % and what must be equal is, 1 if not, 2 for a wrong command line,
        3 if this machine cannot run the lab, 130 after Ctrl-C.
        """;

    public static async Task<int> RunAsync(IReadOnlyList<string> given, CancellationToken stop)
    {
        var arguments = new ArgumentReader(given, "--resume");
        var cpus = arguments.Numbers("--cpus", 1, CommonOptions.MaximumCpus, "8,16,32,64");
        var gates = arguments.Choices("--gates", CommonOptions.Gates, string.Join(',', CommonOptions.Gates)).Select(CommonOptions.Parse<Gate>).ToList();
        var runs = arguments.Number("--runs", 1, 100, fallback: 3);
        var seeds = arguments.Number("--seeds", 1, 10_000, fallback: 15);
        var parallel = arguments.Number("--parallel", 1, 16, fallback: 1);
        var save = arguments.Text("--save") ?? new LabCache().Folder("fidelity");
        var resume = arguments.Flag("--resume");
        var path = arguments.Text("--scenario") ?? Path.Combine(LabCache.ProjectRoot, "lab/scenarios/gates.json");
        var settings = CommonOptions.Settings(arguments, console: null);
        arguments.End();

        var scenario = Read(path);
        var trials = Trial.Plan([Kernels.Gates], gates, cpus, [Loader.Udev], runs);
        using var laboratory = new Laboratory(settings, Say);
        var comparison = new Comparison(laboratory, save, settings, binarySha256: null, Say);
        await comparison.RunAsync(trials, resume, parallel, stop);

        var rows = comparison.Reports.GroupBy(pair => pair.Key.Point, pair => pair.Value)
            .OrderBy(point => point.Key.Gate).ThenBy(point => point.Key.Cpus)
            .Select(point => new FidelityRow(point.First().Gate, point.Key.Cpus, point.Count(), Figures.Of(point.ToList()), Model(scenario, point.Key, seeds)))
            .ToList();
        Console.Write(FidelityTable.Of(rows));
        foreach (var failure in comparison.Failures)
            Console.Error.WriteLine("lab: " + failure);
        return comparison.Failures.Count == 0 && rows.TrueForAll(row => row.Misses.Count == 0) ? 0 : LabException.Failed;

        static void Say(string message) => Console.Error.WriteLine("lab: " + message);
    }

    static Figures Model(Scenario scenario, Point point, int seeds) =>
        Figures.Of(Enumerable.Range(1, seeds).Select(seed => HerdRun.Run(new HerdOptions
        {
            Scenario = scenario,
            Cpus = point.Cpus,
            Gate = point.Gate switch
            {
                // the lab's kernel is of 6.12: without a gate it still has the early check
                Gate.None => GateKind.EarlyCheck,
                Gate.Exclusive => GateKind.Exclusive,
                Gate.Idempotent => GateKind.Idempotent,
                _ => throw new ArgumentOutOfRangeException(nameof(point)),
            },
            Seed = seed,
        })).ToList());

    static Scenario Read(string path)
    {
        try
        {
            return ScenarioFile.Load(path);
        }
        catch (ScenarioException problem)
        {
            throw new LabException(problem.Message, LabException.Usage);
        }
    }
}
