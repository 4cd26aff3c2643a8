using Drover.CommandLine;
using Drover.Host;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Loading;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Tree;

namespace Drover.Kmod;

/// <summary>insmod(8): loads one module file, without its dependencies.</summary>
sealed class InsmodTool : KmodTool
{
    const int ForceModversion = 1000, ForceVermagic = 1001, OverridePolicy = 1002;

    // kmod 30 ignores -p and -s; later releases have -s, -v, and an option for each check
    const string Letters = "psfvVh";

    const string Help =
        """
        Usage:
        	insmod [options] filename [args]
        Options:
        	-f, --force             Skip both checks below. DANGEROUS
        	    --force-modversion  Ignore the versions of the module's symbols
        	    --force-vermagic    Ignore the kernel that the module was built for
        	    --override-policy   Load also what the policy forbids; it is logged (Drover)
        	-s, --syslog            print to syslog, not stderr
        	-v, --verbose           enables more messages
        	-V, --version           show version
        	-h, --help              show this help

        """;

    static readonly LongOption[] s_longs =
    [
        new("version", OptionValue.None, 'V'), new("help", OptionValue.None, 'h'),
        new("force", OptionValue.None, 'f', IsExact: true),
        new("force-modversion", OptionValue.None, ForceModversion, IsExact: true),
        new("force-vermagic", OptionValue.None, ForceVermagic, IsExact: true),
        new("syslog", OptionValue.None, 's', IsExact: true), new("verbose", OptionValue.None, 'v', IsExact: true),
        new("override-policy", OptionValue.None, OverridePolicy, IsExact: true),
    ];

    public override string Name => "insmod";

    public override string Summary => "load one module file, without its dependencies";

    public override int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        var log = new ToolLog(Name, terminal) { Level = LogLevel.Warning };
        var ignored = IgnoredChecks.None;
        var overridesPolicy = false;
        var reader = CLibrary.GetOpt(Name, args, Letters, s_longs, terminal.Error);
        for (int option; (option = reader.Next()) != GetOpt.End;)
        {
            switch (option)
            {
                case 'p': break;
                case 's': log.ToSyslog = true; break;
                case 'v': log.Level = log.Level < LogLevel.Info ? LogLevel.Info : LogLevel.Debug; break;
                case 'f': ignored |= IgnoredChecks.Modversions | IgnoredChecks.Vermagic; break;
                case ForceModversion: ignored |= IgnoredChecks.Modversions; break;
                case ForceVermagic: ignored |= IgnoredChecks.Vermagic; break;
                case OverridePolicy: overridesPolicy = true; break;
                case 'V': WriteVersion(terminal.Out); return ExitCode.Ok;
                case 'h': terminal.Out.Write(Help); return ExitCode.Ok;
                default: return ExitCode.Failure;
            }
        }
        return reader.Operands.Count > 0
            ? Insert(reader.Operands, ignored, overridesPolicy, log)
            : Fail(log, "missing filename.");
    }

    static int Insert(IReadOnlyList<string> words, IgnoredChecks ignored, bool overridesPolicy, ToolLog log)
    {
        var file = words[0];
        if (file == "-")
            return Fail(log, "this tool does not support loading from stdin!");
        if (SystemFiles.Current.KindOf(file) is not { } kind)
            return Fail(log, $"could not load module {file}: {StrError.Of(Errno.ENOENT)}");
        if (kind is FileKind.Directory)
            return Fail(log, $"could not insert module {file}: {StrError.Of(Errno.EISDIR)}");
        // without modprobe.d; the indexes know who exports a symbol that is missing
        var tree = ModuleTree.OpenOrEmpty(ModuleSource.DirectoryOf(null, Machine.KernelRelease()));
        var catalog = new ModuleCatalog(tree, ModprobeConfig.Empty)
        {
            Policy = ModuleSource.PolicyOf(),
        };
        foreach (var problem in catalog.Policy?.Problems ?? [])
            log.Warning($"policy: {problem}");
        using var session = new Session(catalog);
        var loader = session.CreateLoader(new LoaderOptions { Ignored = ignored }, new Listener(log));
        var request = new LoadRequest(file, "insmod", Parameters: ModuleOptions.Join(words, 1))
        {
            File = LinuxPath.Absolute(file),
            Scope = LoadScope.Alone,
            Client = ThisProcess.Client,
            OverridesPolicy = overridesPolicy,
        };
        var outcome = session.Loop.Run(() => loader.RequestAsync(request)).Modules[0];
        if (outcome.Kind is OutcomeKind.AlreadyLive)
            return Fail(log, $"could not insert module {file}: {StrError.Of(Errno.EEXIST)}");
        if (outcome.IsAvailable)
            return ExitCode.Ok;
        if (outcome.Kind is OutcomeKind.Forbidden)
            return Fail(log, $"could not insert module {file}: {outcome.Why}");
        if (outcome.Why is { } why)
            log.Reason(why);
        return Fail(log, $"could not insert module {file}: {StrError.OfInsmod(outcome.Error)}");
    }

    static int Fail(ToolLog log, string message)
    {
        log.Error(message);
        return ExitCode.Failure;
    }

    sealed class Listener(ToolLog log) : ILoaderObserver
    {
        public void PolicyApplied(LoadRequest source, string module, PolicyAction action, string why) =>
            PolicyLog.Report("insmod", module, action, why, log.Warning);

        public void Noted(string message) => log.Info(message);
    }
}
