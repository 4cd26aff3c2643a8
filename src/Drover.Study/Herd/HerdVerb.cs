using Drover.Model.Herds;
using Drover.Model.Scenarios;
using Drover.Study.Files;
using Drover.Study.Scenarios;

namespace Drover.Study.Herd;

/// <param name="builtIn">The built-in scenario of a name.</param>
sealed class HerdVerb(HerdEngine engine, Func<string, Scenario> builtIn) : Verb
{
    static readonly Option Csv = new("csv", "one line per run, with a header");
    static readonly Option Html = new(
        "html", "an HTML page, one file: charts, and the loading, waiting and failed calls of each task; "
        + "- for standard output", "FILE");
    static readonly Option Trace = new("trace", "every event of every run, one per line, before the table");
    static readonly Option Stats = new(
        "stats", "the kernel's statistics of each run (/sys/kernel/debug/modules/stats), after the table");

    public HerdVerb()
        : this(HerdRun.Run, BuiltInScenarios.Read) { }

    public override string Name => "herd";
    public override string Summary => "show on a model of the kernel what it costs when all CPUs load the same modules";
    public override string Operands => "";

    public override string Details =>
        """
        Boots a machine in virtual time, on a model of the kernel's module load path. It counts the calls,
        the memory and the seconds that a loader (--herd) needs on a kernel with a gate (--gate).
        The default is 255 CPUs: udev, then Drover, on each gate. Needs no root and no network. A boot that
        fails in the model is a result, not an error. Ctrl-C prints the runs that have ended.

        Gates: none (up to 6.3), early (6.4), exclusive (9828ed3f695a), idempotent (from 6.5).
        Herds: udev (one forked worker per event), threads (udev's rules in one process), modprobe (one
        process, sorted), modules-load (systemd-modules-load from 259: up to 16 threads with kmods of their
        own), spray (finit_module for everything, results ignored), user-decompress (udev where kmod
        decompresses: init_module, which has no gate), drover (the real loader).
        """;

    public override IReadOnlyList<Option> Options =>
    [
        HerdArguments.Cpus, HerdArguments.Gate, HerdArguments.Herd, HerdArguments.Memory, HerdArguments.Kasan,
        HerdArguments.UserDecompress, HerdArguments.Seed, ScenarioSource.File, HerdArguments.Cost,
        HerdArguments.SweepOption, CommonOptions.Json with { Help = "a JSON array with one object per run" }, Csv,
        Html, Trace, Stats, Exploration.Explore,
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover herd", "255 CPUs, each gate, udev and Drover"),
        new("drover herd --memory 184M --kasan", "a boot with little memory"),
        new("drover herd --sweep cpus=1..4096 --html herd.html", "waste against CPUs, as a page with a chart"),
        new("drover herd --gate exclusive --herd udev --cpus 8 --trace", "every step of every worker"),
        new("drover herd --herd all --json", "figures for a script"),
        new("drover herd --explore 100000", "search for schedules and faults that break an invariant"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        Check(arguments);
        if (arguments.Has(Exploration.Explore))
            return Exploration.Run(arguments, terminal);
        var (runs, sweep) = HerdArguments.Read(arguments, builtIn);
        // opened before the runs, so that an error is reported first
        using var html = OutputFile.Open(arguments, Html, terminal);
        using var interrupt = new Interrupt();
        var timelines = html is not null && sweep is null;
        var trace = arguments.Has(Trace) ? terminal.Out : null;
        var finished = new HerdRuns(engine, terminal).Run(runs, timelines, trace, interrupt.Token);
        List<HerdResult> results = [.. finished.Select(run => run.Result)];

        html?.Fill(writer => HerdPage.Write(finished, sweep, writer));
        if (arguments.Has(CommonOptions.Json))
            HerdDocuments.WriteJson(results, terminal.Out);
        else if (arguments.Has(Csv))
            HerdDocuments.WriteCsv(results, terminal.Out);
        else if (results.Count > 0 && html is not { IsStandardOutput: true })
            Print(results, sweep, arguments.Has(Stats), terminal);
        if (results.Count == runs.Count)
            return ExitCode.Ok;
        terminal.Warn($"herd: interrupted: {results.Count} of {runs.Count} runs are done");
        return ExitCode.Failure;
    }

    void Check(Arguments arguments)
    {
        if (arguments.Has(CommonOptions.Json) && arguments.Has(Csv))
            throw new UsageException("--json and --csv exclude each other");
        var others = Options.Except([HerdArguments.Seed, Exploration.Explore]);
        if (arguments.Has(Exploration.Explore) && others.FirstOrDefault(arguments.Has) is { } other)
            throw new UsageException($"--explore draws its machines from seeds: leave out --{other.Name}");
        if (Array.Find([Trace, Stats], arguments.Has) is { } text
            && Array.Find([Csv, CommonOptions.Json], arguments.Has) is { } document)
        {
            throw new UsageException($"--{text.Name} prints text: leave out --{document.Name}");
        }
    }

    static void Print(List<HerdResult> results, Sweep? sweep, bool stats, Terminal terminal)
    {
        if (sweep is null)
            HerdTable.Write(results, terminal);
        else
            HerdTable.WriteSweep(results, sweep, terminal);
        if (!stats)
            return;
        foreach (var result in results)
        {
            terminal.Out.WriteLine();
            terminal.Out.WriteLine($"# {HerdNames.TitleOf(result.Options)}");
            terminal.Out.WriteLine(result.Stats.ToText().TrimEnd());
        }
    }
}
