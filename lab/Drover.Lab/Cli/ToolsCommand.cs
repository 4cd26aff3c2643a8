using System.Text.Json;
using Drover.Lab.Tools;

namespace Drover.Lab.Cli;

/// <summary><c>lab/tools</c>: Drover's modprobe and its kin beside kmod's, on a real kernel.</summary>
static class ToolsCommand
{
    public const string Help = """
        lab/tools --kernel 6.1|6.12|gates [--cpus 4] [--processes 200] [--rounds 10] [--only CASE,…]
                  [--json FILE] [--memory 4G] [--timeout S] [--binary PATH] [--raw DIR] [--verbose]

        Boots two guests that go through the same cases, one with kmod's modprobe, insmod, rmmod, lsmod, modinfo
        and kmod, one with Drover's under those names, and compares: output, messages and statuses, the modules
        left with their counts and users, the kernel's calls. Then what only Drover promises, kmod's figures beside
        it: one load call a module however many ask at once, also while some of them are killed.

          --processes  modprobes of one module at once (default 200)
          --rounds     how many times 40 modprobes run while 12 kills are sent to them (default 10)
          --only       these cases; their names are those of lab/guest/tools-cases and tools-herd
          --json       writes all that the guests sent of each case to FILE
          --raw        writes it as files to DIR/kmod and DIR/drover
          --verbose    shows the guests' consoles

        Ends with 0 if every case is as it should be, 1 if not, 2 for a wrong command line, 3 if this machine
        cannot run the lab, 130 after Ctrl-C.
        """;

    static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static async Task<int> RunAsync(IReadOnlyList<string> given, CancellationToken stop)
    {
        var arguments = new ArgumentReader(given, "--verbose");
        var wish = new ToolsWish(
            arguments.Choice("--kernel", Kernels.All),
            arguments.Number("--cpus", 1, CommonOptions.MaximumCpus, fallback: 4),
            arguments.Number("--processes", 1, 10_000, fallback: 200),
            arguments.Number("--rounds", 0, 1000, fallback: 10),
            arguments.Names("--only"));
        var json = arguments.Text("--json");
        var settings = CommonOptions.GuestSettings(arguments);
        arguments.End();
        Laboratory.HashOf(settings.Binary); // says so where there is none

        using var laboratory = new Laboratory(settings, message => Console.Error.WriteLine("lab: " + message));
        var verdicts = await ToolsRun.RunAsync(laboratory, wish, settings, stop);
        if (json is not null)
            await File.WriteAllTextAsync(json, JsonSerializer.Serialize(verdicts, s_json), stop);
        Console.Write(ToolsTable.Of(verdicts));
        return verdicts.All(verdict => verdict.Problems.Count == 0) ? 0 : LabException.Failed;
    }
}
