using System.CommandLine;
using System.Text.Json;
using Drover.Lab.Compare;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;
using static Drover.Lab.Commands.LabOptions;

namespace Drover.Lab.Commands;

static class CompareCommand
{
    static readonly ValueOption<IReadOnlyList<GuestSystem>> s_systems = new(
        "--systems", "SYSTEM,…", $"{string.Join(", ", GuestSystem.Names)}; with /arm64 behind it for arm64",
        List(GuestSystem.Parse), required: true, alias: "--kernels");
    static readonly ValueOption<IReadOnlyList<GuestLoader>> s_loaders = new(
        "--loaders", "LOADER,…", $"{string.Join(", ", Loaders)}; ratios need udev and list among them",
        List(OptionNames.Parse<GuestLoader>), required: true);
    static readonly ValueOption<IReadOnlyList<int>> s_cpus = CpuCounts();
    static readonly ValueOption<string> s_save = Save("compare");

    static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static LabCommand Create() => new(
        "compare",
        "Boots a guest for every kernel, CPU count, loader and repetition, and prints one table with minimum, median "
        + "and maximum. Runs are round after round, so drift of the machine affects all alike. Each report is saved at "
        + "once; Ctrl-C loses only the runs in flight.",
        """
        lab/compare --systems debian13,sid,sid/arm64 --cpus 8,32 --loaders udev,daemon,drover,list --runs 1
        lab/compare --systems gates --gates none,exclusive --cpus 32 --loaders drover,udev --runs 5
        lab/compare --systems debian13 --cpus 2 --loaders drover,list --clock host --threads multi --runs 9
        """,
        "all runs finished", "a run did not finish",
        RunAsync, s_systems, s_cpus, s_loaders, GateList, Repetitions, Guests, GuestClock, GuestThreads, FullBoots,
        Json, s_save, Resume, Memory, TimeLimit, Binary, DroverArguments);

    static async Task<int> RunAsync(ParseResult line, LabHost host)
    {
        var (settings, loaders) = (Settings(line), s_loaders.Of(line));
        var (systems, cpus) = (s_systems.Of(line), s_cpus.Of(line));
        var trials = Trial.Plan(systems, GateList.Of(line), cpus, loaders, Repetitions.Of(line));
        using var laboratory = new Laboratory(settings, host);
        var folder = s_save.Of(line) ?? host.Folder("compare");
        var comparison = new Comparison(laboratory, folder, settings, host.Log);
        await comparison.RunAsync(trials, line.GetValue(Resume), Guests.Of(line));

        var rows = CompareRow.Of(comparison.Reports);
        Console.Write(CompareTable.Of(rows));
        foreach (var failure in comparison.Failures)
            host.Log(failure);
        if (Json.Of(line) is { } json)
            await File.WriteAllTextAsync(json, JsonSerializer.Serialize(rows, s_json) + "\n");
        return comparison.Failures.Count == 0 ? 0 : LabException.FailedCode;
    }
}
