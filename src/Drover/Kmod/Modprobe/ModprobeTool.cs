using Drover.Cli;
using Drover.Linux;
using Drover.Modules;
using Drover.Output;

namespace Drover.Kmod;

/// <summary>modprobe(8): modules by name or alias with all that belongs to them, into the kernel and out of it, and what is known of them.</summary>
sealed class ModprobeTool : KmodTool
{
    public override string Name => "modprobe";

    public override string Summary => "load or remove modules with all that belongs to them, each once";

    public override int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        var log = new ToolLog(Name, terminal);
        var options = new ModprobeOptions();
        if (!options.TryParse(args, log, terminal.Error))
            return ExitCode.Failure;
        if (options.Version)
        {
            ToolVersion.Write(terminal.Out);
            return ExitCode.Ok;
        }
        if (options.Help)
        {
            terminal.Out.Write(ModprobeHelp.Text);
            return ExitCode.Ok;
        }
        log.ToSyslog = options.ToSyslog;
        if (options.Operands.Count == 0 && options.Task is not ModprobeTask.ShowConfig)
        {
            log.Error("missing parameters. See -h.");
            return ExitCode.Failure;
        }
        log.Level = options.Level; // that nothing was asked for is told to the quiet, too
        var run = new ModprobeRun(options, CatalogOf(options, terminal), log, terminal);
        try
        {
            return run.Options.Task switch
            {
                ModprobeTask.ShowConfig => ModprobeDump.Write(run),
                ModprobeTask.ShowModversions or ModprobeTask.ShowExports => ModprobeSymbols.Write(run, options.Operands[0]),
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

    /// <summary>Modules below <c>-d</c> and of <c>-S</c>; the configuration is this machine's, or that of <c>-C</c>.</summary>
    static ModuleCatalog CatalogOf(ModprobeOptions options, Terminal terminal)
    {
        var directory = DirectoryOf(options);
        var config = ModprobeConfig.Load(new ModprobeConfigSources
        {
            ModuleDirectory = directory,
            CommandLine = Machine.CommandLine(),
            ExplicitPaths = options.ConfigPaths,
        });
        // by libkmod, before anybody could have told it to be quiet
        foreach (var inside in config.DirectoriesPassedOver)
            terminal.Error.WriteLine($"libkmod: conf_files_filter_out: Directories inside directories are not supported: {inside}");
        foreach (var bad in config.BadLines)
        {
            terminal.Error.WriteLine(bad.IsDeprecated
                ? $"libkmod: kmod_config_parse: {bad.Source.File}: command {bad.Command} is deprecated and not parsed anymore"
                : $"libkmod: kmod_config_parse: {bad.Source.File} line {bad.LastLine}: ignoring bad line starting with '{bad.Command}'");
        }
        return new ModuleCatalog(ModuleTree.OpenOrEmpty(directory), config) { FirstSoftdepOnly = options.FirstSoftdepOnly };
    }

    static string DirectoryOf(ModprobeOptions options)
    {
        var path = $"{options.Root}/lib/modules/{options.Release ?? Machine.KernelRelease()}";
        // kmod makes it absolute and nothing else
        return path.StartsWith('/') ? path : $"{Environment.CurrentDirectory}/{path}";
    }
}

/// <summary>What all of modprobe's tasks share. Immutable.</summary>
sealed record ModprobeRun(ModprobeOptions Options, ModuleCatalog Catalog, ToolLog Log, Terminal Terminal)
{
    /// <summary>What could not be done with a name: fatal, but with -a one of several (kmod: <c>log_priority</c>).</summary>
    /// <exception cref="FatalException">It was fatal, and has been said: with -q it is neither.</exception>
    public void Complain(string message)
    {
        var level = Options.All ? LogLevel.Warning : LogLevel.Fatal;
        Log.Say(level, message);
        if (level is LogLevel.Fatal && Log.Level >= level)
            throw new FatalException();
    }
}

/// <summary>Ends modprobe where it stands, as every message does that says FATAL; which has been said.</summary>
sealed class FatalException : Exception;
