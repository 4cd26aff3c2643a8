namespace Drover.Modules.Config;

/// <summary>A configuration while it is read; one owner at a time.</summary>
internal sealed class ConfigRules
{
    public readonly List<AliasRule> Aliases = [];
    public readonly List<BlacklistRule> Blacklist = [];
    public readonly List<OptionsRule> Options = [];
    public readonly List<CommandRule> InstallCommands = [];
    public readonly List<CommandRule> RemoveCommands = [];
    public readonly List<SoftDependencyRule> SoftDependencies = [];
    public readonly List<WeakDependencyRule> WeakDependencies = [];
    public readonly List<string> Warnings = [];
    public readonly List<BadConfigLine> BadLines = [];
    public readonly List<string> DirectoriesPassedOver = [];

    /// <summary>The number of the last of the joined lines that are being read.</summary>
    public int LastLine { get; set; }

    public void Warn(ConfigSource source, string why) => Warnings.Add($"{source.File}:{source.Line}: {why}");

    public void Bad(ConfigSource source, string command, string why)
    {
        BadLines.Add(new BadConfigLine(command, source, LastLine));
        Warn(source, why);
    }
}
