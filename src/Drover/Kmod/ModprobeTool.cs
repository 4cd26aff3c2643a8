using Drover.CommandLine;
using Drover.Linux.ProcFs;
using Drover.Modules.Config;
using Drover.Modules.Tree;

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
        var run = new ModprobeRun(options, CatalogOf(options, terminal), log, terminal);
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
    static ModuleCatalog CatalogOf(ModprobeOptions options, Terminal terminal)
    {
        var directory = DirectoryOf(options);
        var config = ModprobeConfig.Load(new ModprobeConfigSources
        {
            ModuleDirectory = directory,
            CommandLine = Machine.CommandLine(),
            ExplicitPaths = options.ConfigPaths,
        });
        // libkmod prints these even with -q
        foreach (var inside in config.SkippedDirectories)
        {
            terminal.Error.WriteLine(
                $"libkmod: conf_files_filter_out: Directories inside directories are not supported: {inside}");
        }
        foreach (var bad in config.BadLines)
        {
            terminal.Error.WriteLine($"libkmod: kmod_config_parse: {bad.Source.File}" + (bad.IsDeprecated
                ? $": command {bad.Command} is deprecated and not parsed anymore"
                : $" line {bad.LastLine}: ignoring bad line starting with '{bad.Command}'"));
        }
        return new ModuleCatalog(ModuleTree.OpenOrEmpty(directory), config)
        { FirstSoftdepOnly = options.FirstSoftdepOnly };
    }

    static string DirectoryOf(ModprobeOptions options)
    {
        var path = $"{options.Root}/lib/modules/{options.Release ?? Machine.KernelRelease()}";
        // kmod makes it absolute and nothing else
        return path.StartsWith('/') ? path : $"{Environment.CurrentDirectory}/{path}";
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
