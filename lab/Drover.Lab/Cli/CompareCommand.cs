using System.Text.Json;
using Drover.Lab.Compare;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;

namespace Drover.Lab.Cli;

/// <summary><c>lab/compare</c>: several loaders on the same kernels, one table.</summary>
static class CompareCommand
{
    public const string Help = """
        lab/compare --kernels 6.1,6.12,gates --cpus 8,32 --loaders drover,udev,list,modprobe
                    [--gates none,exclusive,idempotent] [--runs 3] [--parallel 1] [--json FILE]
                    [--save DIR] [--resume] [--memory 4G] [--timeout S] [--binary PATH]

        Boots a guest for every kernel, CPU count, loader and repetition, round after round so that drift hits
        all alike, and prints one table. Each run's report is saved as it comes; Ctrl-C loses only the runs in flight.

          --kernels   6.1, 6.12, gates        --cpus     each 1 to 255
          --loaders   drover, daemon, udev, modprobe, list; ratios need udev and list among them
          --gates     for kernel gates (default all three)
          --runs      repetitions of each point (default 3); the table shows smallest, median and largest
          --parallel  guests at once (default 1): each keeps one CPU of this machine busy, and times suffer if it has no more
          --json      writes the table's rows to FILE
          --save      where the reports go (default .cache/lab/compare)
          --resume    takes the reports that are there (of the same drover binary) instead of running again

        Examples
          lab/compare --kernels 6.1,6.12 --cpus 8,32 --loaders drover,udev,list --runs 5
          lab/compare --kernels gates --gates none,exclusive --cpus 32 --loaders drover,udev --runs 1

        Ends with 0 if all runs finished, 1 if one did not, 2 for a wrong command line, 3 if this machine cannot
        run the lab, 130 after Ctrl-C.
        """;

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static async Task<int> RunAsync(IReadOnlyList<string> given, CancellationToken stop)
    {
        var arguments = new ArgumentReader(given, "--resume");
        var kernels = arguments.Choices("--kernels", Kernels.All);
        var cpus = arguments.Numbers("--cpus", 1, CommonOptions.MaximumCpus);
        var loaders = arguments.Choices("--loaders", CommonOptions.Loaders).Select(CommonOptions.Parse<Loader>).ToList();
        var gates = arguments.Choices("--gates", CommonOptions.Gates, string.Join(',', CommonOptions.Gates)).Select(CommonOptions.Parse<Gate>).ToList();
        var runs = arguments.Number("--runs", 1, 100, fallback: 3);
        var parallel = arguments.Number("--parallel", 1, 16, fallback: 1);
        var json = arguments.Text("--json");
        var save = arguments.Text("--save") ?? new LabCache().Folder("compare");
        var resume = arguments.Flag("--resume");
        var settings = CommonOptions.Settings(arguments, console: null);
        arguments.End();

        // before an hour of other runs, not after
        var binary = loaders.Contains(Loader.Drover) ? Laboratory.HashOf(settings.Binary) : null;
        var trials = Trial.Plan(kernels, gates, cpus, loaders, runs);
        using var laboratory = new Laboratory(settings, Say);
        var comparison = new Comparison(laboratory, save, settings, binary, Say);
        await comparison.RunAsync(trials, resume, parallel, stop);

        var rows = Row.Of(comparison.Reports);
        Console.Write(CompareTable.Of(rows));
        foreach (var failure in comparison.Failures)
            Console.Error.WriteLine("lab: " + failure);
        if (json is not null)
            await File.WriteAllTextAsync(json, JsonSerializer.Serialize(rows, Json) + "\n", stop);
        return comparison.Failures.Count == 0 ? 0 : LabException.Failed;

        static void Say(string message) => Console.Error.WriteLine("lab: " + message);
    }
}
