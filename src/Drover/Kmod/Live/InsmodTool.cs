using Drover.Cli;
using Drover.Loading;
using Drover.Modules;
using Drover.Output;
using Drover.Verbs;

namespace Drover.Kmod;

/// <summary>insmod(8): one file into the kernel, and nothing that belongs to it.</summary>
sealed class InsmodTool : KmodTool
{
    const int ForceModversion = 1000, ForceVermagic = 1001;

    // -p and -s do nothing in kmod 30; newer ones have -s and -v, and the two checks one by one
    const string Letters = "psfvVh";

    const string Help =
        """
        Usage:
        	insmod [options] filename [args]
        Options:
        	-f, --force             both of the next two. DANGEROUS
        	    --force-modversion  whatever the versions of its symbols
        	    --force-vermagic    whatever kernel it was built for
        	-s, --syslog            messages to syslog, not to standard error
        	-v, --verbose           more messages
        	-V, --version           the version
        	-h, --help              this text

        """;

    static readonly LongOption[] Longs =
    [
        new("version", OptionValue.None, 'V'),
        new("help", OptionValue.None, 'h'),
        new("force", OptionValue.None, 'f', IsOurs: true),
        new("force-modversion", OptionValue.None, ForceModversion, IsOurs: true),
        new("force-vermagic", OptionValue.None, ForceVermagic, IsOurs: true),
        new("syslog", OptionValue.None, 's', IsOurs: true),
        new("verbose", OptionValue.None, 'v', IsOurs: true),
    ];

    public override string Name => "insmod";

    public override string Summary => "load one module file, and nothing that belongs to it";

    public override int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        var log = new ToolLog(Name, terminal);
        var ignored = IgnoredChecks.None;
        var reader = new GetOpt(Name, args, Letters, Longs, terminal.Error);
        for (int option; (option = reader.Next()) != GetOpt.End;)
        {
            switch (option)
            {
                case 'p':
                    break;
                case 's':
                    log.ToSyslog = true;
                    break;
                case 'v':
                    log.Level = log.Level < LogLevel.Info ? LogLevel.Info : LogLevel.Debug;
                    break;
                case 'f':
                    ignored |= IgnoredChecks.Modversions | IgnoredChecks.Vermagic;
                    break;
                case ForceModversion:
                    ignored |= IgnoredChecks.Modversions;
                    break;
                case ForceVermagic:
                    ignored |= IgnoredChecks.Vermagic;
                    break;
                case 'V':
                    ToolVersion.Write(terminal.Out);
                    return ExitCode.Ok;
                case 'h':
                    terminal.Out.Write(Help);
                    return ExitCode.Ok;
                default:
                    return ExitCode.Failure;
            }
        }
        return reader.Operands.Count > 0 ? Insert(reader.Operands, ignored, log) : Fail(log, "missing filename.");
    }

    static int Insert(IReadOnlyList<string> words, IgnoredChecks ignored, ToolLog log)
    {
        var file = words[0];
        if (file == "-")
            return Fail(log, "this tool does not support loading from stdin!");
        if (!Path.Exists(file))
            return Fail(log, $"could not load module {file}: {StrError.Of(Errno.ENOENT)}");
        if (Directory.Exists(file))
            return Fail(log, $"could not insert module {file}: {StrError.Of((Errno)21)}"); // EISDIR
        // no configuration has a say in this
        var directory = Path.GetDirectoryName(Path.GetFullPath(file))!;
        using var session = new Session(new ModuleCatalog(ModuleTree.OpenOrEmpty(directory), ModprobeConfig.Empty));
        var loader = session.CreateLoader(new LoaderOptions { Ignored = ignored }, new Listener(log));
        var request = new LoadRequest(file, "insmod", Parameters: ModuleOptions.Join(words, 1)) { File = Path.GetFullPath(file), Scope = LoadScope.Alone };
        var outcome = session.Loop.Run(() => loader.RequestAsync(request)).Modules[0];
        if (outcome.Kind is OutcomeKind.AlreadyLive)
            return Fail(log, $"could not insert module {file}: {StrError.Of(Errno.EEXIST)}");
        if (outcome.IsAvailable)
            return ExitCode.Ok;
        if (outcome.Why is { } why)
            log.Info(why);
        return Fail(log, $"could not insert module {file}: {Describe(outcome.Error)}");
    }

    /// <summary>insmod has words of its own for what the kernel says of a module (kmod: <c>mod_strerror</c>).</summary>
    static string Describe(Errno error) => error switch
    {
        Errno.ENOEXEC or Errno.EBADMSG => "Invalid module format",
        Errno.ENOENT => "Unknown symbol in module",
        (Errno)3 => "Module has wrong symbol version", // ESRCH
        Errno.EINVAL => "Invalid parameters",
        _ => StrError.Of(error),
    };

    static int Fail(ToolLog log, string message)
    {
        log.Error(message);
        return ExitCode.Failure;
    }

    sealed class Listener(ToolLog log) : ILoaderObserver
    {
        public void Calling(LoadCall call, ModuleFileFacts file)
        {
        }

        public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
        {
        }

        public void Noted(string message) => log.Info(message);
    }
}
