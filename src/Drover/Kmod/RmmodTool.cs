using Drover.CommandLine;
using Drover.Host;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Tree;

namespace Drover.Kmod;

/// <summary>rmmod(8): removes modules by name, without their dependencies.</summary>
sealed class RmmodTool : KmodTool
{
    const string Letters = "fsvVh";

    const string Help =
        """
        Usage:
        	rmmod [options] modulename ...
        Options:
        	-f, --force    forces a module unload and may crash your machine
        	-s, --syslog   print to syslog, not stderr
        	-v, --verbose  enables more messages
        	-V, --version  show version
        	-h, --help     show this help

        """;

    static readonly LongOption[] s_longs =
    [
        new("force", OptionValue.None, 'f'), new("syslog", OptionValue.None, 's'),
        new("verbose", OptionValue.None, 'v'), new("version", OptionValue.None, 'V'),
        new("help", OptionValue.None, 'h'),
    ];

    public override string Name => "rmmod";

    public override string Summary => "remove modules, without their dependencies";

    public override int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        var log = new ToolLog(Name, terminal);
        bool force = false, toSyslog = false;
        var reader = CLibrary.GetOpt(Name, args, Letters, s_longs, terminal.Error);
        for (int option; (option = reader.Next()) != GetOpt.End;)
        {
            switch (option)
            {
                case 'f': force = true; break;
                case 's': toSyslog = true; break;
                case 'v': log.Level = log.Level < LogLevel.Debug ? log.Level + 1 : LogLevel.Debug; break;
                case 'V': WriteVersion(terminal.Out); return ExitCode.Ok;
                case 'h': terminal.Out.Write(Help); return ExitCode.Ok;
                default: return ExitCode.Failure;
            }
        }
        log.ToSyslog = toSyslog; // messages about options go to standard error
        if (reader.Operands.Count == 0)
        {
            log.Error("missing module name.");
            return ExitCode.Failure;
        }
        var tree = ModuleTree.OpenOrEmpty(ModuleSource.DirectoryOf(null, Machine.KernelRelease()));
        using var session = new Session(new ModuleCatalog(tree, ModprobeConfig.Empty));
        var all = true;
        foreach (var word in reader.Operands)
        {
            // the path of a module file names the module
            var isFile = SystemFiles.Current.KindOf(word) is not null;
            var module = isFile ? ModuleName.FromPath(word) : ModuleName.Normalize(word);
            if (!force && Objection(module, tree.IsBuiltIn(module), log) is { } objection)
            {
                log.Error(objection);
                all = false;
                continue;
            }
            var error = session.Loop.Run(() => session.CreateRemover().RemoveAsync(module, force, TimeSpan.Zero));
            if (error is Errno.None)
                continue;
            log.Error($"could not remove '{module}': {StrError.Of(error)}"); // libkmod's message
            log.Error($"could not remove module {word}: {StrError.Of(error)}");
            all = false;
        }
        return all ? ExitCode.Ok : ExitCode.Failure;
    }

    /// <summary>Why the module cannot be removed, or null.</summary>
    static string? Objection(string module, bool isBuiltIn, ToolLog log)
    {
        if (isBuiltIn)
            return $"Module {module} is builtin.";
        if (SysModule.InitStateOf(module) is InitState.Absent)
            return $"Module {module} is not currently loaded";
        var holders = SysModule.HoldersOf(module);
        if (holders is null)
            log.Error($"could not open '/sys/module/{module}/holders': {StrError.Of(Errno.ENOENT)}");
        else if (holders.Count > 0)
            return $"Module {module} is in use by: {string.Join(' ', holders)}";
        return SysModule.ReferencesTo(module) switch
        {
            null => "Module unloading is not supported",
            0 => null,
            _ => $"Module {module} is in use",
        };
    }
}
