using Drover.Cli;
using Drover.Linux;
using Drover.Linux.Tracing;
using Drover.Output;

namespace Drover.Verbs;

/// <summary><c>drover watch</c>: who loads which module how often, whoever it is.</summary>
sealed class WatchVerb : Verb
{
    static readonly Option Once = new("once", "end by itself after so many seconds", "SECONDS", "until Ctrl-C", Kind: ValueKind.Count);

    static readonly Option Begin = new("begin", "only begin, and leave the trace to the kernel: for --since-boot, later");

    static readonly Option SinceBoot = new("since-boot", "go on with what --begin began, early in the boot");

    public override string Name => "watch";

    public override string Summary => "show every module load on this machine as it happens, and what was in vain";

    public override string Operands => "";

    public override string Details =>
        """
        Traces the system calls that load and remove modules, whoever makes them, and names each call's
        module, its bytes, who asked, and for a worker of udev the device. Needs root and a kernel with
        tracefs; from 5.10 on, nothing else. Nobody else's tracing is touched, and nothing is left behind.
        On a terminal the table, what cost most in vain first, is kept up to date; Ctrl-C or SIGTERM ends
        with all of it (docs/watch.md).
        """;

    public override IReadOnlyList<Option> Options =>
    [
        Once, Begin, SinceBoot,
        CommonOptions.Json with { Help = "JSON lines instead of the table: what it can see, each call as it ends, the totals" },
        CommonOptions.Verbose with { Help = "a line for each call as it ends, on standard error" },
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover watch", "until Ctrl-C, then the table"),
        new("drover watch --once 30 --verbose", "half a minute, each call told of"),
        new("drover watch --json > calls.jsonl", "a recording"),
        new("drover watch --begin", "first thing in an initramfs; later: drover watch --since-boot --once 1"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Has(Begin) && (arguments.Has(SinceBoot) || arguments.Has(Once) || arguments.Has(CommonOptions.Json)))
            throw new UsageException("--begin only begins: what is seen is told by --since-boot, later");
        using var interrupt = new Interrupt();
        using var instance = arguments.Has(SinceBoot) ? TraceInstance.TakeOverBoot() : TraceInstance.Begin(Plan(terminal), forBoot: arguments.Has(Begin));
        if (arguments.Has(Begin))
        {
            instance.Keep();
            return ExitCode.Ok;
        }
        Watch(instance, arguments, terminal, interrupt.Stop);
        return ExitCode.Ok;
    }

    static void Watch(TraceInstance instance, Arguments arguments, Terminal terminal, CancellationToken stop)
    {
        var (isJson, isVerbose) = (arguments.Has(CommonOptions.Json), arguments.Has(CommonOptions.Verbose));
        var (tally, line, lost) = (new WatchTally(), new ProgressLine(terminal, TimeProvider.System), 0L);
        var screen = isJson || isVerbose || terminal.Screen is null ? null : new Screen(terminal);
        var joiner = new CallJoiner(Ended, DescriptorName) { SeesReads = ProbePlan.SeesReads(instance.Events) };
        var lacks = ProbePlan.Lacks(instance.Events);
        if (isJson)
        {
            var began = arguments.Has(SinceBoot) ? 0 : Machine.MonotonicUs();
            WatchRecording.WriteHeader(terminal.Out, new(Machine.KernelRelease(), Machine.CountCpus(), began, arguments.Has(SinceBoot), lacks));
        }
        if (screen is null)
            TellLacks();
        instance.Follow(joiner.Take, Drained, arguments.Count(Once) is { } seconds ? TimeSpan.FromSeconds(seconds) : null, stop);
        foreach (var call in joiner.InFlight)
            Ended(call);
        line.Clear();
        if (screen is not null)
        {
            screen.Clear();
            terminal.Flush();
            TellLacks(); // the screen has erased what stood there before
        }
        if (isJson)
            WatchRecording.WriteTotals(terminal.Out, tally, joiner);
        else
            WatchTable.Write(terminal.Out, tally, joiner);

        void TellLacks()
        {
            foreach (var lack in lacks)
                terminal.Complain($"watch: {lack}");
        }

        void Ended(TracedCall call)
        {
            tally.Add(call);
            if (isJson)
                WatchRecording.WriteCall(terminal.Out, call);
            if (!isVerbose)
                return;
            line.Clear();
            terminal.Error.WriteLine(WatchTable.Line(call));
        }

        void Drained()
        {
            if (isJson && joiner.LostEvents > lost)
                WatchRecording.WriteLost(terminal.Out, joiner.LostEvents - lost);
            lost = joiner.LostEvents;
            terminal.Flush();
            if (screen is null)
                line.Show(() => WatchTable.Totals(tally));
            else
                screen.Show((writer, size) => WatchTable.WriteSoFar(writer, tally, joiner, size.Rows));
        }
    }

    /// <summary>The kernel's types are some megabytes, and wanted only for this.</summary>
    static IReadOnlyList<IReadOnlyList<Probe>> Plan(Terminal terminal)
    {
        try
        {
            return ProbePlan.For(BtfFile.TryReadKernel());
        }
        catch (BtfException damaged)
        {
            terminal.Complain($"watch: {BtfFile.OfKernel}: {damaged.Message}");
            return ProbePlan.For(null);
        }
    }

    static string? DescriptorName(int tid, int fd)
    {
        try
        {
            return new FileInfo($"/proc/{tid}/fd/{fd}").LinkTarget;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
