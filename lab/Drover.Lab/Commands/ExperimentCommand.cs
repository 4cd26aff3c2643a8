using System.CommandLine;
using Drover.Lab.Compare;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;
using static Drover.Lab.Commands.LabOptions;

namespace Drover.Lab.Commands;

/// <summary>The experiment of commit 9828ed3f695a, on real kernels: many CPUs, each gate, udev and Drover.</summary>
static class ExperimentCommand
{
    static readonly string[] s_head =
    [
        "gate", "loader", "calls", "by result", "distinct modules", "live", "wasted", "memory during the coldplug",
        "seconds",
    ];

    static readonly ValueOption<GuestSystem> s_system = GatesSystem("gates|gates-kasan", "gates/arm64");
    static readonly ValueOption<int> s_cpus = Cpus("255");
    static readonly ValueOption<string> s_memory = new(
        "--memory", "SIZE", "of each guest", text => Sizes(1)(text)[0], "8G");
    static readonly ValueOption<IReadOnlyList<GuestLoader>> s_loaders = new(
        "--loaders", "LOADER,…", string.Join(", ", Loaders), List(OptionNames.Parse<GuestLoader>),
        "udev,daemon,drover");
    static readonly ValueOption<string> s_save = Save("experiment");
    static readonly Option<bool> s_again = new("--again") { Description = "run again what has a report already" };

    public static LabCommand Create() => new(
        "experiment",
        "Repeats the experiment of Linux commit 9828ed3f695a: a machine of 255 CPUs, whose devices all request the "
        + "same modules. Boots the lab's own kernel once, and lets udev, udev with drover's daemon, and drover "
        + "coldplug load the modules at each gate. Prints calls by result, and wasted bytes and memory by the kernel's "
        + "own figures. Takes more than an hour; it goes on where it was interrupted.",
        """
        lab/experiment
        lab/experiment --cpus 32 --gates none,exclusive --loaders udev,drover
        lab/experiment --memory 512M --save /tmp/small
        """,
        "all runs finished", "a run did not finish",
        RunAsync, s_system, s_cpus, GateList, s_loaders, s_memory, s_save, s_again, Guests, TimeLimit, Binary);

    static async Task<int> RunAsync(ParseResult line, LabHost host)
    {
        var system = s_system.Of(line);
        var settings = Settings(line) with { Memory = s_memory.Of(line) };
        var trials = Trial.Plan([system], GateList.Of(line), [s_cpus.Of(line)], s_loaders.Of(line), runs: 1);
        using var laboratory = new Laboratory(settings, host);
        var comparison = new Comparison(laboratory, s_save.Of(line) ?? host.Folder("experiment"), settings, host.Log);
        await comparison.RunAsync(trials, resume: !line.GetValue(s_again), Guests.Of(line));

        var reports = trials.Where(comparison.Reports.ContainsKey).Select(trial => comparison.Reports[trial]);
        Console.Write(MarkdownTable.Format(s_head, reports.Select(Cells)));
        foreach (var failure in comparison.Failures)
            host.Log(failure);
        return comparison.Failures.Count == 0 ? 0 : LabException.FailedCode;
    }

    static string[] Cells(RunReport run) =>
    [
        run.Gate, run.Loader, $"{run.TotalCalls}", RunReportText.Results(run.Calls), $"{run.Attempted.Count}",
        $"{run.Live.Count}", RunReportText.Bytes(run.WastedBytes),
        $"+{RunReportText.Bytes(run.PeakMemoryBytes - run.StartMemoryBytes)}", $"{run.ColdplugSeconds:F3}",
    ];
}
