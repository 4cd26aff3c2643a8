using Drover.CommandLine;
using Drover.Control;
using Drover.Host;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.Kernel;
using Drover.Linux.ProcFs;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Kmod;

/// <summary>modprobe that inserts, or with -n, -D and -R shows what inserting would do. Every name is looked up, and
/// every module classified and planned, once. With -a all names are loaded in parallel; the output keeps the order of
/// the names, and within a name the modules are loaded one after another, as in kmod. One owner.</summary>
sealed class ModprobeInsert : IDisposable
{
    /// <summary>Timeout of the kernel's own requests (design rule 11), for a module that requests itself from its init;
    /// shorter than the two minutes after which the kernel reports a hung task.</summary>
    static readonly TimeSpan s_kernelTimeout = TimeSpan.FromMinutes(1);

    readonly ModprobeRun _run;
    readonly ModprobeOptions _options;
    readonly Planner _planner;
    readonly InsertLines _lines;
    readonly Queue<Request> _unreported = [];
    readonly Lazy<TimeSpan?> _timeout = new(() => KernelHelper.IsThisProcess() ? s_kernelTimeout : null);
    Session? _session;
    Loader? _loader;

    ModprobeInsert(ModprobeRun run) =>
        (_run, _options, _planner, _lines) = (run, run.Options, new Planner(run.Catalog), new InsertLines(run));

    /// <returns>The exit status: with -a, failure if any name failed.</returns>
    public static int Run(ModprobeRun run)
    {
        var options = run.Options;
        if (options.Json && (options.LookUpOnly || options.ShowDepends))
            return ModprobeJson.Write(run);
        using var insert = new ModprobeInsert(run);
        var names = options.All
            ? options.Operands.Select(name => insert.LookUp(name, "")).ToArray()
            : [insert.LookUp(options.Operands[0], ModuleOptions.Join(options.Operands, 1))];
        foreach (var name in names)
            insert._unreported.Enqueue(name);
        if (!options.DryRun && !options.LookUpOnly)
            insert.Start(names);
        insert.Report();
        return names.All(name => name.Ok) ? ExitCode.Ok : ExitCode.Failure;
    }

    public void Dispose() => _session?.Dispose();

    /// <summary>An absolute path or one that begins with <c>./</c>, as newer kmod (not kmod 30) takes it.</summary>
    public static string? FileOf(string name) =>
        name.StartsWith('/') || name.StartsWith("./", StringComparison.Ordinal) ? LinuxPath.Absolute(name) : null;

    /// <summary>The modules of a name, or that of the file it is; none if there is none.</summary>
    /// <param name="file">From <see cref="FileOf"/>.</param>
    public static IReadOnlyList<FoundModule> Find(ModprobeRun run, string name, string? file) =>
        file is null ? FoundModule.All(run.Catalog, name)
        : SystemFiles.Current.IsFile(file) ? [new FoundModule(ModuleName.FromPath(file), null)]
        : [];

    Request LookUp(string name, string parameters)
    {
        var file = FileOf(name);
        var found = Find(_run, name, file);
        return new Request(name, file, parameters, [.. found.Select(module => Classify(module, name, file, found))]);
    }

    Target Classify(FoundModule module, string name, string? file, IReadOnlyList<FoundModule> found)
    {
        if (_options.LookUpOnly)
            return new Target(module, Fate.Load, null);
        if (!_options.ShowDepends && IsInKernel(module.Name))
            return new Target(module, Fate.InKernel, null);
        if (module.WhyLeftOut(_run.Catalog, found, _options.UseBlacklist) is not null)
            return new Target(module, Fate.Blacklisted, null);
        var plan = ModulePlan.Of(_planner, module, SysModule.InitStateOf, RequestOf(_options, name, module, file));
        return new Target(module, Fate.Load, plan);
    }

    /// <summary>The request for one module of a name.</summary>
    public static LoadRequest RequestOf(ModprobeOptions options, string name, FoundModule module, string? file) =>
        new(name, "modprobe")
        {
            ApplyBlacklist = options.UseBlacklist,
            Found = module,
            File = file,
            Scope = options.IgnoreCommands ? LoadScope.WithoutCommand : LoadScope.Full,
            Client = ThisProcess.Client,
            OverridesPolicy = options.OverridesPolicy,
        };

    bool IsInKernel(string module) =>
        _run.Catalog.Tree.IsBuiltIn(module) || SysModule.InitStateOf(module) is InitState.Live;

    /// <summary>As in a container that has no modules of its own: what is live is success, and the host's daemon, if
    /// its socket is there, knows what other names stand for. None if neither knows the name.</summary>
    IReadOnlyList<Target> WithoutModules(Request request)
    {
        var name = ModuleName.Normalize(request.Name);
        if (SysModule.InitStateOf(name) is InitState.Live)
            return [new Target(new FoundModule(name, null), Fate.InKernel, null)];
        return _options.IsForDaemon && ThroughDaemon.Load(BatchOf([request]), _run.Log.Info) is [var answer]
            ?
            [
                .. answer.Modules.Where(outcome => outcome.Kind is not OutcomeKind.NotFound)
                    .Select(outcome => Decided(new(new(outcome.Module, null), Fate.Load, null), outcome)),
            ]
            : [];
    }

    /// <summary>Starts all loads, through the daemon where that is possible.</summary>
    void Start(Request[] requests)
    {
        if (!SystemFiles.Current.IsDirectory(_run.Catalog.Tree.Directory))
        {
            foreach (var request in requests.Where(request => request.Targets.Count == 0 && request.File is null))
                request.Targets = WithoutModules(request);
        }
        Request[] rest = [.. requests.Where(request => request.IsLoad)];
        if (rest.Length == 0 || AskDaemon(rest))
            return;
        _session = new Session(_run.Catalog, CommandEnvironment.Of(_options));
        _loader = _session.CreateLoader(new LoaderOptions { Ignored = _options.Ignored }, _lines, _planner);
        if (_options.IsVerbose)
        {
            foreach (var request in rest)
            {
                foreach (var target in request.Targets.Where(target => !target.IsDecided))
                    _lines.Expect(target.Plan!, request.Parameters);
            }
        }
        _session.Loop.Run(async () =>
        {
            var loads = rest.Select(LoadInTurnAsync).ToArray();
            foreach (var load in loads)
                await load;
            return 0;
        });
    }

    /// <summary>Loads a name's modules one after another; drivers of one device register in this order.</summary>
    async Task LoadInTurnAsync(Request request)
    {
        foreach (var target in request.Targets.Where(target => !target.IsDecided))
        {
            var load = RequestOf(_options, request.Name, target.Module, request.File) with
            {
                Parameters = request.Parameters,
                Timeout = _timeout.Value,
            };
            target.Outcome = (await _loader!.RequestAsync(load)).Modules[0];
            _lines.Ended(target.Plan!, target.Outcome);
            Report();
        }
    }

    /// <summary>Lets the daemon load. False where there is no daemon, or for files, modules that its indexes do not
    /// have, and install commands, which need this process's environment and output.</summary>
    bool AskDaemon(Request[] requests)
    {
        var plans = requests.SelectMany(request => request.Targets).Select(target => target.Plan);
        if (!_options.IsForDaemon || requests.Any(request => request.File is not null)
            || plans.Any(plan => plan is not null && plan.Steps.Any(step => step.Command is not null)))
        {
            return false;
        }
        if (ThroughDaemon.Load(BatchOf(requests), _run.Log.Info) is not { } answers || answers.Count != requests.Length)
            return false;
        var outcomes = new List<ModuleOutcome>(); // of all targets, or the daemon knows other modules
        for (var i = 0; i < requests.Length; i++)
        {
            foreach (var target in requests[i].Targets)
            {
                if (answers[i].Modules.FirstOrDefault(one => one.Module == target.Module.Name) is not { } outcome)
                    return false;
                outcomes.Add(outcome);
            }
        }
        var next = 0;
        foreach (var target in requests.SelectMany(request => request.Targets))
            _ = Decided(target, outcomes[next++]);
        return true;
    }

    LoadBatch BatchOf(Request[] requests) => new([.. requests.Select(request => request.Name)])
    {
        Requester = "modprobe",
        Parameters = requests[0].Parameters, // with -a there are none
        Timeout = _timeout.Value,
        ApplyBlacklist = _options.UseBlacklist,
        IgnoreInstall = _options.IgnoreCommands,
    };

    /// <summary>Takes the daemon's outcome.</summary>
    Target Decided(Target target, ModuleOutcome outcome)
    {
        target.Outcome = outcome;
        if (outcome is { Kind: OutcomeKind.Loaded, Why: { } warning })
            _run.Log.Warning($"{outcome.Module}: {warning}");
        return target;
    }

    string WhyNotFound(Request request)
    {
        if (request.File is not { } file)
            return $"Module {request.Name} not found in directory {_run.Catalog.Tree.Directory}";
        var error = SystemFiles.Current.IsDirectory(file) ? Errno.EISDIR : Errno.ENOENT;
        return $"Failed to get module from path {request.Name}: {StrError.Of(error)}";
    }

    /// <summary>Prints the results so far in the names' order. As in kmod, a name's last module decides.</summary>
    void Report()
    {
        for (; _unreported.TryPeek(out var request); _unreported.Dequeue())
        {
            if (request.Targets.Count == 0)
                _run.ReportFailure(WhyNotFound(request));
            for (; request.Reported < request.Targets.Count; request.Reported++)
            {
                var target = request.Targets[request.Reported];
                if (!_options.DryRun && !_options.LookUpOnly && !target.IsDecided)
                    return;
                request.Ok = Report(target, request.Parameters);
            }
        }
    }

    bool Report(Target target, string parameters)
    {
        var module = target.Module.Name;
        if (_options.LookUpOnly)
        {
            _run.Terminal.Out.WriteLine(module);
            return true;
        }
        if (target.Outcome is { } outcome)
            return Judge(outcome, target.Plan);
        if (target.Fate is Fate.InKernel)
            return !_options.FirstTime || Failed(module, Errno.EEXIST);
        foreach (var forbidden in target.Plan?.Forbidden ?? [])
        {
            if (forbidden.Module == module)
                return Judge(forbidden, target.Plan);
            _run.Log.Info($"{forbidden.Module}: {forbidden.Why}"); // a softdep
        }
        if (target.Plan is { } plan && (_options.ShowDepends || _options.IsVerbose))
            _lines.Write(plan.Steps, parameters);
        return true;
    }

    bool Judge(ModuleOutcome outcome, ModulePlan? plan)
    {
        if (outcome.Kind is OutcomeKind.Blacklisted)
            return true;
        if (outcome.IsAvailable)
            return !_options.FirstTime || outcome.Kind is OutcomeKind.Loaded || Failed(outcome.Module, Errno.EEXIST);
        if (outcome.Kind is OutcomeKind.NotFound)
        {
            _run.Log.Error($"could not find module by name='{outcome.Module}'");
            return Failed(outcome.Module, Errno.ENOENT);
        }
        if (outcome.Kind is OutcomeKind.Forbidden)
            return Fail($"{outcome.Module}: {outcome.Why}");
        if (outcome.Why is { } why)
            _run.Log.Reason(why);
        return outcome.Error switch
        {
            _ when outcome.Kind is OutcomeKind.Left => Failed(outcome.Module, Errno.ETIMEDOUT),
            Errno.ENOENT or Errno.EINVAL when NoFileOf(plan) is { } file =>
                Fail($"could not insert '{outcome.Module}': {file}"),
            // of its init: it is not in the kernel
            Errno.EEXIST => Fail($"could not insert '{outcome.Module}': {StrError.Of(Errno.EEXIST)}"),
            var error => Failed(outcome.Module, error),
        };
    }

    /// <summary>What modules.dep names for the module or what it needs, and why it is none: it is gone, or a directory
    /// or the like.</summary>
    static string? NoFileOf(ModulePlan? plan)
    {
        foreach (var step in plan?.Steps ?? [])
        {
            if (step is not { IsRequired: true, IsInKernel: false, Command: null, Path: { } path })
                continue;
            var kind = SystemFiles.Current.KindOf(path);
            if (kind is null)
                return $"{path}: {StrError.Of(Errno.ENOENT)} (run depmod)";
            if (kind is not FileKind.Regular)
                return $"{path}: not a regular file";
        }
        return null;
    }

    bool Failed(string module, Errno error) => Fail($"could not insert '{module}': " + error switch
    {
        Errno.EEXIST => "Module already in kernel",
        Errno.ENOENT => "Unknown symbol in module, or unknown parameter (see dmesg)",
        _ => StrError.OfLoad(error),
    });

    bool Fail(string message)
    {
        _run.Log.Error(message);
        return false;
    }
}

enum Fate
{
    Load,

    /// <summary>Built in or live (kmod: <c>module_is_inkernel</c>).</summary>
    InKernel,

    Blacklisted,
}

/// <summary>A requested name and the modules it stands for.</summary>
/// <param name="file">The path, for a name that is one.</param>
/// <param name="targets">None if the name is not known.</param>
sealed class Request(string name, string? file, string parameters, IReadOnlyList<Target> targets)
{
    public string Name => name;

    public string? File => file;

    public string Parameters => parameters;

    public IReadOnlyList<Target> Targets { get; set; } = targets;

    public bool IsLoad => Targets.Any(target => !target.IsDecided);

    /// <summary>How many of the targets have been reported.</summary>
    public int Reported { get; set; }

    /// <summary>The success of the last one reported.</summary>
    public bool Ok { get; set; }
}

/// <param name="plan">Null unless it is to be loaded or shown.</param>
sealed class Target(FoundModule module, Fate fate, ModulePlan? plan)
{
    public FoundModule Module => module;

    public Fate Fate => fate;

    public ModulePlan? Plan => plan;

    public bool IsDecided => Fate is not Fate.Load || Outcome is not null;

    /// <summary>Set once it is loaded, or has failed.</summary>
    public ModuleOutcome? Outcome { get; set; }
}

static class CommandEnvironment
{
    public static Dictionary<string, string> Of(ModprobeOptions options) =>
        options.ForCommands is { } words ? new Dictionary<string, string> { ["MODPROBE_OPTIONS"] = words } : [];
}

/// <summary>The lines <c>insmod PATH OPTIONS</c> of -n, -D and -v, in kmod's order although loads run in parallel: each
/// as soon as all lines before it are printed. Owned by the event loop.</summary>
sealed class InsertLines(ModprobeRun run) : ILoaderObserver
{
    readonly Queue<(ModulePlan Plan, string Parameters)> _plans = [];
    readonly Dictionary<ModulePlan, ModuleOutcome> _ended = [];
    readonly HashSet<string> _called = [];
    readonly HashSet<string> _printed = [];
    readonly HashSet<string> _failed = [];
    int _next; // of the first plan's steps

    /// <summary>Prints a plan that is not loaded: all of it for -D, else modules not in the kernel.</summary>
    public void Write(IReadOnlyList<PlanStep> steps, string parameters)
    {
        foreach (var step in steps.Where(step => run.Options.ShowDepends || !step.IsInKernel))
            Write(step, parameters);
    }

    /// <summary>This plan is loaded now, and its lines are printed after those of earlier ones.</summary>
    public void Expect(ModulePlan plan, string parameters) => _plans.Enqueue((plan, parameters));

    /// <summary>A plan's load has ended: the rest of its lines, as far as kmod would have come.</summary>
    public void Ended(ModulePlan plan, ModuleOutcome outcome)
    {
        _ended.Add(plan, outcome);
        Advance();
    }

    public void Calling(LoadCall call, ModuleFileFacts file)
    {
        if (_called.Add(call.Module))
            Advance();
    }

    public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
    {
        if (reply.Error is Errno.None)
        {
            _failed.Remove(call.Module);
            return;
        }
        _failed.Add(call.Module);
        run.Log.Info($"Failed to insert module '{call.Path}': {StrError.Of(reply.Error)}");
    }

    /// <summary>The line comes before the command's own output.</summary>
    public void CommandStarting(string module)
    {
        if (!_called.Add(module))
            return;
        Advance();
        run.Terminal.Flush();
    }

    public void CommandEnded(string module, string command, int status)
    {
        if (status == 0)
            return;
        _failed.Add(module);
        run.Log.Error(status switch
        {
            CommandStatus.Loop => $"install commands form a loop: {string.Join(" → ", Loop(module))}; "
                + "an install command loads its own module with 'modprobe --ignore-install'",
            < 0 => $"Could not run install command '{command}' for module {module}: no shell",
            _ => $"Error running install command '{command}' for module {module}: retcode {status}",
        });
    }

    public void PolicyApplied(LoadRequest source, string module, PolicyAction action, string why) =>
        PolicyLog.Report("modprobe", module, action, why, run.Log.Warning);

    public void Noted(string message) => run.Log.Info(message);

    static IEnumerable<string> Loop(string module) =>
        InstallCommand.Running().SkipWhile(name => name != module).Append(module);

    /// <summary>Joins options as kmod does: a blank follows configured options in any case.</summary>
    public static string Join(string configured, string own) => configured.Length == 0 ? own : $"{configured} {own}";

    void Advance()
    {
        while (_plans.TryPeek(out var first))
        {
            var steps = first.Plan.Steps;
            for (; _next < steps.Count && (steps[_next].IsInKernel || _called.Contains(steps[_next].Name)); _next++)
            {
                if (!steps[_next].IsInKernel && _printed.Add(steps[_next].Name))
                    Write(steps[_next], first.Parameters);
            }
            if (!_ended.TryGetValue(first.Plan, out var outcome))
                break;
            WriteRest(steps, outcome, first.Parameters);
            _plans.Dequeue();
            _next = 0;
            // a later plan that needs a failed module prints it again, as kmod does
            _called.ExceptWith(_failed);
            _printed.ExceptWith(_failed);
        }
        if (run.Terminal.IsWatched)
            run.Terminal.Flush();
    }

    void WriteRest(IReadOnlyList<PlanStep> steps, ModuleOutcome outcome, string parameters)
    {
        // a failed module may have its line already
        if (!outcome.IsAvailable && steps.Take(_next).Any(step => step.IsRequired && _failed.Contains(step.Name)))
            return;
        foreach (var step in steps.Skip(_next).Where(step => !step.IsInKernel && !_printed.Contains(step.Name)))
        {
            Write(step, parameters);
            var hasFailed = _failed.Contains(step.Name);
            if (step.IsRequired && !outcome.IsAvailable && (step.IsTarget || hasFailed))
                break;
            if (!hasFailed)
                _printed.Add(step.Name);
        }
    }

    void Write(PlanStep step, string parameters)
    {
        var options = Join(step.Options, step.IsTarget ? parameters : "");
        if (step.Command is not null)
            run.Terminal.Out.WriteLine($"install {step.Command} {options}");
        else if (step.Path is not null)
            run.Terminal.Out.WriteLine($"insmod {step.Path} {options}");
        else if (step.IsBuiltIn)
            run.Terminal.Out.WriteLine($"builtin {step.Name}");
    }
}
