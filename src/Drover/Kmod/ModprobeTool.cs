using Drover.CommandLine;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Linux.Runtime;
using Drover.Modules;
using Drover.Modules.Config;

namespace Drover.Kmod;

/// <summary>modprobe(8): loads and removes modules with their dependencies, and shows information about them.</summary>
sealed class ModprobeTool : KmodTool
{
    public override string Name => "modprobe";

    public override string Summary => "load or remove modules with their dependencies, each once";

    public override int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        var log = new ToolLog(Name, terminal);
        var options = new ModprobeOptions();
        if (!options.TryParse(args, log, terminal.Error))
            return ExitCode.Failure;
        if (options.Version)
        {
            WriteVersion(terminal.Out);
            return ExitCode.Ok;
        }
        if (options.Help)
        {
            terminal.Out.Write(ModprobeOptions.HelpText);
            return ExitCode.Ok;
        }
        log.ToSyslog = options.ToSyslog;
        if (options.Operands.Count == 0 && options.Task is not ModprobeTask.ShowConfig)
        {
            log.Error("missing parameters. See -h.");
            return ExitCode.Failure;
        }
        log.Level = options.Level; // -q does not hide the message above
        var run = new ModprobeRun(options, CatalogOf(options, terminal, log), log, terminal);
        foreach (var problem in run.Catalog.Policy?.Problems ?? [])
            log.Warning($"policy: {problem}");
        try
        {
            return run.Options.Task switch
            {
                ModprobeTask.ShowConfig => ModprobeDump.Write(run),
                ModprobeTask.ShowModversions or ModprobeTask.ShowExports => ModprobeSymbols.Write(run),
                ModprobeTask.Explain => ModprobeExplain.Write(run),
                ModprobeTask.Remove => ModprobeRemove.Run(run),
                _ => ModprobeInsert.Run(run),
            };
        }
        catch (FatalException)
        {
            return ExitCode.Failure;
        }
    }

    /// <summary>The modules of <c>-d</c> and <c>-S</c>, with the configuration of <c>-C</c> or this machine.</summary>
    static ModuleCatalog CatalogOf(ModprobeOptions options, Terminal terminal, ToolLog log)
    {
        var root = options.Root is { } given ? LinuxPath.Absolute(given) : null;
        var directory = LinuxPath.Absolute(
            ModuleSource.DirectoryOf(options.Root, options.Release ?? Machine.KernelRelease()));
        var tree = ModuleTrees.Open(directory, root);
        if (ModuleTrees.Lack(tree) is { } lack)
            log.Warning(lack);
        tree.Damaged = log.Warning;
        var config = ModprobeConfig.Load(new ModprobeConfigSources
        {
            ModuleDirectory = RootedPath.Find(root, tree.IndexDirectory),
            CommandLine = Machine.CommandLine(),
            ExplicitPaths = options.ConfigPaths,
        });
        // libkmod prints these even with -q
        foreach (var (path, reason, error) in config.Skipped)
        {
            terminal.Error.WriteLine("libkmod: ERROR: " + reason switch
            {
                SkipReason.IsDirectory =>
                    $"conf_files_filter_out: Directories inside directories are not supported: {path}",
                SkipReason.LeadsNowhere => $"conf_files_filter_out: Cannot stat directory entry: {path}",
                _ => $"conf_files_list: opendir({path}): {error}",
            });
        }
        foreach (var bad in config.BadLines)
        {
            terminal.Error.WriteLine($"libkmod: ERROR: kmod_config_parse: {bad.Source.File}" + (bad.IsDeprecated
                ? $": command {bad.Command} is deprecated and not parsed anymore"
                : $" line {bad.LastLine}: ignoring bad line starting with '{bad.Command}'"));
        }
        foreach (var name in config.BadOptions)
        {
            terminal.Error.WriteLine("libkmod: ERROR: kcmdline_parse_result: Ignoring bad option on kernel command "
                + $"line while parsing module name: '{name}'");
        }
        return new ModuleCatalog(tree, config)
        {
            OldSoftdeps = options.OldSoftdeps,
            Policy = PolicyOf(options),
        };
    }

    /// <summary>The policy of what is loaded, or of the root that is shown. An initramfs is built with -D: what the
    /// next boot may load does not depend on a seal.</summary>
    static ModulePolicy? PolicyOf(ModprobeOptions options)
    {
        if (options.Task is not (ModprobeTask.Insert or ModprobeTask.Explain))
            return null;
        var isForHere = options is { Root: null, Release: null };
        var isShown = options.DryRun || options.LookUpOnly || options.Task is ModprobeTask.Explain;
        return ModuleSource.PolicyOf(
            isShown && options.Root is { } root ? LinuxPath.Absolute(root) : "/",
            withSeal: isForHere && !options.ShowDepends);
    }
}

/// <summary>The state that all tasks of modprobe share. Immutable.</summary>
sealed record ModprobeRun(ModprobeOptions Options, ModuleCatalog Catalog, ToolLog Log, Terminal Terminal)
{
    /// <summary>Reports a failure: fatal, but a warning with -a (kmod: <c>log_priority</c>).</summary>
    /// <exception cref="FatalException">The failure is fatal and was printed; with -q it is neither.</exception>
    public void ReportFailure(string message)
    {
        var level = Options.All ? LogLevel.Warning : LogLevel.Fatal;
        Log.Write(level, message);
        if (level is LogLevel.Fatal && Log.Level >= level)
            throw new FatalException();
    }
}

/// <summary>Ends modprobe, as kmod does after every FATAL message; the message was printed.</summary>
sealed class FatalException : Exception;

/// <summary>The main option of a modprobe command line.</summary>
enum ModprobeTask { Insert, Remove, ShowConfig, ShowModversions, ShowExports, Explain }

/// <summary>modprobe's command line, after <c>$MODPROBE_OPTIONS</c>. Set by <see cref="TryParse"/>.</summary>
sealed class ModprobeOptions
{
    // codes beyond the letters
    const int ForceVermagic = 1000, ForceModversion = 1001, FirstTimeOnly = 1002, Modversions = 1003,
        RemoveHolders = 1004, Exports = 1005;
    const int AsJson = 1006, ExplainPlan = 1007, OneSoftdep = 1008, AgainstPolicy = 1009;

    const string Letters = "arw:RibfDcnC:d:S:sqvVh";

    /// <summary>kmod's options in the order in which an ambiguous name lists them; then Drover's.</summary>
    static readonly LongOption[] s_longs =
    [
        new("all", OptionValue.None, 'a'), new("remove", OptionValue.None, 'r'),
        new("remove-dependencies", OptionValue.None, RemoveHolders),
        new("remove-holders", OptionValue.None, RemoveHolders), new("wait", OptionValue.Required, 'w'),
        new("resolve-alias", OptionValue.None, 'R'), new("first-time", OptionValue.None, FirstTimeOnly),
        new("ignore-install", OptionValue.None, 'i'), new("ignore-remove", OptionValue.None, 'i'),
        new("use-blacklist", OptionValue.None, 'b'), new("force", OptionValue.None, 'f'),
        new("force-modversion", OptionValue.None, ForceModversion),
        new("force-vermagic", OptionValue.None, ForceVermagic), new("show-depends", OptionValue.None, 'D'),
        new("showconfig", OptionValue.None, 'c'), new("show-config", OptionValue.None, 'c'),
        new("show-modversions", OptionValue.None, Modversions), new("dump-modversions", OptionValue.None, Modversions),
        new("show-exports", OptionValue.None, Exports), new("dry-run", OptionValue.None, 'n'),
        new("show", OptionValue.None, 'n'), new("config", OptionValue.Required, 'C'),
        new("dirname", OptionValue.Required, 'd'), new("set-version", OptionValue.Required, 'S'),
        new("syslog", OptionValue.None, 's'), new("quiet", OptionValue.None, 'q'),
        new("verbose", OptionValue.None, 'v'), new("version", OptionValue.None, 'V'),
        new("help", OptionValue.None, 'h'),
        new("show-alias", OptionValue.None, 'R', IsExact: true), // newer kmod's name
        new("json", OptionValue.None, AsJson, IsExact: true),
        new("explain", OptionValue.None, ExplainPlan, IsExact: true),
        new("first-softdep", OptionValue.None, OneSoftdep, IsExact: true),
        new("override-policy", OptionValue.None, AgainstPolicy, IsExact: true),
    ];

    /// <summary>kmod's options in kmod's order, then Drover's.</summary>
    public const string HelpText =
        """
        Usage:
        	modprobe [options] [-i] [-b] modulename
        	modprobe [options] -a [-i] [-b] modulename [modulename...]
        	modprobe [options] -r [-i] modulename
        	modprobe [options] -r -a [-i] modulename [modulename...]
        	modprobe [options] -c
        	modprobe [options] --dump-modversions filename
        Management Options:
        	-a, --all                   Take every argument as a module to insert, or to remove (-r)
        	-r, --remove                Remove modules instead of inserting
        	    --remove-holders        Also remove module holders (use together with -r)
        	    --remove-dependencies   Deprecated: use --remove-holders
        	-w, --wait <MSEC>           With -r: wait up to MSEC for the module's reference count to become 0
        	    --first-time            Fail if module already inserted or removed
        	-i, --ignore-install        Ignore install commands and softdeps of the named module
        	-i, --ignore-remove         Ignore remove commands and softdeps of the named module
        	-b, --use-blacklist         Apply the blacklist to module names as well as aliases
        	-f, --force                 Skip both checks below; with -r: remove a module in use
        	    --force-modversion      Ignore the versions of the module's symbols
        	    --force-vermagic        Ignore the kernel that the module was built for

        Query Options:
        	-R, --resolve-alias         Only lookup and print alias and exit
        	-D, --show-depends          Print the commands to load the module, even if it is loaded, and exit
        	-c, --showconfig            Print out known configuration and indexes and exit
        	-c, --show-config           Same as --showconfig
        	    --show-modversions      Print the versions of the symbols that a module file uses and exit
        	    --dump-modversions      Same as --show-modversions
        	    --show-exports          Print the versions of the symbols that a module file exports and exit
        	    --explain               Print which line of which file decides what would be done (Drover)

        General Options:
        	-n, --dry-run               Do not execute operations; with -v, print them
        	-n, --show                  Same as --dry-run
        	-C, --config=FILE           Use FILE instead of default search paths
        	-d, --dirname=DIR           Use DIR as filesystem root for /lib/modules
        	-S, --set-version=VERSION   Use VERSION instead of `uname -r`
        	    --first-softdep         Take softdeps as kmod 30 does: the first line, instead of a command (Drover)
        	    --override-policy       Load also what the policy forbids; it is logged (Drover)
        	    --json                  With -R, -D, -c: print JSON (Drover)
        	-s, --syslog                print to syslog, not stderr
        	-q, --quiet                 disable messages
        	-v, --verbose               enables more messages
        	-V, --version               show version
        	-h, --help                  show this help

        """;

    readonly List<string> _forCommands = [];
    bool _explains;
    bool _removes;

    public ModprobeTask Task { get; private set; }

    public bool All { get; private set; }

    public bool LookUpOnly { get; private set; }

    public bool DryRun { get; private set; }

    /// <summary>-D: also show steps for modules that are live.</summary>
    public bool ShowDepends { get; private set; }

    public bool FirstTime { get; private set; }

    public bool IgnoreCommands { get; private set; }

    public bool UseBlacklist { get; private set; }

    public bool Force { get; private set; }

    public IgnoredChecks Ignored { get; private set; }

    public bool WithHolders { get; private set; }

    public TimeSpan Wait { get; private set; }

    public List<string>? ConfigPaths { get; private set; }

    public string? Root { get; private set; }

    public string? Release { get; private set; }

    public bool ToSyslog { get; private set; }

    /// <summary>Messages of a lower severity are dropped.</summary>
    public LogLevel Level { get; private set; } = LogLevel.Warning;

    /// <summary>Above kmod's default level: actions are printed.</summary>
    public bool IsVerbose => Level > LogLevel.Warning;

    public bool Json { get; private set; }

    public bool OverridesPolicy { get; private set; }

    public bool OldSoftdeps { get; private set; }

    /// <summary>A daemon can do it, with this machine's modules and configuration, and without -f and -v.</summary>
    public bool IsForDaemon =>
        !LookUpOnly && !DryRun && !Force && !OverridesPolicy && Ignored is IgnoredChecks.None && !IsVerbose
        && !OldSoftdeps
        && ConfigPaths is null && Root is null && Release is null;

    public bool Version { get; private set; }

    public bool Help { get; private set; }

    public IReadOnlyList<string> Operands { get; private set; } = [];

    /// <summary><c>$MODPROBE_OPTIONS</c> of install and remove commands: ours, and options passed on.</summary>
    public string? ForCommands { get; private set; }

    /// <summary>Parses the command line; false after an error, which is reported.</summary>
    public bool TryParse(IReadOnlyList<string> args, ToolLog log, TextWriter errors)
    {
        var fromEnvironment = ProcessText.Variable("MODPROBE_OPTIONS");
        if (fromEnvironment is not null)
            _forCommands.Add(fromEnvironment);
        var words = fromEnvironment is null ? args : [.. ModuleOptions.Split(fromEnvironment), .. args];
        var reader = CLibrary.GetOpt("modprobe", words, Letters, s_longs, errors);
        for (int option; (option = reader.Next()) != GetOpt.End;)
        {
            if (!TryTake(option, reader.Value, log))
                return false;
            if (Version || Help)
                return true;
        }
        if (_explains && (Task is not ModprobeTask.Explain || Json || LookUpOnly || ShowDepends || _removes))
        {
            log.Error("--explain goes with none of -r, -R, -D, -c, --json and the options that show symbols.");
            return false;
        }
        if (Json && !LookUpOnly && !ShowDepends && Task is not ModprobeTask.ShowConfig)
        {
            log.Error("--json goes with -R, -D or -c.");
            return false;
        }
        Operands = reader.Operands;
        ForCommands = _forCommands.Count > 0 ? string.Join(' ', _forCommands) : null;
        return true;
    }

    bool TryTake(int option, string? value, ToolLog log)
    {
        switch (option)
        {
            case 'a': All = true; break;
            case 'r':
                _removes = true;
                // the tasks that show something take precedence
                Task = Task is ModprobeTask.Insert ? ModprobeTask.Remove : Task;
                break;
            case RemoveHolders: WithHolders = true; break;
            case 'w':
                if (!CLibrary.TryStrToUl(value!, out var milliseconds))
                {
                    log.Error($"unexpected wait value '{value}'.");
                    return false;
                }
                Wait = TimeSpan.FromMilliseconds(Math.Min(milliseconds, int.MaxValue));
                break;
            case FirstTimeOnly: FirstTime = true; break;
            case 'i': IgnoreCommands = true; break;
            case 'b': UseBlacklist = true; break;
            case 'f':
                Force = true;
                Ignored = IgnoredChecks.Modversions | IgnoredChecks.Vermagic;
                break;
            case ForceModversion: Ignored |= IgnoredChecks.Modversions; break;
            case ForceVermagic: Ignored |= IgnoredChecks.Vermagic; break;
            case 'D': (ShowDepends, DryRun) = (true, true); break;
            case 'R': LookUpOnly = true; break;
            case 'c': Show(ModprobeTask.ShowConfig); break;
            case Modversions: Show(ModprobeTask.ShowModversions); break;
            case Exports: Show(ModprobeTask.ShowExports); break;
            case 'n': DryRun = true; break;
            case 'C':
                (ConfigPaths ??= []).Add(value!);
                _forCommands.AddRange(["-C", value!]);
                break;
            case 'd': Root = value; break;
            case 'S': Release = value; break;
            case 's':
                ToSyslog = true;
                _forCommands.Add("-s");
                break;
            case 'q':
                Level = LogLevel.Emergency;
                _forCommands.Add("-q");
                break;
            case 'v':
                Level++;
                _forCommands.Add("-v");
                break;
            case AsJson: Json = true; break;
            case AgainstPolicy: OverridesPolicy = true; break;
            case ExplainPlan:
                _explains = true;
                Show(ModprobeTask.Explain);
                break;
            case OneSoftdep: OldSoftdeps = true; break;
            case 'V': Version = true; break;
            case 'h': Help = true; break;
            default:
                return false; // reported by GetOpt
        }
        return true;
    }

    /// <summary>In any order, the configuration takes precedence over symbols, and symbols over -r.</summary>
    void Show(ModprobeTask task)
    {
        if (Task is ModprobeTask.Insert or ModprobeTask.Remove || task < Task)
            Task = task;
    }
}
