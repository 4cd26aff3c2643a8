using Drover.Cli;
using Drover.Model;
using Drover.Output;
using Drover.Report;
using Drover.Verbs.Herd;

namespace Drover.Verbs;

/// <summary><c>drover herd</c>: the module load path as a model, and who loads on it.</summary>
/// <param name="engine">Does one run.</param>
/// <param name="builtIn">The scenario that is meant where no file is named.</param>
sealed class HerdVerb(HerdEngine engine, Func<Scenario> builtIn) : Verb
{
    static readonly Option Csv = new("csv", "a line a run, with a header");

    static readonly Option Html = new("html", "a report to look at: charts, and who loaded, waited, failed; one file", "FILE");

    static readonly Option Trace = new("trace", "every event of every run, a line each, before the table");

    static readonly Option Stats = new("stats", "the kernel's statistics of each run (/sys/kernel/debug/modules/stats), behind the table");

    /// <summary>Of the chart: most terminals have eighty columns.</summary>
    const int ChartWidth = 78;

    public HerdVerb()
        : this(HerdRun.Run, () => ScenarioFile.BuiltIn)
    {
    }

    public override string Name => "herd";

    public override string Summary => "show on a model of the kernel what it costs when all CPUs load the same modules";

    public override string Operands => "";

    public override string Details =>
        """
        Boots a machine in virtual time, on a model of the kernel's module load path: who loads (--herd)
        on a kernel with which gate (--gate) costs how many calls, how much memory, how many seconds.
        Without options 255 CPUs: udev, then Drover, on each gate. Needs no root and no network. A boot
        that fails in the model is a result, not an error. Ctrl-C prints what is done.

        Gates: none (up to 6.3), early (6.4), exclusive (9828ed3f695a), idempotent (from 6.5).
        Herds: udev (a forked worker an event), threads (udev's rules in one process), modprobe (one
        process, sorted), spray (finit_module for everything, results not looked at), user-decompress
        (udev where kmod decompresses: init_module, which has no gate), drover (the real loader).
        """;

    public override IReadOnlyList<Option> Options =>
    [
        HerdPlan.Cpus, HerdPlan.Gate, HerdPlan.Herd, HerdPlan.Memory, HerdPlan.Kasan, HerdPlan.UserDecompress, HerdPlan.Seed, ScenarioSource.File, HerdPlan.Cost, HerdPlan.SweepOption,
        CommonOptions.Json with { Help = "a JSON array, an object a run" }, Csv, Html, Trace, Stats, ExploreOutput.Explore,
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover herd", "the kernel's own story: 255 CPUs, each gate, udev and Drover"),
        new("drover herd --memory 184M --kasan", "who still boots with little memory"),
        new("drover herd --sweep cpus=1..4096 --html herd.html", "waste against CPUs, with a chart to look at"),
        new("drover herd --gate exclusive --herd udev --cpus 8 --trace", "every step of every worker"),
        new("drover herd --herd all --json", "figures for a script"),
        new("drover herd --explore 100000", "look for schedules and faults under which something breaks"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        Check(arguments);
        if (arguments.Has(ExploreOutput.Explore))
            return ExploreOutput.Run(arguments, terminal);
        var plan = HerdPlan.Read(arguments, builtIn);
        // a report that nobody can write is told before the runs, not after
        using var html = arguments.Text(Html) is { } path ? HtmlPage.Open(path) : null;
        using var interrupt = new Interrupt();
        var runs = new HerdRuns(engine, terminal);
        var finished = runs.Run(plan.Runs, timelines: html is not null && plan.Sweep is null, arguments.Has(Trace) ? terminal.Out : null, interrupt.Stop);
        List<HerdResult> results = [.. finished.Select(run => run.Result)];

        if (html is not null)
            HtmlPage.Fill(html, writer => HtmlReport.Write(finished, plan.Sweep, writer));
        if (arguments.Has(CommonOptions.Json))
            HerdJsonReport.Write(results, terminal.Out);
        else if (arguments.Has(Csv))
            HerdCsvReport.Write(results, terminal.Out);
        else if (results.Count > 0)
            Print(results, plan.Sweep, arguments.Has(Stats), terminal.Out);
        if (results.Count == plan.Runs.Count)
            return ExitCode.Ok;
        terminal.Complain($"herd: interrupted: {results.Count} of {plan.Runs.Count} runs are done");
        return ExitCode.Failure;
    }

    static void Check(Arguments arguments)
    {
        if (arguments.Has(CommonOptions.Json) && arguments.Has(Csv))
            throw new UsageException("--json and --csv are two forms of the same: leave one out");
        if (arguments.Has(ExploreOutput.Explore))
        {
            // each seed draws its own machine, gate and herd
            foreach (var option in new[] { HerdPlan.Cpus, HerdPlan.Gate, HerdPlan.Herd, HerdPlan.Memory, HerdPlan.Kasan, HerdPlan.UserDecompress, HerdPlan.Cost, HerdPlan.SweepOption, ScenarioSource.File, CommonOptions.Json, Csv, Html, Trace, Stats })
            {
                if (arguments.Has(option))
                    throw new UsageException($"--explore draws its machines from seeds: leave out --{option.Name}");
            }
        }
        if (arguments.Text(Html) is { Length: 0 })
            throw new UsageException("--html needs the name of a file");
        foreach (var text in new[] { Trace, Stats })
        {
            if (arguments.Has(text) && (arguments.Has(CommonOptions.Json) || arguments.Has(Csv)))
                throw new UsageException($"--{text.Name} prints text: leave out --{(arguments.Has(Csv) ? Csv : CommonOptions.Json).Name}");
        }
    }

    static void Print(List<HerdResult> results, Sweep? sweep, bool stats, TextWriter writer)
    {
        if (sweep is null)
            HerdTable.Write(results, writer);
        else
            HerdTable.WriteSweep(results, sweep, ChartWidth, writer);
        if (!stats)
            return;
        foreach (var result in results)
        {
            writer.WriteLine();
            writer.WriteLine($"# {HerdNames.TitleOf(result.Options)}");
            writer.WriteLine(result.Stats.ToText().TrimEnd());
        }
    }
}
