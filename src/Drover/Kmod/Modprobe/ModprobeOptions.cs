namespace Drover.Kmod;

/// <summary>What modprobe's command line asks for.</summary>
enum ModprobeTask { Insert, Remove, ShowConfig, ShowModversions, ShowExports, Explain }

/// <summary>modprobe's command line, <c>$MODPROBE_OPTIONS</c> before it. Filled by <see cref="TryParse"/>, then only read.</summary>
sealed class ModprobeOptions
{
    // beyond the letters
    const int ForceVermagic = 1000, ForceModversion = 1001, FirstTimeOnly = 1002, Modversions = 1003, RemoveHolders = 1004, Exports = 1005;
    const int AsJson = 1006, ExplainPlan = 1007, OneSoftdep = 1008;

    const string Letters = "arw:RibfDcnC:d:S:sqvVh";

    /// <summary>Those of kmod in its order, in which a complaint lists them; then ours.</summary>
    static readonly LongOption[] Longs =
    [
        new("all", OptionValue.None, 'a'),
        new("remove", OptionValue.None, 'r'),
        new("remove-dependencies", OptionValue.None, RemoveHolders),
        new("remove-holders", OptionValue.None, RemoveHolders),
        new("wait", OptionValue.Required, 'w'),
        new("resolve-alias", OptionValue.None, 'R'),
        new("first-time", OptionValue.None, FirstTimeOnly),
        new("ignore-install", OptionValue.None, 'i'),
        new("ignore-remove", OptionValue.None, 'i'),
        new("use-blacklist", OptionValue.None, 'b'),
        new("force", OptionValue.None, 'f'),
        new("force-modversion", OptionValue.None, ForceModversion),
        new("force-vermagic", OptionValue.None, ForceVermagic),
        new("show-depends", OptionValue.None, 'D'),
        new("showconfig", OptionValue.None, 'c'),
        new("show-config", OptionValue.None, 'c'),
        new("show-modversions", OptionValue.None, Modversions),
        new("dump-modversions", OptionValue.None, Modversions),
        new("show-exports", OptionValue.None, Exports),
        new("dry-run", OptionValue.None, 'n'),
        new("show", OptionValue.None, 'n'),
        new("config", OptionValue.Required, 'C'),
        new("dirname", OptionValue.Required, 'd'),
        new("set-version", OptionValue.Required, 'S'),
        new("syslog", OptionValue.None, 's'),
        new("quiet", OptionValue.None, 'q'),
        new("verbose", OptionValue.None, 'v'),
        new("version", OptionValue.None, 'V'),
        new("help", OptionValue.None, 'h'),
        new("show-alias", OptionValue.None, 'R', IsOurs: true), // newer kmod's name
        new("json", OptionValue.None, AsJson, IsOurs: true),
        new("explain", OptionValue.None, ExplainPlan, IsOurs: true),
        new("first-softdep", OptionValue.None, OneSoftdep, IsOurs: true),
    ];

    readonly List<string> _forCommands = [];

    public ModprobeTask Task { get; private set; }

    public bool All { get; private set; }

    public bool LookUpOnly { get; private set; }

    public bool DryRun { get; private set; }

    /// <summary>-D: every step, live or not.</summary>
    public bool ShowDepends { get; private set; }

    public bool FirstTime { get; private set; }

    public bool IgnoreCommands { get; private set; }

    public bool UseBlacklist { get; private set; }

    public bool Force { get; private set; }

    public Loading.IgnoredChecks Ignored { get; private set; }

    public bool WithHolders { get; private set; }

    public TimeSpan Wait { get; private set; }

    public List<string>? ConfigPaths { get; private set; }

    public string? Root { get; private set; }

    public string? Release { get; private set; }

    public bool ToSyslog { get; private set; }

    /// <summary>As syslog's priorities; what is above it is not said.</summary>
    public LogLevel Level { get; private set; } = LogLevel.Warning;

    /// <summary>More than kmod's default is wanted: actions are printed.</summary>
    public bool IsVerbose => Level > LogLevel.Warning;

    public bool Json { get; private set; }

    public bool FirstSoftdepOnly { get; private set; }

    /// <summary>Nothing is asked for that a daemon of this machine cannot do: other modules, another configuration, a forced load, a line for each call.</summary>
    public bool IsForDaemon =>
        !LookUpOnly && !DryRun && !Force && Ignored is Loading.IgnoredChecks.None && !IsVerbose && !FirstSoftdepOnly && ConfigPaths is null && Root is null && Release is null;

    public bool Version { get; private set; }

    public bool Help { get; private set; }

    public IReadOnlyList<string> Operands { get; private set; } = [];

    /// <summary>What install and remove commands find in <c>$MODPROBE_OPTIONS</c>: that of ours, and the options that are meant for them, too.</summary>
    public string? ForCommands { get; private set; }

    /// <summary>Reads it; false where something is wrong, which has been told.</summary>
    public bool TryParse(IReadOnlyList<string> args, ToolLog log, TextWriter complaints)
    {
        var fromEnvironment = Environment.GetEnvironmentVariable("MODPROBE_OPTIONS");
        if (fromEnvironment is not null)
            _forCommands.Add(fromEnvironment);
        var words = fromEnvironment is null ? args : [.. OptionWords.Of(fromEnvironment), .. args];
        var reader = new GetOpt("modprobe", words, Letters, Longs, complaints);
        for (int option; (option = reader.Next()) != GetOpt.End;)
        {
            if (!TryTake(option, reader.Value, log))
                return false;
            if (Version || Help)
                return true;
        }
        Operands = reader.Operands;
        ForCommands = _forCommands.Count > 0 ? string.Join(' ', _forCommands) : null;
        return true;
    }

    bool TryTake(int option, string? value, ToolLog log)
    {
        switch (option)
        {
            case 'a':
                All = true;
                break;
            case 'r':
                // what shows something comes first, in whatever order they are asked for
                Task = Task is ModprobeTask.Insert ? ModprobeTask.Remove : Task;
                break;
            case RemoveHolders:
                WithHolders = true;
                break;
            case 'w':
                if (!StrToUl.TryParse(value!, out var milliseconds))
                {
                    log.Error($"unexpected wait value '{value}'.");
                    return false;
                }
                Wait = TimeSpan.FromMilliseconds(Math.Min(milliseconds, int.MaxValue));
                break;
            case FirstTimeOnly:
                FirstTime = true;
                break;
            case 'i':
                IgnoreCommands = true;
                break;
            case 'b':
                UseBlacklist = true;
                break;
            case 'f':
                Force = true;
                Ignored = Loading.IgnoredChecks.Modversions | Loading.IgnoredChecks.Vermagic;
                break;
            case ForceModversion:
                Ignored |= Loading.IgnoredChecks.Modversions;
                break;
            case ForceVermagic:
                Ignored |= Loading.IgnoredChecks.Vermagic;
                break;
            case 'D':
                (ShowDepends, DryRun) = (true, true);
                break;
            case 'R':
                LookUpOnly = true;
                break;
            case 'c':
                Show(ModprobeTask.ShowConfig);
                break;
            case Modversions:
                Show(ModprobeTask.ShowModversions);
                break;
            case Exports:
                Show(ModprobeTask.ShowExports);
                break;
            case 'n':
                DryRun = true;
                break;
            case 'C':
                (ConfigPaths ??= []).Add(value!);
                _forCommands.AddRange(["-C", value!]);
                break;
            case 'd':
                Root = value;
                break;
            case 'S':
                Release = value;
                break;
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
            case AsJson:
                Json = true;
                break;
            case ExplainPlan:
                Show(ModprobeTask.Explain);
                break;
            case OneSoftdep:
                FirstSoftdepOnly = true;
                break;
            case 'V':
                Version = true;
                break;
            case 'h':
                Help = true;
                break;
            default:
                return false; // complained of already
        }
        return true;
    }

    /// <summary>The configuration goes before symbols, symbols before -r, whichever comes first on the command line.</summary>
    void Show(ModprobeTask task)
    {
        if (Task is ModprobeTask.Insert or ModprobeTask.Remove || task < Task)
            Task = task;
    }
}
