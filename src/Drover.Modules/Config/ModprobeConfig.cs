using System.Diagnostics;
using Drover.Text;

namespace Drover.Modules.Config;

/// <summary>Position of a rule; <paramref name="Line"/> counts from 1, and is 0 for the kernel command line.</summary>
public readonly record struct ConfigSource(string File, int Line)
{
    /// <summary>For messages: <c>file:line</c>, or the file for line 0.</summary>
    public override string ToString() => Line > 0 ? $"{File}:{Line}" : File;
}

public sealed record AliasRule(string Pattern, string Module, ConfigSource Source);

public sealed record BlacklistRule(string Module, ConfigSource Source);

public sealed record OptionsRule(string Module, string Options, ConfigSource Source);

/// <summary>An <c>install</c> or <c>remove</c> line; fnmatch matches the pattern with the module name.</summary>
public sealed record CommandRule(string Pattern, string Command, ConfigSource Source);

public sealed record SoftDependencyRule(
    string Pattern, IReadOnlyList<string> Pre, IReadOnlyList<string> Post, ConfigSource Source)
{
    /// <summary>The file of a module directory that has the modules' own softdeps.</summary>
    public const string FileOfModules = "modules.softdep";

    /// <summary>Takes away what the module itself asks for.</summary>
    public bool IsEmpty => Pre.Count + Post.Count == 0;

    /// <summary>The module's own.</summary>
    public bool IsOfModule => Path.GetFileName(Source.File) == FileOfModules;
}

public sealed record WeakDependencyRule(string Pattern, IReadOnlyList<string> Modules, ConfigSource Source);

/// <summary>An invalid line; <paramref name="LastLine"/> is the last of joined lines.</summary>
public sealed record BadConfigLine(string Command, ConfigSource Source, int LastLine)
{
    /// <summary>Whether older releases had the command.</summary>
    public bool IsDeprecated => Command is "include" or "config";
}

/// <summary>Why a path of the configuration is skipped.</summary>
public enum SkipReason { IsDirectory, LeadsNowhere, Unreadable }

/// <summary>A path with the name of a configuration file that is none, or a directory that cannot be listed.</summary>
/// <param name="Error">Why it cannot be listed, without the path; else null.</param>
public sealed record SkippedPath(string Path, SkipReason Reason, string? Error = null);

/// <summary>The inputs of a configuration.</summary>
public sealed class ModprobeConfigSources
{
    /// <summary>The root of the modprobe.d directories.</summary>
    public string Root { get; init; } = "/";

    /// <summary>The directory of modules.softdep and modules.weakdep; null for none.</summary>
    public string? ModuleDirectory { get; init; }

    /// <summary>The kernel command line, as in /proc/cmdline; null for none.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Files and directories that replace all modprobe.d directories (<c>-C</c>); null for none.</summary>
    public IReadOnlyList<string>? ExplicitPaths { get; init; }
}

/// <summary>modprobe.d, softdeps, weakdeps and the kernel command line, in kmod's order. Immutable.</summary>
public sealed class ModprobeConfig
{
    readonly ConfigRules _rules;

    ModprobeConfig(ConfigRules rules) => _rules = rules;

    public static ModprobeConfig Empty { get; } = new(new ConfigRules());

    public IReadOnlyList<AliasRule> Aliases => _rules.Aliases;
    public IReadOnlyList<BlacklistRule> Blacklist => _rules.Blacklist;
    public IReadOnlyList<OptionsRule> Options => _rules.Options;
    public IReadOnlyList<CommandRule> InstallCommands => _rules.InstallCommands;
    public IReadOnlyList<CommandRule> RemoveCommands => _rules.RemoveCommands;
    public IReadOnlyList<SoftDependencyRule> SoftDependencies => _rules.SoftDependencies;
    public IReadOnlyList<WeakDependencyRule> WeakDependencies => _rules.WeakDependencies;

    /// <summary>Invalid lines, which are ignored.</summary>
    public IReadOnlyList<BadConfigLine> BadLines => _rules.BadLines;

    /// <summary>Names of modules on the kernel command line that have an unmatched bracket.</summary>
    public IReadOnlyList<string> BadOptions => _rules.BadOptions;

    /// <summary>Paths of which nothing is read, in the order in which they were met.</summary>
    public IReadOnlyList<SkippedPath> Skipped => _rules.Skipped;

    /// <summary>Ignored lines, files and directories, as "file:line: why" or "path: why".</summary>
    public IReadOnlyList<string> Warnings => _rules.Warnings;

    /// <summary>The modprobe.d directories below a root, existing or not, highest priority first.</summary>
    public static IReadOnlyList<string> DirectoriesBelow(string root) => ConfigFiles.DirectoriesBelow(root);

    /// <summary>Files by base name, then the command line. Skips missing and unreadable files and
    /// directories.</summary>
    public static ModprobeConfig Load(ModprobeConfigSources sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        var rules = new ConfigRules();
        foreach (var path in ConfigFiles.List(sources, rules))
        {
            byte[] text;
            try
            {
                text = SystemFiles.Current.ReadConfig(
                    RootedPath.Find(sources.Root, path), isGiven: sources.ExplicitPaths?.Contains(path) == true);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                rules.Warnings.Add(problem.Message);
                continue;
            }
            ConfigParser.Parse(text, path, rules);
        }
        if (sources.CommandLine is { } commandLine)
            new KernelCommandLine(commandLine, rules).Parse();
        return new ModprobeConfig(rules);
    }

    /// <summary>Parses a text as if it were a file of that name, then a kernel command line.</summary>
    public static ModprobeConfig Parse(string text, string file = "modprobe.conf", string? commandLine = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var rules = new ConfigRules();
        ConfigParser.Parse(ByteText.BytesOf(text), file, rules);
        if (commandLine is not null)
            new KernelCommandLine(commandLine, rules).Parse();
        return new ModprobeConfig(rules);
    }
}

/// <summary>A configuration while it is read; one owner at a time.</summary>
sealed class ConfigRules
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
    public readonly List<SkippedPath> Skipped = [];
    public readonly List<string> BadOptions = [];

    public int LastLine { get; set; } // number of the last of the joined lines that are being read

    public void Warn(ConfigSource source, string why) => Warnings.Add($"{source.File}:{source.Line}: {why}");

    public void Skip(SkippedPath path, string why)
    {
        Skipped.Add(path);
        Warnings.Add($"{path.Path}: {why}");
    }

    public void Bad(ConfigSource source, string command, string why)
    {
        Debug.Assert(source.Line <= LastLine, "joined lines have their first line before their last");
        BadLines.Add(new BadConfigLine(command, source, LastLine));
        Warn(source, why);
    }
}

/// <summary>Selects and orders the configuration files (kmod: <c>conf_files_list</c>).</summary>
static class ConfigFiles
{
    /// <summary>The modprobe.d directories, highest priority first.</summary>
    static readonly string[] s_directories =
        ["etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d", "usr/lib/modprobe.d", "lib/modprobe.d"];

    public static string[] DirectoriesBelow(string root) =>
        Array.ConvertAll(s_directories, directory => $"{root.TrimEnd('/')}/{directory}");

    /// <summary>The files ordered by base name; of several with one base name, that of the first directory.</summary>
    public static IList<string> List(ModprobeConfigSources sources, ConfigRules rules)
    {
        var files = new SortedList<string, string>(ByteText.ByteOrder);
        foreach (var path in sources.ExplicitPaths ?? [.. DirectoriesBelow(sources.Root)
            .Select(directory => RootedPath.Find(sources.Root, directory))])
        {
            var kind = SystemFiles.Current.KindOf(path);
            if (kind is FileKind.Directory)
                AddDirectory(files, path, rules);
            else if (sources.ExplicitPaths is null)
                continue;
            else if (kind is not null)
                files.TryAdd(Path.GetFileName(path), path);
            else
                rules.Warnings.Add($"{path}: there is no such file or directory");
        }
        if (sources.ModuleDirectory is { } modules)
        {
            AddIfExists(files, modules, SoftDependencyRule.FileOfModules);
            AddIfExists(files, modules, "modules.weakdep");
        }
        return files.Values;
    }

    static void AddDirectory(SortedList<string, string> files, string directory, ConfigRules rules)
    {
        IReadOnlyList<string> names;
        try
        {
            names = SystemFiles.Current.List(directory);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            var why = SystemFiles.ReasonOf(problem, directory);
            rules.Skip(new(directory, SkipReason.Unreadable, why), why);
            return;
        }
        foreach (var name in names.Where(IsConfig))
        {
            var path = $"{directory}{(directory.EndsWith('/') ? "" : "/")}{name}";
            switch (SystemFiles.Current.KindOf(path))
            {
                case FileKind.Directory:
                    rules.Skip(new(path, SkipReason.IsDirectory), "a directory inside a directory is skipped");
                    break;
                case null:
                    rules.Skip(new(path, SkipReason.LeadsNowhere), "leads nowhere, or may not be looked at");
                    break;
                default:
                    files.TryAdd(name, path);
                    break;
            }
        }
    }

    /// <summary>Accepts <c>.alias</c> as well as <c>.conf</c> (kmod: <c>conf_files_filter_out</c>).</summary>
    static bool IsConfig(string name) => name[0] != '.' && Path.GetExtension(name) is ".conf" or ".alias";

    static void AddIfExists(SortedList<string, string> files, string directory, string name)
    {
        var path = $"{directory.TrimEnd('/')}/{name}";
        if (SystemFiles.Current.IsFile(path))
            files.TryAdd(name, path);
    }
}
