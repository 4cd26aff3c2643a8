using System.Text;
using Drover.Cli;
using Drover.Linux;
using Drover.Modules.Depmod;
using Drover.Output;

namespace Drover.Kmod;

/// <summary>depmod(8): makes the indexes of a kernel's modules.</summary>
sealed class DepmodTool : KmodTool
{
    const string Letters = "aAb:m:o:C:E:F:euqrvnP:wVh";

    /// <summary>Codes from here on are of long options that mean nothing any more.</summary>
    const int Deprecated = 256;

    static readonly LongOption[] Longs =
    [
        new("all", OptionValue.None, 'a'),
        new("quick", OptionValue.None, 'A'),
        new("basedir", OptionValue.Required, 'b'),
        new("moduledir", OptionValue.Required, 'm', IsOurs: true),
        new("outdir", OptionValue.Required, 'o', IsOurs: true),
        new("config", OptionValue.Required, 'C'),
        new("symvers", OptionValue.Required, 'E'),
        new("filesyms", OptionValue.Required, 'F'),
        new("errsyms", OptionValue.None, 'e'),
        new("unresolved-error", OptionValue.None, Deprecated),
        new("quiet", OptionValue.None, Deprecated + 1),
        new("root", OptionValue.None, Deprecated + 2),
        new("verbose", OptionValue.None, 'v'),
        new("show", OptionValue.None, 'n'),
        new("dry-run", OptionValue.None, 'n'),
        new("symbol-prefix", OptionValue.Required, 'P'),
        new("warn", OptionValue.None, 'w'),
        new("map", OptionValue.None, Deprecated + 3),
        new("version", OptionValue.None, 'V'),
        new("help", OptionValue.None, 'h'),
    ];

    public override string Name => "depmod";

    public override string Summary => "make the indexes of a kernel's modules";

    public override int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        var log = new ToolLog(Name, terminal) { Level = LogLevel.Warning };
        var command = new Command(log);
        var options = new GetOpt(Name, args, Letters, Longs, terminal.Error);
        for (int option; (option = options.Next()) != GetOpt.End;)
        {
            switch (option)
            {
                case 'h':
                    terminal.Out.Write(DepmodHelp.Text);
                    return ExitCode.Ok;
                case 'V':
                    ToolVersion.Write(terminal.Out);
                    return ExitCode.Ok;
                default:
                    if (!command.TryTake(option, options.Value))
                        return ExitCode.Failure;
                    break;
            }
        }
        return command.Run(options.Operands, terminal) ? ExitCode.Ok : ExitCode.Failure;
    }

    /// <summary>What the options say.</summary>
    sealed class Command(ToolLog log)
    {
        readonly List<string> _configPaths = [];
        bool _all, _quick, _show, _tellUnknown, _tellDuplicates;
        string _root = "", _moduleDirectory = "/lib/modules";
        string? _outputRoot, _symbolVersions, _systemMap;
        byte _prefix;

        public bool TryTake(int option, string? value)
        {
            switch (option)
            {
                case 'a':
                    _all = true;
                    return true;
                case 'A':
                    _quick = true;
                    return true;
                case 'b':
                    _root = Absolute(value!);
                    return true;
                case 'm':
                    _moduleDirectory = "/" + value!.Trim('/');
                    return true;
                case 'o':
                    _outputRoot = Absolute(value!);
                    return true;
                case 'C':
                    _configPaths.Add(value!);
                    return true;
                case 'E':
                    _symbolVersions = value;
                    return true;
                case 'F':
                    _systemMap = value;
                    return true;
                case 'e':
                    _tellUnknown = true;
                    return true;
                case 'n':
                    _show = true;
                    return true;
                case 'P':
                    return TryTakePrefix(value!);
                case 'v':
                    log.Level++;
                    return true;
                case 'w':
                    _tellDuplicates = true;
                    return true;
                case 'u' or 'q' or 'r':
                    log.Warning($"Ignored deprecated option -{(char)option}");
                    return true;
                case >= Deprecated:
                    log.Warning($"Ignored deprecated option --{Array.Find(Longs, known => known.Code == option).Name}");
                    return true;
                default:
                    return false;
            }
        }

        bool TryTakePrefix(string value)
        {
            var bytes = Encoding.UTF8.GetBytes(value);
            if (bytes.Length != 1)
            {
                log.Fatal("-P only takes a single char");
                return false;
            }
            _prefix = bytes[0];
            return true;
        }

        public bool Run(IReadOnlyList<string> operands, Terminal terminal)
        {
            if (operands.Count > 0 && !IsVersion(operands[0]))
            {
                log.Error($"Bad version passed {operands[0]}");
                return false;
            }
            var machine = new DepmodMachine();
            var report = new DepmodReport(log, terminal);
            var release = operands.Count > 0 ? operands[0] : File.ReadAllText("/proc/sys/kernel/osrelease").TrimEnd();
            var directory = $"{_root}{_moduleDirectory}/{release}";
            var paths = operands.Count > 1 && !_all ? operands.Skip(1).ToArray() : null;
            if (_quick)
            {
                if (_show || UpToDate.Check(directory, machine, report))
                    return true;
                paths = null;
            }
            var needsMore = _tellUnknown && _symbolVersions is null && _systemMap is null;
            if (needsMore)
                log.Warning("-e needs -E or -F");
            var options = new DepmodOptions
            {
                Release = release,
                Directory = directory,
                OutputDirectory = $"{_outputRoot ?? _root}{_moduleDirectory}/{release}",
                Paths = paths,
                ConfigPaths = _configPaths.Count > 0 ? _configPaths : null,
                SymbolVersions = _symbolVersions,
                SystemMap = _systemMap,
                TellUnknown = _tellUnknown && !needsMore,
                TellDuplicates = _tellDuplicates,
                SymbolPrefix = _prefix,
                Threads = Machine.CountCpus(),
            };
            return _show
                ? DepmodRun.Print(options, machine, report, text => Print(terminal, text))
                : DepmodRun.Write(options, machine, report);
        }

        static void Print(Terminal terminal, ReadOnlyMemory<byte> text) => terminal.Out.Write(Encoding.UTF8.GetString(text.Span));

        static string Absolute(string path) => path.StartsWith('/') ? path : $"{Environment.CurrentDirectory}/{path}";

        /// <summary>As sscanf(3) reads "%u.%u": it begins with two numbers and a dot between them.</summary>
        static bool IsVersion(string text)
        {
            var dot = text.IndexOf('.', StringComparison.Ordinal);
            return dot > 0 && !text.AsSpan(0, dot).ContainsAnyExceptInRange('0', '9') && dot + 1 < text.Length && char.IsAsciiDigit(text[dot + 1]);
        }
    }
}
