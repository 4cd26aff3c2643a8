using System.Runtime.InteropServices;
using Drover.Kernel;
using Drover.Modules.Config;
using Drover.Text;

namespace Drover.Modules.Depmod;

/// <summary>Inputs and outputs of one run of depmod.</summary>
public sealed record DepmodOptions
{
    /// <summary>The kernel release, which is the name of its module directory.</summary>
    public required string Release { get; init; }

    /// <summary>The root of the system that has the modules; null or empty for this machine.</summary>
    public string? Root { get; init; }

    /// <summary>The module directory; an absolute path.</summary>
    public required string Directory { get; init; }

    /// <summary>The directory of the output files; an absolute path, created if missing.</summary>
    public required string OutputDirectory { get; init; }

    /// <summary>Directories besides, whose modules win over all others of their names; absolute paths. A missing one
    /// has none.</summary>
    public IReadOnlyList<string> First { get; init; } = [];

    /// <summary>Absolute paths of the only modules to read; null to search for all.</summary>
    public IReadOnlyList<string>? Paths { get; init; }

    /// <summary>Files and directories that replace all depmod.d directories; null for those.</summary>
    public IReadOnlyList<string>? ConfigPaths { get; init; }

    /// <summary>The kernel's Module.symvers, for its symbols and their versions; null for none (<c>-E</c>).</summary>
    public string? SymbolVersions { get; init; }

    /// <summary>The kernel's System.map; null for none (<c>-F</c>). Unused with <see cref="SymbolVersions"/>.</summary>
    public string? SystemMap { get; init; }

    /// <summary>Report symbols that nothing exports, and versions that differ (<c>-e</c>).</summary>
    public bool ReportUnknown { get; init; }

    /// <summary>Report aliases that a module has twice (<c>-w</c>).</summary>
    public bool ReportDuplicates { get; init; }

    /// <summary>The character that the architecture puts before each symbol name, or NUL (<c>-P</c>).</summary>
    public byte SymbolPrefix { get; init; }

    /// <summary>Threads that read modules and build indexes; at least 1.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Keep what was read in a cache file next to the indexes, and reuse it for unchanged modules.</summary>
    public bool UseCache { get; init; } = true;

    /// <summary>The path to read a file of the module directory at.</summary>
    public string Input(string name) => RootedPath.Find(Root, $"{Directory}/{name}");
}

/// <summary>Severity of a message; the values are those of syslog(3).</summary>
public enum DepmodSeverity { Fatal = 2, Error = 3, Warning = 4, Info = 6 }

/// <summary>Receives depmod's messages. Called by one thread only.</summary>
public interface IDepmodReport
{
    /// <summary>Logs a message in kmod's wording, without the program name and the last newline.</summary>
    void Log(DepmodSeverity severity, string message);

    /// <summary>Prints a line that only <c>-v</c> shows on standard output.</summary>
    void Show(string line);

    bool IsVerbose { get; } // whether Show prints anything; composing its lines takes time
}

/// <summary>Identity of a file's contents: as long as none of it changes, neither do the bytes.</summary>
/// <param name="Device">st_dev, in any encoding that is stable.</param>
/// <param name="ModifiedNs">st_mtim in nanoseconds since 1970; can be set, as <c>cp -p</c> and tar do.</param>
/// <param name="ChangedNs">st_ctim in nanoseconds since 1970; cannot be set.</param>
public readonly record struct FileIdentity(ulong Device, ulong Inode, long Bytes, long ModifiedNs, long ChangedNs);

/// <summary>A directory entry, with symbolic links followed.</summary>
/// <param name="Kind">Type of the entry, or of its link's target.</param>
/// <param name="Identity">Set for module files and links.</param>
/// <param name="Errno">Error of stat(2), or 0.</param>
/// <param name="Target">The path to read it at, if that is not the directory's with its name.</param>
public readonly record struct DirectoryEntry(
    string Name, FileKind Kind, int Mode, FileIdentity Identity, int Errno, string? Target = null);

/// <summary>A directory and what is in it.</summary>
/// <param name="Entries">All but <c>.</c> and <c>..</c>, in directory order; none if the kernel makes them up, as in
/// /proc, /sys and /dev.</param>
/// <param name="Errno">Why the directory cannot be opened, or 0.</param>
public readonly record struct DirectoryListing(
    IReadOnlyList<DirectoryEntry> Entries, FileIdentity Identity, int Errno = 0)
{
    /// <summary>The number of files and directories at which a walk gives up; a kernel has some 6,000.</summary>
    public const int MaxEntries = 1 << 20;
}

/// <summary>System calls that depmod needs and .NET does not offer. Safe for any thread.</summary>
public interface IDepmodMachine
{
    /// <summary>Lists a directory. An entry that vanishes meanwhile is left out.</summary>
    /// <param name="root">The system whose links are followed; null for this machine's.</param>
    DirectoryListing List(string directory, string? root = null);

    /// <summary>Identity of a file, links followed; null with <paramref name="errno"/> set on failure.</summary>
    FileIdentity? Identify(string path, out int errno);

    /// <summary>Whether an ERE matches any part of a text (regexec(3)); a malformed one matches nothing.</summary>
    bool Matches(string expression, string text);

    long NowNs { get; } // time by the clock of file timestamps, in nanoseconds since 1970
}

/// <summary>Priorities, external and excluded directories (depmod.d(5)). Immutable after <see cref="Load"/>.</summary>
sealed class DepmodConfig
{
    public const string BuiltIn = "built-in", External = "external"; // words of search that are not directories

    /// <summary>The depmod.d directories, highest priority first; depmod's <c>-b</c> does not move them.</summary>
    static readonly string[] s_directories =
        ["/etc/depmod.d", "/run/depmod.d", "/usr/local/lib/depmod.d", "/lib/depmod.d"];

    static ReadOnlySpan<byte> Blanks => "\t "u8;

    readonly IDepmodMachine _machine;
    readonly IDepmodReport _report;
    readonly string _release;

    DepmodConfig(IDepmodMachine machine, IDepmodReport report, string release) =>
        (_machine, _report, _release) = (machine, report, release);

    /// <summary>Paths in the module directory, without file ending, that win over their name; last first.</summary>
    public List<string> Overrides { get; } = [];

    public List<string> Searches { get; } = []; // the words of search, lowest priority first
    public List<string> Externals { get; } = []; // directories outside the module directory, lowest priority first
    public List<string> Excludes { get; } = []; // names of directories to skip

    /// <param name="paths">Files and directories that replace all depmod.d directories, or null.</param>
    public static DepmodConfig Load(
        IReadOnlyList<string>? paths, string release, IDepmodMachine machine, IDepmodReport report)
    {
        var config = new DepmodConfig(machine, report, release);
        var files = new SortedList<string, string>(ByteText.ByteOrder);
        foreach (var path in paths ?? s_directories)
            config.AddFiles(files, path);
        foreach (var file in files.Values)
            config.Parse(file, isGiven: paths?.Contains(file) == true);
        // kmod's default
        if (config.Searches.Count == 0)
            config.Searches.Add("updates");
        return config;
    }

    /// <summary>The whole configuration as text: configurations of equal text select the same modules.</summary>
    public string Describe() =>
        string.Join('\n', [.. Overrides, "", .. Searches, "", .. Externals, "", .. Excludes, ""]);

    /// <summary>Of several files with one base name the first wins. Missing paths are skipped.</summary>
    void AddFiles(SortedList<string, string> files, string path)
    {
        const string Ending = ".conf";
        if (SystemFiles.Current.IsFile(path))
        {
            files.TryAdd(Path.GetFileName(path), path);
            return;
        }
        if (!SystemFiles.Current.IsDirectory(path))
            return;
        var listing = _machine.List(path);
        if (listing.Errno != 0)
            Log(DepmodSeverity.Error, $"files list {path}: {Marshal.GetPInvokeErrorMessage(listing.Errno)}");
        foreach (var entry in listing.Entries.Where(entry => entry.Name[0] != '.'))
        {
            if (entry.Name.Length <= Ending.Length || !entry.Name.EndsWith(Ending, StringComparison.Ordinal))
                Log(DepmodSeverity.Info, $"All cfg files need .conf: {path}/{entry.Name}");
            else if (entry.Kind is FileKind.Directory)
                Log(DepmodSeverity.Error, $"Directories inside directories are not supported: {path}/{entry.Name}");
            else
                files.TryAdd(entry.Name, $"{path}/{entry.Name}");
        }
    }

    void Parse(string file, bool isGiven)
    {
        byte[] text;
        try
        {
            text = SystemFiles.Current.ReadConfig(file, isGiven);
        }
        catch (Exception problem) when (FileErrno.Of(problem) is { } errno)
        {
            Log(DepmodSeverity.Error, $"file parse {file}: {Marshal.GetPInvokeErrorMessage((int)errno)}");
            return;
        }
        var lines = new ConfigLines(text);
        while (lines.MoveNext())
        {
            if (lines.Current.IsEmpty || lines.Current[0] == '#')
                continue;
            var place = $"{file}:{lines.LastNumber}";
            if (lines.HasNul)
            {
                Log(DepmodSeverity.Error, $"{place}: ignoring bad line with a NUL byte");
                continue;
            }
            var words = Words(lines.Current);
            if (words.Count > 0 && !TryTake(words, place))
                Log(DepmodSeverity.Error, $"{place}: ignoring bad line starting with '{words[0]}'");
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
                if (MatchesRelease(words[2], place, "override kernel did not match"))
                    Overrides.Insert(0, $"{words[3]}/{words[1]}");
                return true;
            case "external" when words.Count > 2:
                if (MatchesRelease(words[1], place, "external directory did not match"))
                    Externals.Insert(0, words[2]);
                return true;
            case "include" or "make_map_files":
                Log(DepmodSeverity.Info, $"{place}: command {words[0]} not implemented yet");
                return true;
            default:
                return false;
        }
    }

    bool MatchesRelease(string version, string place, string mismatch)
    {
        if (version == "*" || _machine.Matches(version, _release))
            return true;
        Log(DepmodSeverity.Info, $"{place}: {mismatch} {version}");
        return false;
    }

    static List<string> Words(ReadOnlySpan<byte> line)
    {
        var words = new List<string>();
        foreach (var range in line.SplitAny(Blanks))
        {
            if (!line[range].IsEmpty)
                words.Add(ByteText.Of(line[range]));
        }
        return words;
    }

    void Log(DepmodSeverity severity, string message) => _report.Log(severity, message);
}
