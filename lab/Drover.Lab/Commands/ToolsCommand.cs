using System.CommandLine;
using System.Text.Json;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;
using Drover.Lab.Tools;
using static Drover.Lab.Commands.LabOptions;

namespace Drover.Lab.Commands;

static class ToolsCommand
{
    static readonly ValueOption<GuestSystem> s_system = SystemOf(GuestSystem.Names);
    static readonly ValueOption<int> s_cpus = Cpus("4");
    static readonly ValueOption<int> s_processes = new(
        "--processes", "N", "concurrent modprobes of one module", Number(1, 10_000), "200");
    static readonly ValueOption<int> s_rounds = new(
        "--rounds", "N", "rounds of 40 modprobes with 12 kills sent to them", Number(0, 1000), "10");
    static readonly ValueOption<IReadOnlyList<string>> s_only = new(
        "--only", "CASE,…", "only these cases, by their names in lab/guest/tools-cases and tools-herd", List(Name), "");

    static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    public static LabCommand Create() => new(
        "tools",
        "Runs the same cases in two guests, one with kmod's modprobe, insmod, rmmod, lsmod, modinfo and kmod, one with "
        + "Drover's under these names, and compares output, messages and statuses, the modules left with their counts "
        + "and users, and the kernel's calls. Then it checks what only Drover guarantees: one load call per module for "
        + "any number of concurrent requests, also when some of them are killed.",
        """
        lab/tools --system debian12
        lab/tools --system 6.12 --only by_alias,own_herd --processes 50 --raw /tmp/tools
        """,
        "every case is OK", "a case is not",
        RunAsync, s_system, s_cpus, s_processes, s_rounds, s_only, Json, Memory, TimeLimit, Binary, Raw, Verbose);

    static async Task<int> RunAsync(ParseResult line, LabHost host)
    {
        var parameters = new ToolsParameters(
            s_system.Of(line), s_cpus.Of(line), s_processes.Of(line), s_rounds.Of(line), s_only.Of(line));
        var settings = Settings(line);
        using var laboratory = new Laboratory(settings, host);
        var verdicts = await ToolsRun.RunAsync(host, laboratory, parameters, settings);
        if (Json.Of(line) is { } json)
            await File.WriteAllTextAsync(json, JsonSerializer.Serialize(verdicts, s_json));
        Console.Write(ToolsRun.Table(verdicts));
        return verdicts.All(verdict => verdict.Problems.Count == 0) ? 0 : LabException.FailedCode;
    }
}
