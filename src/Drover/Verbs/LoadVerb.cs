using Drover.Cli;
using Drover.Loading;
using Drover.Modules;
using Drover.Output;

namespace Drover.Verbs;

/// <summary><c>drover load</c>: modules by name or modalias.</summary>
sealed class LoadVerb : Verb
{
    public override string Name => "load";

    public override string Summary => "load modules by name or modalias, each once";

    public override string Operands => "NAME|MODALIAS…";

    public override string Details =>
        """
        Loads what the names stand for and all that it depends on, side by side where it can be, and
        prints a line for each module asked for. Whatever is live costs no call; of several drover
        processes that want the same module one loads it, and the others get its answer. Where a daemon
        listens it is asked to do it, unless --jobs, --budget or --verbose are about this process's own
        calls, or --root or --release name other modules than the machine's.
        """;

    public override IReadOnlyList<Option> Options =>
    [
        CommonOptions.DryRun, CommonOptions.Jobs, CommonOptions.Budget, CommonOptions.Root, CommonOptions.Release, CommonOptions.Json,
        CommonOptions.Verbose with { Help = "a line for each call to the kernel, on standard error" },
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover load loop dm-crypt", "two modules and what they need"),
        new("drover load \"$(cat /sys/bus/pci/devices/0000:00:1f.3/modalias)\"", "the drivers of one device"),
        new("drover load --dry-run btrfs", "what would be loaded, in which order; needs no root"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Operands.Count == 0)
            throw new UsageException("which module?");
        var requests = arguments.Operands.Select(asked => new LoadRequest(asked)).ToList();
        if (arguments.Has(CommonOptions.DryRun))
            return PlanOutput.Write(OpenCatalog(arguments, terminal), requests, arguments, terminal);
        using var interrupt = new Interrupt();
        return IsForDaemon(arguments) && ThroughDaemon.Load([.. requests.Select(request => request with { Asker = "drover load" })], terminal.Complain, interrupt.Stop) is { } answers
            ? Report(answers, counts: null, arguments, terminal)
            : Load(requests, arguments, terminal, interrupt.Stop);
    }

    static ModuleCatalog OpenCatalog(Arguments arguments, Terminal terminal)
    {
        var catalog = ModuleSource.Open(arguments);
        if (arguments.Has(CommonOptions.Verbose))
            terminal.WarnOf(catalog.Config);
        return catalog;
    }

    /// <summary>Loads by this process.</summary>
    static int Load(List<LoadRequest> requests, Arguments arguments, Terminal terminal, CancellationToken stop)
    {
        var catalog = OpenCatalog(arguments, terminal);
        Session.RequireModuleSupport();
        using var session = new Session(catalog);
        var watcher = new LoadWatcher(terminal, arguments.Has(CommonOptions.Verbose));
        var loader = session.CreateLoader(arguments, watcher);
        if (session.WithoutGate is { } reason)
            watcher.Noted(reason);
        var answers = session.Loop.Run(() => Task.WhenAll(requests.Select(request => loader.RequestAsync(request, stop))));
        watcher.Done();
        return Report(answers, loader.Counts, arguments, terminal);
    }

    /// <summary>The daemon has bounds of its own, this machine's modules, and nobody who watches its calls.</summary>
    static bool IsForDaemon(Arguments arguments) =>
        !arguments.Has(CommonOptions.Jobs) && !arguments.Has(CommonOptions.Budget) && !arguments.Has(CommonOptions.Verbose) &&
        !arguments.Has(CommonOptions.Root) && !arguments.Has(CommonOptions.Release);

    static int Report(IReadOnlyList<RequestOutcome> answers, LoaderCounts? counts, Arguments arguments, Terminal terminal)
    {
        if (arguments.Has(CommonOptions.Json))
            LoadReport.Write(answers, counts, terminal.Out);
        else
            Print(answers, terminal);
        return answers.All(answer => answer.Modules.All(module => module.IsAvailable)) ? ExitCode.Ok : ExitCode.Failure;
    }

    static void Print(IEnumerable<RequestOutcome> answers, Terminal terminal)
    {
        foreach (var outcome in answers.SelectMany(answer => answer.Modules))
        {
            if (outcome.IsAvailable)
                terminal.Out.WriteLine(OutcomeText.LineOf(outcome));
            else
                terminal.Complain(OutcomeText.LineOf(outcome));
        }
    }
}
