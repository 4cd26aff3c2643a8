using Drover.Linux.ProcFs;
using Drover.Linux.Tracing;
using Drover.Study.Recordings;

namespace Drover.Study.Watch;

/// <summary><c>drover watch</c>: the module loads of all programs.</summary>
sealed class WatchVerb : Verb
{
    static readonly Option For = new(
        "for", "stop after this many seconds", "SECONDS", "until Ctrl-C", Kind: ValueKind.Count);
    static readonly Option Begin = new("begin", "only start the trace, for a later --since-boot");
    static readonly Option SinceBoot = new("since-boot", "continue the trace that --begin started early in the boot");

    public override string Name => "watch";
    public override string Summary => "show every module load on this machine as it happens, and which were in vain";
    public override string Operands => "";

    public override string Details =>
        """
        Traces the system calls that load and remove modules, from all programs, and shows for each call the
        module, its bytes, the calling program, and for a udev worker the device; for the kernel's own
        requests the name, its kind, and the process that the kernel served. Needs root and a kernel
        with tracefs (5.10 or later). Leaves other tracing alone, and removes its own at the end.
        On a terminal it updates the table, sorted by bytes read in vain or by --sort; Ctrl-C or SIGTERM prints
        the whole table and exits with 0 (docs/watch.md). --module, --comm, --device and --errno select calls.
        """;

    public override IReadOnlyList<Option> Options =>
    [
        For, Begin, SinceBoot, WatchFilter.Module, WatchFilter.Comm, WatchFilter.Device, WatchFilter.Result,
        WatchFilter.Sort,
        CommonOptions.Json with
        {
            Help = "JSON lines instead of the table: header, calls as they end, requests of the kernel, totals",
        },
        CommonOptions.Verbose with { Help = "a line for each call as it ends, on standard error" },
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover watch", "until Ctrl-C, then the table"),
        new("drover watch --for 30 --verbose", "half a minute, with a line for each call"),
        new("drover watch --comm '*udev*' --errno EEXIST --sort calls", "udev's duplicates, most calls first"),
        new("drover watch --json > calls.jsonl", "a recording"),
        new("drover watch --begin", "first thing in an initramfs; later: drover watch --since-boot --for 1"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Has(Begin) && Array.Exists([SinceBoot, For, CommonOptions.Json], arguments.Has))
            throw new UsageException("--begin only starts the trace: read it later with --since-boot");
        var filter = WatchFilter.Of(arguments);
        using var interrupt = new Interrupt();
        using var instance = arguments.Has(SinceBoot)
            ? TraceInstance.TakeOverBoot()
            : TraceInstance.Begin(ProbesOf(terminal), forBoot: arguments.Has(Begin));
        if (arguments.Has(Begin))
            instance.Keep();
        else
            Watch(instance, arguments, filter, terminal, interrupt.Token);
        return ExitCode.Ok;
    }

    static void Watch(
        TraceInstance instance, Arguments arguments, WatchFilter filter, Terminal terminal,
        CancellationToken cancellationToken)
    {
        var (isJson, isVerbose) = (arguments.Has(CommonOptions.Json), arguments.Has(CommonOptions.Verbose));
        var (tally, line, lost) = (new WatchTally(), new ProgressLine(terminal, TimeProvider.System), 0L);
        var screen = isJson || isVerbose || terminal.Screen is null ? null : new Screen(terminal);
        var joiner = new CallJoiner(CallEnded, DescriptorName)
        {
            SeesReads = ProbePlan.SeesReads(instance.Events),
            Requested = RequestSeen,
        };
        var lacks = ProbePlan.Lacks(instance.Events);
        if (isJson)
        {
            var sinceBoot = arguments.Has(SinceBoot);
            var start = sinceBoot ? 0 : Machine.MonotonicUs();
            var header = new WatchHeader(Machine.KernelRelease(), Machine.CountCpus(), start, sinceBoot, lacks);
            header.WriteTo(terminal.Out);
        }
        if (screen is null)
            WarnOfLacks();
        TimeSpan? limit = arguments.Count(For) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        instance.Follow(joiner.Take, Drained, limit, cancellationToken);
        foreach (var call in joiner.InFlight)
            CallEnded(call);
        line.Clear();
        if (screen is not null)
        {
            screen.Clear();
            terminal.Flush();
            // not earlier: the screen erases earlier output
            WarnOfLacks();
        }
        if (isJson)
            tally.Totals(joiner).WriteTo(terminal.Out);
        else
            WatchTable.Write(terminal, tally, filter.Order, joiner);

        void WarnOfLacks()
        {
            foreach (var lack in lacks)
                terminal.Warn($"watch: {lack}");
        }

        void CallEnded(TracedCall call)
        {
            if (!filter.Selects(call))
                return;
            tally.Add(call);
            Print(() => WatchCall.Of(call), () => WatchTable.Line(call));
        }

        void RequestSeen(TracedRequest request)
        {
            if (!filter.Selects(request))
                return;
            tally.Add(request);
            Print(() => WatchRequest.Of(request), () => WatchTable.Line(request));
        }

        void Print(Func<WatchLine> json, Func<string> text)
        {
            if (isJson)
                json().WriteTo(terminal.Out);
            if (!isVerbose)
                return;
            line.Clear();
            terminal.Error.WriteLine(text());
        }

        void Drained()
        {
            if (isJson && joiner.LostEvents > lost)
                new WatchLost(joiner.LostEvents - lost).WriteTo(terminal.Out);
            lost = joiner.LostEvents;
            terminal.Flush();
            if (screen is null)
                line.Show(() => WatchTable.Summary(tally.Totals(joiner)));
            else
                screen.Show((writer, size) => WatchTable.WriteScreen(writer, tally, filter.Order, joiner, size));
        }
    }

    /// <summary>The probes that this kernel's types allow. Reading the types takes some megabytes.</summary>
    static IReadOnlyList<IReadOnlyList<Probe>> ProbesOf(Terminal terminal)
    {
        try
        {
            return ProbePlan.For(BtfFile.TryReadKernel());
        }
        catch (BtfException damaged)
        {
            terminal.Warn($"watch: {BtfFile.OfKernel}: {damaged.Message}");
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
