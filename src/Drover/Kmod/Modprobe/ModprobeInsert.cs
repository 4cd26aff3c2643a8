using Drover.Cli;
using Drover.Linux;
using Drover.Loading;
using Drover.Modules;
using Drover.Verbs;

namespace Drover.Kmod;

/// <summary>modprobe that inserts, or tells with -n, -D and -R what inserting would mean: name by name, and module by module of a name, as kmod goes. One owner.</summary>
sealed class ModprobeInsert : IDisposable
{
    /// <summary>
    /// How long the kernel is kept waiting. A module that asks for itself while it initialises would else wait for its own end (design rule 11); the load goes on
    /// and a later request finds it live. Less than the two minutes after which the kernel calls its own waiting task hung.
    /// </summary>
    static readonly TimeSpan KernelsPatience = TimeSpan.FromMinutes(1);

    readonly ModprobeRun _run;
    readonly InsertLines _lines;
    readonly Lazy<TimeSpan?> _patience = new(() => KernelHelper.IsThisProcess() ? KernelsPatience : null);
    Session? _session;
    Loader? _loader;

    ModprobeInsert(ModprobeRun run) => (_run, _lines) = (run, new InsertLines(run));

    /// <returns>The exit status.</returns>
    public static int Run(ModprobeRun run)
    {
        var options = run.Options;
        if (options.Json && (options.LookUpOnly || options.ShowDepends))
            return ModprobeJson.Write(run);
        using var insert = new ModprobeInsert(run);
        if (!options.All)
            return insert.Insert(options.Operands[0], ModuleOptions.Join(options.Operands, 1)) ? ExitCode.Ok : ExitCode.Failure;
        var all = true;
        foreach (var name in options.Operands)
            all &= insert.Insert(name, "");
        return all ? ExitCode.Ok : ExitCode.Failure;
    }

    public void Dispose() => _session?.Dispose();

    bool Insert(string asked, string parameters)
    {
        var file = FileOf(asked);
        IReadOnlyList<FoundModule> found = file is null ? FoundModule.All(_run.Catalog, asked) : File.Exists(file) ? [new FoundModule(ModuleName.FromPath(file), null)] : [];
        if (found.Count == 0)
        {
            _run.Complain($"Module {asked} not found in directory {_run.Catalog.Tree.Directory}");
            return false;
        }
        var ok = true;
        if (file is null && AskDaemon(asked, found, parameters) is { } outcomes)
        {
            foreach (var outcome in outcomes)
                ok = Judge(outcome);
            return ok;
        }
        foreach (var module in found)
        {
            if (_run.Options.LookUpOnly)
                _run.Terminal.Out.WriteLine(module.Name);
            else
                ok = Insert(module, file, parameters);
        }
        return ok;
    }

    /// <summary>
    /// What became of each of the modules, or null where they are to be loaded here: no daemon, nothing to load, more than it can do, or install commands, which run
    /// in the environment of whoever asks and print where it prints.
    /// </summary>
    List<ModuleOutcome>? AskDaemon(string asked, IReadOnlyList<FoundModule> found, string parameters)
    {
        var (options, catalog) = (_run.Options, _run.Catalog);
        if (!options.IsForDaemon || found.All(module => InKernel(catalog, module.Name)))
            return null;
        if (found.Any(module => ProbeList.Of(catalog, module, ignoreCommand: options.IgnoreCommands).Any(step => step.Command is not null)))
            return null;
        var request = new LoadRequest(asked, "modprobe", Parameters: parameters, Patience: _patience.Value, ApplyBlacklist: options.UseBlacklist)
        {
            Scope = options.IgnoreCommands ? LoadScope.WithoutCommand : LoadScope.Full,
        };
        if (ThroughDaemon.Load([request], _run.Log.Info) is not [var answer])
            return null;
        var outcomes = found.Select(module => answer.Modules.FirstOrDefault(outcome => outcome.Module == module.Name)).OfType<ModuleOutcome>().ToList();
        return outcomes.Count == found.Count ? outcomes : null; // its indexes are not ours
    }

    /// <summary>A path as newer kmod takes one (kmod 30 takes names only): from the root, or from here with <c>./</c>; made absolute.</summary>
    public static string? FileOf(string asked) =>
        asked.StartsWith('/') ? asked : asked.StartsWith("./", StringComparison.Ordinal) ? $"{Environment.CurrentDirectory}/{asked}" : null;

    bool Insert(FoundModule module, string? file, string parameters)
    {
        var (options, catalog) = (_run.Options, _run.Catalog);
        if (!options.ShowDepends && InKernel(catalog, module.Name))
            return !options.FirstTime || Failed(module.Name, Errno.EEXIST);
        if ((module.Alias is not null || options.UseBlacklist) && catalog.IsBlacklisted(module.Name))
            return true;
        var steps = ProbeList.Of(catalog, module, file, options.IgnoreCommands);
        if (options.DryRun)
        {
            if (options.ShowDepends || options.IsVerbose)
                _lines.Write(steps, parameters);
            return true;
        }
        if (LoopOf(steps) is { } loop)
        {
            _run.Log.Error($"install commands lead round in a loop: {loop}; inside of one, its own module is loaded with 'modprobe --ignore-install'");
            return false;
        }
        return Judge(Load(module, file, parameters, steps));
    }

    ModuleOutcome Load(FoundModule module, string? file, string parameters, IReadOnlyList<ProbeStep> steps)
    {
        var options = _run.Options;
        _session ??= new Session(_run.Catalog, CommandEnvironment.Of(options));
        _loader ??= _session.CreateLoader(new LoaderOptions { Ignored = options.Ignored }, _lines);
        var request = new LoadRequest(module.Name, "modprobe", Parameters: parameters, Patience: _patience.Value, ApplyBlacklist: options.UseBlacklist)
        {
            Found = module,
            File = file,
            Scope = options.IgnoreCommands ? LoadScope.WithoutCommand : LoadScope.Full,
        };
        if (options.IsVerbose)
            _lines.Begin(steps, parameters);
        var outcome = _session.Loop.Run(() => _loader.RequestAsync(request)).Modules[0];
        _lines.End(outcome);
        return outcome;
    }

    bool Judge(ModuleOutcome outcome)
    {
        if (outcome.Kind is OutcomeKind.Blacklisted)
            return true;
        if (outcome.IsAvailable)
            return !_run.Options.FirstTime || outcome.Kind is OutcomeKind.Loaded || Failed(outcome.Module, Errno.EEXIST);
        if (outcome.Kind is OutcomeKind.NotFound)
        {
            _run.Log.Error($"could not find module by name='{outcome.Module}'");
            return Failed(outcome.Module, Errno.ENOENT);
        }
        if (outcome.Why is { } why)
            _run.Log.Info(why);
        return Failed(outcome.Module, outcome.Kind is OutcomeKind.Left ? Errno.ETIMEDOUT : outcome.Error);
    }

    bool Failed(string module, Errno error)
    {
        var why = error switch
        {
            Errno.EEXIST => "Module already in kernel",
            Errno.ENOENT => "Unknown symbol in module, or unknown parameter (see dmesg)",
            _ => StrError.OfLoad(error),
        };
        _run.Log.Error($"could not insert '{module}': {why}");
        return false;
    }

    /// <summary>Built in, or live (kmod: <c>module_is_inkernel</c>).</summary>
    public static bool InKernel(ModuleCatalog catalog, string module) => catalog.Tree.IsBuiltIn(module) || SysModule.InitStateOf(module) is InitState.Live;

    /// <summary>The way round, when one of the commands that would run is running already and has led here; kmod would go on for ever.</summary>
    static string? LoopOf(IReadOnlyList<ProbeStep> steps)
    {
        var running = InstallCommand.Running();
        foreach (var step in steps)
        {
            var first = step.Command is null ? -1 : Array.IndexOf(running, step.Module.Name);
            if (first >= 0)
                return string.Join(" → ", (string[])[.. running[first..], step.Module.Name]);
        }
        return null;
    }
}

/// <summary>What install and remove commands get handed down. Stateless.</summary>
static class CommandEnvironment
{
    public static Dictionary<string, string> Of(ModprobeOptions options) =>
        options.ForCommands is { } words ? new Dictionary<string, string> { ["MODPROBE_OPTIONS"] = words } : [];
}
