using System.Runtime.InteropServices;
using System.Text;
using Drover.Modules.Config;

namespace Drover.Modules.Depmod;

/// <summary>
/// depmod.d (depmod.d(5)): which of two modules of the same name counts, where else there are modules, and which directories are left out. Not changed once
/// <see cref="Load"/> has returned it.
/// </summary>
internal sealed class DepmodConfig
{
    /// <summary>The words of <c>search</c> that are no directory.</summary>
    public const string BuiltIn = "built-in", External = "external";

    /// <summary>Where depmod.d is looked for, the strongest first; never below a root of its own.</summary>
    static readonly string[] Directories = ["/etc/depmod.d", "/run/depmod.d", "/usr/local/lib/depmod.d", "/lib/depmod.d"];

    static ReadOnlySpan<byte> Blanks => "\t "u8;

    readonly IDepmodMachine _machine;
    readonly IDepmodReport _report;
    readonly string _release;

    DepmodConfig(IDepmodMachine machine, IDepmodReport report, string release) => (_machine, _report, _release) = (machine, report, release);

    /// <summary>Paths below the module directory, without a file's ending, that win over all of that name; the last one written first.</summary>
    public List<string> Overrides { get; } = [];

    /// <summary>The words of <c>search</c>, the weakest first.</summary>
    public List<string> Searches { get; } = [];

    /// <summary>Directories elsewhere, the weakest first.</summary>
    public List<string> Externals { get; } = [];

    /// <summary>Names of directories that are left out.</summary>
    public List<string> Excludes { get; } = [];

    /// <param name="paths">Files and directories that take the place of all depmod.d directories, or null.</param>
    /// <param name="release">What VERSION-RE is compared with.</param>
    public static DepmodConfig Load(IReadOnlyList<string>? paths, string release, IDepmodMachine machine, IDepmodReport report)
    {
        var config = new DepmodConfig(machine, report, release);
        var files = new SortedList<string, string>(StringComparer.Ordinal);
        foreach (var path in paths ?? Directories)
            config.AddFiles(files, path);
        foreach (var file in files.Values)
            config.Parse(file);
        // what it was before there was depmod.d
        if (config.Searches.Count == 0)
            config.Searches.Add("updates");
        return config;
    }

    /// <summary>Everything of it in one text: two configurations of the same text choose alike.</summary>
    public string Describe() => string.Join('\n', [.. Overrides, "", .. Searches, "", .. Externals, "", .. Excludes, ""]);

    /// <summary>Of one base name only the first file counts. What is not there is passed over.</summary>
    void AddFiles(SortedList<string, string> files, string path)
    {
        if (File.Exists(path))
        {
            files.TryAdd(Path.GetFileName(path), path);
            return;
        }
        if (!Directory.Exists(path))
            return;
        var entries = _machine.List(path, out var errno);
        if (errno != 0)
            _report.Say(DepmodSeverity.Error, $"files list {path}: {Marshal.GetPInvokeErrorMessage(errno)}");
        foreach (var entry in entries)
        {
            const string Ending = ".conf";
            if (entry.Name[0] == '.')
                continue;
            if (entry.Name.Length <= Ending.Length || !entry.Name.EndsWith(Ending, StringComparison.Ordinal))
                _report.Say(DepmodSeverity.Info, $"All cfg files need .conf: {path}/{entry.Name}");
            else if (entry.Kind is FileKind.Directory)
                _report.Say(DepmodSeverity.Error, $"Directories inside directories are not supported: {path}/{entry.Name}");
            else
                files.TryAdd(entry.Name, $"{path}/{entry.Name}");
        }
    }

    void Parse(string file)
    {
        byte[] text;
        try
        {
            text = File.ReadAllBytes(file);
        }
        catch (Exception problem) when (FileProblem.ErrnoOf(problem) is { } errno)
        {
            _report.Say(DepmodSeverity.Error, $"file parse {file}: {Marshal.GetPInvokeErrorMessage(errno)}");
            return;
        }
        var lines = new ConfigLines(text);
        while (lines.MoveNext())
        {
            if (lines.Current.IsEmpty || lines.Current[0] == '#')
                continue;
            var words = Words(lines.Current);
            if (words.Count > 0 && !TryTake(words, $"{file}:{lines.LastNumber}"))
                _report.Say(DepmodSeverity.Error, $"{file}:{lines.LastNumber}: ignoring bad line starting with '{words[0]}'");
        }
    }

    bool TryTake(List<string> words, string place)
    {
        switch (words[0])
        {
            case "search":
                foreach (var word in words[1..])
                    Searches.Insert(0, word);
                return true;
            case "exclude":
                Excludes.AddRange(words[1..]);
                return true;
            case "override" when words.Count > 3:
                if (IsOurs(words[2], place, "override kernel did not match"))
                    Overrides.Insert(0, $"{words[3]}/{words[1]}");
                return true;
            case "external" when words.Count > 2:
                if (IsOurs(words[1], place, "external directory did not match"))
                    Externals.Insert(0, words[2]);
                return true;
            case "include" or "make_map_files":
                _report.Say(DepmodSeverity.Info, $"{place}: command {words[0]} not implemented yet");
                return true;
            default:
                return false;
        }
    }

    bool IsOurs(string version, string place, string otherwise)
    {
        if (version == "*" || _machine.Matches(version, _release))
            return true;
        _report.Say(DepmodSeverity.Info, $"{place}: {otherwise} {version}");
        return false;
    }

    static List<string> Words(ReadOnlySpan<byte> line)
    {
        var words = new List<string>();
        foreach (var range in line.SplitAny(Blanks))
        {
            if (!line[range].IsEmpty)
                words.Add(Encoding.UTF8.GetString(line[range]));
        }
        return words;
    }
}
