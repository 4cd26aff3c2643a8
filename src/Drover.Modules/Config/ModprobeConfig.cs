using System.Text;
using Drover.Modules.Config;

namespace Drover.Modules;

/// <summary>Where a line of configuration stands; <paramref name="Line"/> counts from 1, and is 0 for the kernel's command line.</summary>
public readonly record struct ConfigSource(string File, int Line);

public sealed record AliasRule(string Pattern, string Module, ConfigSource Source);

public sealed record BlacklistRule(string Module, ConfigSource Source);

public sealed record OptionsRule(string Module, string Options, ConfigSource Source);

/// <summary>An <c>install</c> or <c>remove</c> line; <paramref name="Pattern"/> is matched with fnmatch against the module's name.</summary>
public sealed record CommandRule(string Pattern, string Command, ConfigSource Source);

public sealed record SoftDependencyRule(string Pattern, IReadOnlyList<string> Pre, IReadOnlyList<string> Post, ConfigSource Source);

/// <summary>A line of a file that means nothing; of joined lines, <paramref name="LastLine"/> is the last.</summary>
public sealed record BadConfigLine(string Command, ConfigSource Source, int LastLine)
{
    /// <summary>The command was one in older releases.</summary>
    public bool IsDeprecated => Command is "include" or "config";
}

public sealed record WeakDependencyRule(string Pattern, IReadOnlyList<string> Modules, ConfigSource Source);

/// <summary>All of modprobe.d, modules.softdep, modules.weakdep and the kernel's command line, in kmod's order; immutable, safe for any thread.</summary>
public sealed class ModprobeConfig
{
    private readonly ConfigRules _rules;

    private ModprobeConfig(ConfigRules rules) => _rules = rules;

    public static ModprobeConfig Empty { get; } = new(new ConfigRules());

    public IReadOnlyList<AliasRule> Aliases => _rules.Aliases;
    public IReadOnlyList<BlacklistRule> Blacklist => _rules.Blacklist;
    public IReadOnlyList<OptionsRule> Options => _rules.Options;
    public IReadOnlyList<CommandRule> InstallCommands => _rules.InstallCommands;
    public IReadOnlyList<CommandRule> RemoveCommands => _rules.RemoveCommands;
    public IReadOnlyList<SoftDependencyRule> SoftDependencies => _rules.SoftDependencies;
    public IReadOnlyList<WeakDependencyRule> WeakDependencies => _rules.WeakDependencies;

    /// <summary>Lines of files that were passed over.</summary>
    public IReadOnlyList<BadConfigLine> BadLines => _rules.BadLines;

    /// <summary>Directories that have a configuration file's name.</summary>
    public IReadOnlyList<string> DirectoriesPassedOver => _rules.DirectoriesPassedOver;

    /// <summary>Lines that were passed over, each as "file:line: why": a bad line never stops the others. A file that cannot be read is told so, too.</summary>
    public IReadOnlyList<string> Warnings => _rules.Warnings;

    /// <summary>The modprobe.d directories below a root, whether they are there or not.</summary>
    public static IReadOnlyList<string> DirectoriesBelow(string root) => [.. ConfigFiles.DirectoriesBelow(root)];

    /// <summary>Reads files and command line, files by base name, the command line last. Whatever is not there or not readable is left out.</summary>
    public static ModprobeConfig Load(ModprobeConfigSources sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ConfigRules rules = new();
        foreach (string path in ConfigFiles.List(sources, rules))
        {
            byte[] text;
            try
            {
                text = File.ReadAllBytes(path);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                rules.Warnings.Add(problem.Message);
                continue;
            }
            ConfigParser.Parse(text, path, rules);
        }
        if (sources.CommandLine is { } commandLine) new KernelCommandLine(commandLine, rules).Parse();
        return new ModprobeConfig(rules);
    }

    /// <summary>A configuration of one text, as if it were a file of that name, and a kernel command line.</summary>
    public static ModprobeConfig Parse(string text, string file = "modprobe.conf", string? commandLine = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        ConfigRules rules = new();
        ConfigParser.Parse(Encoding.UTF8.GetBytes(text), file, rules);
        if (commandLine is not null) new KernelCommandLine(commandLine, rules).Parse();
        return new ModprobeConfig(rules);
    }
}
