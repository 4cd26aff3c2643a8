using Drover.CommandLine;
using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Modules;
using Drover.Modules.Depmod;
using Drover.Text;

namespace Drover.Kmod;

/// <summary>depmod(8): writes the indexes of a kernel's modules.</summary>
sealed class DepmodTool : KmodTool
{
    const string Letters = "aAb:m:o:C:E:F:euqrvnP:wVh";

    /// <summary>Codes from here on are deprecated long options without effect.</summary>
    const int Deprecated = 256;

    /// <summary>kmod 30's help, and the options --moduledir and --outdir of later releases.</summary>
    const string Help = """
        Usage:
        	depmod -[aA] [options] [forced_version]

        If no arguments (except options) are given, "depmod -a" is assumed

        depmod will output a dependency list suitable for the modprobe utility.

        Options:
        	-a, --all            Probe all modules
        	-A, --quick          Only does the work if there's a new module
        	-e, --errsyms        Report not supplied symbols
        	-n, --show           Write the dependency file on stdout only
        	-P, --symbol-prefix  Architecture symbol prefix
        	-C, --config=PATH    Read configuration from PATH
        	-v, --verbose        Enable verbose mode
        	-w, --warn           Warn on duplicates
        	-V, --version        show version
        	-h, --help           show this help

        The following options are useful for people managing distributions:
        	-b, --basedir=DIR    Use an image of a module tree.
        	-m, --moduledir=DIR  Use DIR in place of /lib/modules.
        	-o, --outdir=DIR     Write the output files below DIR.
        	-F, --filesyms=FILE  Use the file instead of the
        	                     current kernel symbols.
        	-E, --symvers=FILE   Use Module.symvers file to check
        	                     symbol versions.

        """;

    static readonly LongOption[] s_longs =
    [
        new("all", OptionValue.None, 'a'), new("quick", OptionValue.None, 'A'),
        new("basedir", OptionValue.Required, 'b'), new("moduledir", OptionValue.Required, 'm', IsExact: true),
        new("outdir", OptionValue.Required, 'o', IsExact: true), new("config", OptionValue.Required, 'C'),
        new("symvers", OptionValue.Required, 'E'), new("filesyms", OptionValue.Required, 'F'),
        new("errsyms", OptionValue.None, 'e'), new("unresolved-error", OptionValue.None, Deprecated),
        new("quiet", OptionValue.None, Deprecated + 1), new("root", OptionValue.None, Deprecated + 2),
        new("verbose", OptionValue.None, 'v'), new("show", OptionValue.None, 'n'),
        new("dry-run", OptionValue.None, 'n'), new("symbol-prefix", OptionValue.Required, 'P'),
        new("warn", OptionValue.None, 'w'), new("map", OptionValue.None, Deprecated + 3),
        new("version", OptionValue.None, 'V'), new("help", OptionValue.None, 'h'),
    ];

    public override string Name => "depmod";

    public override string Summary => "write the indexes of a kernel's modules";

    public override int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        var log = new ToolLog(Name, terminal) { Level = LogLevel.Warning };
        var command = new Command(log);
        var options = CLibrary.GetOpt(Name, args, Letters, s_longs, terminal.Error);
        for (int option; (option = options.Next()) != GetOpt.End;)
        {
            switch (option)
            {
                case 'h': terminal.Out.Write(Help); return ExitCode.Ok;
                case 'V': WriteVersion(terminal.Out); return ExitCode.Ok;
                default:
                    if (!command.TryTake(option, options.Value))
                        return ExitCode.Failure;
                    break;
            }
        }
        return command.Run(options.Operands, terminal) ? ExitCode.Ok : ExitCode.Failure;
    }

    sealed class Command(ToolLog log)
    {
        readonly List<string> _configPaths = [];
        bool _all, _quick, _show, _reportUnknown, _reportDuplicates;
        string _root = "";
        string? _moduleDirectory, _outputRoot, _symbolVersions, _systemMap;
        byte _prefix;

        public bool TryTake(int option, string? value)
        {
            switch (option)
            {
                case 'a': _all = true; return true;
                case 'A': _quick = true; return true;
                case 'b': _root = LinuxPath.Absolute(value!); return true;
                case 'm': _moduleDirectory = "/" + value!.Trim('/'); return true;
                case 'o': _outputRoot = LinuxPath.Absolute(value!); return true;
                case 'C': _configPaths.Add(value!); return true;
                case 'E': _symbolVersions = value; return true;
                case 'F': _systemMap = value; return true;
                case 'e': _reportUnknown = true; return true;
                case 'n': _show = true; return true;
                case 'P': return TryTakePrefix(value!);
                case 'v': log.Level++; return true;
                case 'w': _reportDuplicates = true; return true;
                case 'u' or 'q' or 'r': log.Warning($"Ignored deprecated option -{(char)option}"); return true;
                case >= Deprecated:
                    log.Warning(
                        $"Ignored deprecated option --{Array.Find(s_longs, known => known.Code == option).Name}");
                    return true;
                default: return false;
            }
        }

        bool TryTakePrefix(string value)
        {
            var bytes = ByteText.BytesOf(value);
            if (bytes.Length != 1)
            {
                log.Write(LogLevel.Fatal, "-P only takes a single char");
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
            var release = operands.Count > 0 ? operands[0] : Machine.KernelRelease();
            var directory = _moduleDirectory is null
                ? ModuleSource.DirectoryOf(_root, release)
                : $"{_root}{_moduleDirectory}/{release}";
            var paths = operands.Count > 1 && !_all && !_quick ? operands.Skip(1).ToArray() : null;
            var needsMore = _reportUnknown && _symbolVersions is null && _systemMap is null;
            var options = new DepmodOptions
            {
                Release = release,
                Root = _root,
                Directory = RootedPath.Find(_root, directory),
                OutputDirectory = RootedPath.Resolve(
                    _outputRoot ?? _root, $"{_outputRoot ?? _root}{directory[_root.Length..]}"),
                Paths = paths,
                ConfigPaths = _configPaths.Count > 0 ? _configPaths : null,
                SymbolVersions = _symbolVersions,
                SystemMap = _systemMap,
                ReportUnknown = _reportUnknown && !needsMore,
                ReportDuplicates = _reportDuplicates,
                SymbolPrefix = _prefix,
                Threads = Machine.CountCpus(),
            };
            if (_quick && (_show || UpToDate.Check(options, machine, report)))
                return true;
            if (needsMore)
                log.Warning("-e needs -E or -F");
            return _show
                ? DepmodRun.Print(options, machine, report, text => terminal.Out.Write(
                    ByteText.Of(text.Span)))
                : DepmodRun.Write(options, machine, report);
        }

        /// <summary>Whether sscanf(3) reads "%u.%u": the text starts with two numbers and a dot between them.</summary>
        static bool IsVersion(string text)
        {
            var dot = text.IndexOf('.', StringComparison.Ordinal);
            return dot > 0 && !text.AsSpan(0, dot).ContainsAnyExceptInRange('0', '9') && dot + 1 < text.Length
                && char.IsAsciiDigit(text[dot + 1]);
        }
    }
}

/// <summary>depmod's messages on standard error, and the lines of <c>-v</c> on standard output.</summary>
sealed class DepmodReport(ToolLog log, Terminal terminal) : IDepmodReport
{
    public bool IsVerbose => log.Level > LogLevel.Warning;

    public void Log(DepmodSeverity severity, string message) => log.Write((LogLevel)severity, message);

    public void Show(string line)
    {
        if (IsVerbose)
            terminal.Out.WriteLine(line);
    }
}
