using Drover.CommandLine;
using Drover.Control;
using Drover.Host;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Loading;
using Drover.Modules.Config;

namespace Drover.Commands;

/// <summary><c>drover modules-load</c>: loads what systemd-modules-load.service(8) loads, each module once.</summary>
sealed class ModulesLoadVerb : Verb
{
    /// <summary>Exists in an initramfs with systemd (systemd: <c>in_initrd</c>).</summary>
    const string InitramfsMark = "/etc/initrd-release";

    public override string Name => "modules-load";

    public override string Summary => "load the modules of modules-load.d and modules_load=";

    public override string Operands => "[FILE…]";

    public override string Details =>
        """
        Does the work of systemd-modules-load: loads the modules that modules-load.d(5) and modules_load= on
        the kernel command line name, in the initramfs also rd.modules_load=. All are requested at once, from
        the daemon where one runs, and each module is loaded once, also if lines share dependencies. Prints a
        line for each request. With FILE only that file is read; a name without a slash is looked for in the
        modules-load.d directories, and a dash is standard input.

        As with systemd, the blacklist applies to names and aliases, and a module without hardware or with an
        unknown symbol is reported but does not make the status 1.
        """;

    public override IReadOnlyList<Option> Options =>
    [
        CommonOptions.DryRun, CommonOptions.Jobs, CommonOptions.Budget, CommonOptions.Stagger,
        CommonOptions.Decompress, CommonOptions.Root, CommonOptions.Release, CommonOptions.Json,
        CommonOptions.Verbose with { Help = "print a line for each kernel call to standard error" },
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover modules-load", "what the boot loads; the unit systemd-modules-load runs it"),
        new("drover modules-load --dry-run", "which modules that would be, in which order; root not needed"),
        new("drover modules-load ./virt.conf", "the modules of one file"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        var root = ModuleSource.RootOf(arguments);
        var isHere = ModuleSource.IsThisMachine(arguments);
        var config = ModulesLoadConfig.Load(
            root, isHere ? Machine.CommandLine() : null, isHere && File.Exists(InitramfsMark),
            arguments.Operands.Count > 0 ? arguments.Operands : null);
        foreach (var problem in config.Unreadable)
            terminal.Warn(problem);
        var unread = config.Unreadable.Count > 0 ? ExitCode.Failure : ExitCode.Ok;
        if (config.Lines.Count == 0 && !arguments.Has(CommonOptions.Json))
        {
            if (arguments.Has(CommonOptions.Verbose))
                terminal.Warn("no module is named in modules-load.d or on the kernel command line");
            return unread;
        }
        var names = config.Lines.Select(line => line.Name).Distinct().ToArray();
        var batch = new LoadBatch(names)
        {
            Requester = Name,
            ApplyBlacklist = true,
            Client = ThisProcess.Client,
        };
        if (arguments.Has(CommonOptions.DryRun))
        {
            var catalog = LoadVerb.OpenCatalog(arguments, terminal);
            return Math.Max(unread, PlanOutput.Write(catalog, [.. batch.Requests], arguments, terminal));
        }
        var (outcomes, statistics) = names.Length > 0 ? LoadVerb.Load(batch, arguments, terminal) : ([], null);
        if (arguments.Has(CommonOptions.Json))
            LoadReport.Write(outcomes, statistics, terminal.Out);
        else
            Print(config.Lines, outcomes, terminal);
        return outcomes.SelectMany(outcome => outcome.Modules).Any(IsFailure) ? ExitCode.Failure : unread;
    }

    static void Print(
        IReadOnlyList<ModulesLoadLine> lines, IReadOnlyList<RequestOutcome> outcomes, Terminal terminal)
    {
        var byName = outcomes.ToDictionary(outcome => outcome.Request.Name);
        foreach (var (name, source) in lines)
        {
            foreach (var module in byName[name].Modules)
            {
                var text = $"{source}: {OutcomeText.LineOf(module)}";
                if (module.IsAvailable || module.Kind is OutcomeKind.Blacklisted or OutcomeKind.Forbidden)
                    terminal.Out.WriteLine(text);
                else
                    terminal.Warn(text);
            }
        }
    }

    /// <summary>systemd's rule (<c>module_load_and_warn</c>).</summary>
    static bool IsFailure(ModuleOutcome module) => module.Kind switch
    {
        OutcomeKind.NotFound or OutcomeKind.Left => true,
        OutcomeKind.Blacklisted or OutcomeKind.Forbidden => false,
        _ => !module.IsAvailable && module.Error is not (Errno.ENODEV or Errno.ENOENT),
    };
}
