using Drover.CommandLine;
using Drover.Control;
using Drover.Host;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Loading;
using Drover.Modules;
using Drover.Modules.Config;

namespace Drover.Commands;

/// <summary><c>drover load</c>: loads modules by name or modalias.</summary>
sealed class LoadVerb : Verb
{
    /// <summary>The daemon has its own limits, serves this machine's modules only, and prints no calls.</summary>
    static readonly Option[] s_notForDaemon =
    [
        CommonOptions.Jobs, CommonOptions.Budget, CommonOptions.Stagger, CommonOptions.Decompress,
        CommonOptions.Verbose, CommonOptions.Root, CommonOptions.Release, CommonOptions.OverridePolicy,
    ];

    public override string Name => "load";

    public override string Summary => "load modules by name or modalias, each once";

    public override string Operands => "NAME|MODALIAS…";

    public override string Details =>
        """
        Loads the modules and their dependencies, in parallel where possible, and prints a line for each
        requested module. A module that is live needs no kernel call; if several drover processes request
        the same module, one loads it and all report the result. A running daemon does the loading, unless
        --jobs, --budget, --stagger, --decompress, --verbose, --root, --release or --override-policy is given.
        """;

    public override IReadOnlyList<Option> Options =>
    [
        CommonOptions.DryRun, CommonOptions.Jobs, CommonOptions.Budget, CommonOptions.Stagger,
        CommonOptions.Decompress, CommonOptions.Root, CommonOptions.Release, CommonOptions.OverridePolicy,
        CommonOptions.Json,
        CommonOptions.Verbose with { Help = "print a line for each kernel call to standard error" },
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover load loop dm-crypt", "two modules and their dependencies"),
        new("drover load \"$(cat /sys/bus/pci/devices/0000:00:1f.3/modalias)\"", "the drivers of one device"),
        new("drover load --dry-run btrfs", "which modules would be loaded, in which order; root not needed"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Operands.Count == 0)
            throw new UsageException("no module given");
        foreach (var name in arguments.Operands)
        {
            if (ModuleName.IsFileName(name) || name.StartsWith('/'))
                throw new UsageException($"'{name}' is a file, not a module's name: 'drover insmod' loads a file");
            // a modalias has the name of its bus first
            if (name.IndexOfAny(['=', ':']) is > 0 and var at && name[at] == '=')
                throw new UsageException($"'{name}' is a parameter: 'drover modprobe MODULE {name}' passes it");
        }
        var batch = new LoadBatch(arguments.Operands)
        {
            Requester = "drover load",
            Client = ThisProcess.Client,
            OverridesPolicy = arguments.Has(CommonOptions.OverridePolicy),
        };
        if (arguments.Has(CommonOptions.DryRun))
        {
            return PlanOutput.Write(
                OpenCatalog(arguments, terminal), [.. batch.Requests], arguments, terminal, isStrict: true);
        }
        var (outcomes, statistics) = Load(batch, arguments, terminal);
        return Report(outcomes, statistics, arguments, terminal);
    }

    /// <summary>Loads through the daemon, or in this process. Ctrl-C and SIGTERM end the wait.</summary>
    /// <returns>The outcomes in the order of the names, and the statistics of this process; null after the
    /// daemon.</returns>
    public static (IReadOnlyList<RequestOutcome> Outcomes, LoaderStatistics? Statistics) Load(
        LoadBatch batch, Arguments arguments, Terminal terminal)
    {
        using var interrupt = new Interrupt();
        if (!s_notForDaemon.Any(arguments.Has)
            && ThroughDaemon.Load(batch, terminal.Warn, interrupt.Token) is { } outcomes)
        {
            return (outcomes, null);
        }
        // a container has no modules, and needs none for what is live
        return ModuleSource.IsThisMachine(arguments) && !ModuleSource.HasModules && LiveOf(batch) is { } live
            ? (live, null)
            : LoadHere([.. batch.Requests], arguments, terminal, interrupt.Token);
    }

    /// <summary>Opens the modules, and warns of what does not count.</summary>
    public static ModuleCatalog OpenCatalog(Arguments arguments, Terminal terminal)
    {
        var catalog = ModuleSource.Open(arguments);
        terminal.WarnOfDamage(catalog);
        if (arguments.Has(CommonOptions.Verbose))
            terminal.WarnOf(catalog.Config);
        terminal.WarnOf(catalog.Policy);
        return catalog;
    }

    /// <summary>The outcomes, if all names are those of live modules; else null.</summary>
    static RequestOutcome[]? LiveOf(LoadBatch batch)
    {
        var outcomes = new List<RequestOutcome>();
        foreach (var request in batch.Requests)
        {
            var module = ModuleName.Normalize(request.Name);
            if (SysModule.InitStateOf(module) is not InitState.Live)
                return null;
            outcomes.Add(new(request, [new(module, OutcomeKind.AlreadyLive)]));
        }
        return [.. outcomes];
    }

    static (IReadOnlyList<RequestOutcome>, LoaderStatistics) LoadHere(
        IReadOnlyList<LoadRequest> requests, Arguments arguments, Terminal terminal,
        CancellationToken cancellationToken)
    {
        var catalog = OpenCatalog(arguments, terminal);
        Session.RequireModuleSupport("--dry-run with --root");
        using var session = new Session(catalog);
        var watcher = new LoadWatcher(terminal, arguments.Has(CommonOptions.Verbose));
        var loader = session.CreateLoader(arguments, watcher);
        if (session.WithoutLocks is { } reason)
            watcher.Noted(reason);
        var outcomes = session.Loop.Run(
            () => Task.WhenAll(requests.Select(request => loader.RequestAsync(request, cancellationToken))));
        watcher.Done();
        return (outcomes, loader.Statistics);
    }

    static int Report(
        IReadOnlyList<RequestOutcome> outcomes, LoaderStatistics? statistics, Arguments arguments, Terminal terminal)
    {
        if (arguments.Has(CommonOptions.Json))
        {
            LoadReport.Write(outcomes, statistics, terminal.Out);
        }
        else
        {
            foreach (var module in outcomes.SelectMany(outcome => outcome.Modules))
            {
                if (module is { Kind: OutcomeKind.Loaded, Why: { } warning } && statistics is null)
                    terminal.Warn($"{module.Module}: {warning}"); // the daemon's: this process prints its own
                if (module.IsAvailable)
                    terminal.Out.WriteLine(OutcomeText.LineOf(module));
                else
                    terminal.Warn(OutcomeText.LineOf(module));
            }
        }
        return outcomes.All(outcome => outcome.Modules.All(module => module.IsAvailable))
            ? ExitCode.Ok
            : ExitCode.Failure;
    }
}
