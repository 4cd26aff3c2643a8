namespace Drover.Modules.Config;

/// <summary>Which files make up the configuration, and in which order (kmod: <c>conf_files_list</c>). Stateless.</summary>
internal static class ConfigFiles
{
    /// <summary>Where modprobe.d is looked for below a root, the strongest first.</summary>
    private static readonly string[] s_directories = ["etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d", "usr/lib/modprobe.d", "lib/modprobe.d"];

    /// <summary>The directories that are looked into, the strongest first, whether they are there or not.</summary>
    public static IEnumerable<string> DirectoriesBelow(string root) => s_directories.Select(directory => $"{root.TrimEnd('/')}/{directory}");

    /// <summary>The files in the order they are parsed: by base name; of one base name, only the file of the earliest directory.</summary>
    public static List<string> List(ModprobeConfigSources sources, ConfigRules rules)
    {
        // ordinal order of UTF-16 is the byte order of UTF-8 for all names but those with surrogates
        SortedList<string, string> files = new(StringComparer.Ordinal);
        if (sources.ExplicitPaths is { } paths)
        {
            foreach (string path in paths)
            {
                if (Directory.Exists(path)) AddDirectory(files, path, rules);
                else if (File.Exists(path)) files.TryAdd(Path.GetFileName(path), path);
                else rules.Warnings.Add($"{path}: there is no such file or directory");
            }
        }
        else
        {
            foreach (string path in DirectoriesBelow(sources.Root))
            {
                if (Directory.Exists(path)) AddDirectory(files, path, rules);
            }
        }
        if (sources.ModuleDirectory is { } modules)
        {
            AddIfThere(files, modules, "modules.softdep");
            AddIfThere(files, modules, "modules.weakdep");
        }
        return [.. files.Values];
    }

    private static void AddDirectory(SortedList<string, string> files, string directory, ConfigRules rules)
    {
        foreach (string path in Directory.GetFiles(directory))
        {
            if (IsConfig(path)) files.TryAdd(Path.GetFileName(path), path);
        }
        foreach (string path in Directory.GetDirectories(directory))
        {
            if (!IsConfig(path)) continue;
            rules.DirectoriesPassedOver.Add(path);
            rules.Warnings.Add($"{path}: a directory inside a directory is passed over");
        }
    }

    private static bool IsConfig(string path) => Path.GetFileName(path) is var name && name[0] != '.' && (HasEnding(name, ".conf") || HasEnding(name, ".alias"));

    /// <summary>kmod (<c>conf_files_filter_out</c>) takes <c>.alias</c>, too.</summary>
    private static bool HasEnding(string name, string ending) => name.Length > ending.Length && name.EndsWith(ending, StringComparison.Ordinal);

    private static void AddIfThere(SortedList<string, string> files, string directory, string name)
    {
        string path = $"{directory.TrimEnd('/')}/{name}";
        if (File.Exists(path)) files.TryAdd(name, path);
    }
}
