using Drover.Text;

namespace Drover.Modules.Config;

/// <summary>A request of modules-load.d or of the kernel command line.</summary>
/// <param name="Name">A module name, alias or modalias.</param>
public sealed record ModulesLoadLine(string Name, ConfigSource Source);

/// <summary>What systemd-modules-load.service(8) loads at boot: <c>modules_load=</c> of the kernel command line, in
/// the initramfs also <c>rd.modules_load=</c>, then the lines of modules-load.d(5). Immutable.</summary>
public sealed class ModulesLoadConfig
{
    const string CommandLineName = "kernel command line";
    const string StandardInput = "/dev/stdin";

    /// <summary>The directories, highest priority first (systemd: <c>CONF_PATHS_NULSTR</c>).</summary>
    static readonly string[] s_directories =
    [
        "etc/modules-load.d", "run/modules-load.d", "usr/local/lib/modules-load.d", "usr/lib/modules-load.d",
        "lib/modules-load.d",
    ];

    readonly List<ModulesLoadLine> _lines = [];
    readonly List<string> _unreadable = [];

    ModulesLoadConfig()
    {
    }

    public IReadOnlyList<ModulesLoadLine> Lines => _lines;

    /// <summary>Files and directories that could not be read, as "path: why".</summary>
    public IReadOnlyList<string> Unreadable => _unreadable;

    /// <summary>Reads the files by base name; of several with one base name, that of the first directory, so that a
    /// link to /dev/null hides a file.</summary>
    /// <param name="root">The root of the directories.</param>
    /// <param name="commandLine">As in /proc/cmdline; null for none.</param>
    /// <param name="isInitramfs">Whether <c>rd.</c> parameters count.</param>
    /// <param name="files">Replace command line and directories: paths, a dash for standard input, or names of files
    /// in the directories.</param>
    public static ModulesLoadConfig Load(
        string root, string? commandLine, bool isInitramfs, IReadOnlyList<string>? files = null)
    {
        var config = new ModulesLoadConfig();
        var directories = s_directories.Select(directory => $"{root.TrimEnd('/')}/{directory}").ToArray();
        if (files is not null)
        {
            foreach (var name in files)
            {
                var file = name == "-" ? StandardInput : name;
                var isPath = file.Contains('/');
                var path = isPath ? file : Find(directories, file);
                if (!isPath && !SystemFiles.Current.IsFile(path) && SystemFiles.Current.IsFile(file))
                    config._unreadable.Add($"{path}: no such file; ./{file} names the one in the working directory");
                else
                    config.ReadFile(path, isGiven: isPath);
            }
            return config;
        }
        config.ReadCommandLine(commandLine ?? "", isInitramfs);
        foreach (var file in DropIns.List(directories, config._unreadable.Add))
            config.ReadFile(file, mayBeGone: true);
        return config;
    }

    static string Find(string[] directories, string name)
    {
        var paths = directories.Select(directory => $"{directory}/{name}");
        return paths.FirstOrDefault(SystemFiles.Current.IsFile) ?? $"{directories[0]}/{name}";
    }

    /// <param name="isGiven">The user gives the path.</param>
    /// <param name="mayBeGone">A link to nothing is no error: Debian has one to /etc/modules.</param>
    void ReadFile(string path, bool isGiven = false, bool mayBeGone = false)
    {
        try
        {
            var number = 0;
            var text = SystemFiles.Current.ReadConfig(path, isGiven);
            if (text.Length == 0 && path == StandardInput)
                _unreadable.Add("standard input: is empty");
            foreach (var line in ByteText.Of(text).Split('\n'))
            {
                number++;
                var name = line.Trim(KernelParameters.Blanks.ToCharArray());
                if (name.Length > 0 && name[0] is not ('#' or ';'))
                    _lines.Add(new ModulesLoadLine(name, new ConfigSource(path, number)));
            }
        }
        catch (FileNotFoundException) when (mayBeGone)
        {
            // systemd passes over it too
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            _unreadable.Add(problem.Message);
        }
    }

    /// <summary>Dashes in a parameter's name count as underscores (systemd: <c>proc_cmdline_key_streq</c>).</summary>
    void ReadCommandLine(string text, bool isInitramfs)
    {
        foreach (var word in KernelParameters.Words(text))
        {
            var value = word.IndexOf('=');
            var key = value < 0 ? "" : word[..value].Replace('-', '_');
            if (key == "modules_load" || (isInitramfs && key == "rd.modules_load"))
            {
                var names = word[(value + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries);
                _lines.AddRange(names.Select(name => new ModulesLoadLine(name, new ConfigSource(CommandLineName, 0))));
            }
        }
    }
}

/// <summary>The <c>.conf</c> files of directories that override each other
/// (systemd: <c>conf_files_list_strv</c>).</summary>
static class DropIns
{
    /// <summary>By base name; of several with one base name, that of the first directory.</summary>
    /// <param name="skipped">Told why a directory cannot be listed; null makes that an exception.</param>
    public static IEnumerable<string> List(IEnumerable<string> directories, Action<string>? skipped = null) =>
        directories.Where(SystemFiles.Current.IsDirectory)
            .SelectMany(directory => NamesIn(directory, skipped).Select(name => $"{directory}/{name}"))
            .Where(path => IsConfig(path) && !SystemFiles.Current.IsDirectory(path))
            .DistinctBy(Path.GetFileName).OrderBy(path => Path.GetFileName(path), ByteText.ByteOrder);

    static IReadOnlyList<string> NamesIn(string directory, Action<string>? skipped)
    {
        try
        {
            return SystemFiles.Current.List(directory);
        }
        catch (Exception problem) when (
            skipped is not null && problem is (IOException or UnauthorizedAccessException))
        {
            skipped(problem.Message);
            return [];
        }
    }

    static bool IsConfig(string path) =>
        Path.GetFileName(path)[0] != '.' && Path.GetExtension(path) == ".conf";
}
