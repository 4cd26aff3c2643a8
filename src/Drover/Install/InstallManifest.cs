using System.Diagnostics;
using System.Text;
using Drover.CommandLine;

namespace Drover.Install;

/// <summary>A file or link of an installed Drover.</summary>
/// <param name="Path">Absolute, below the root of the installation.</param>
/// <param name="Content">The bytes of the file, or the target of the link.</param>
/// <param name="Mode">Permissions; null for a link.</param>
sealed record InstallFile(string Path, byte[] Content, UnixFileMode? Mode)
{
    public bool IsLink => Mode is null;
}

/// <summary>The files of an installed Drover: <c>install.list</c>, <c>drover-daemon.list</c> and
/// <c>install-watch.list</c> of <c>packaging</c>, and the files they name, as resources of this program.</summary>
static class InstallList
{
    /// <summary>The entry whose content is this program.</summary>
    public const string Program = "/usr/bin/drover";

    /// <summary>The entry whose content is drover-study.</summary>
    public const string Study = "/usr/lib/drover/drover-study";

    const string Arrow = " -> ";

    /// <summary>All files, in the order of their installation.</summary>
    /// <param name="study">The path of drover-study, to also install the recording of boots; or null.</param>
    public static IReadOnlyList<InstallFile> Read(string program, string? study = null)
    {
        string[] lists = ["install.list", "drover-daemon.list"];
        if (study is not null)
            lists = [.. lists, "install-watch.list"];
        return
        [
            .. lists.SelectMany(list => Encoding.UTF8.GetString(Resource(list)).Split('\n'))
                .Where(line => line.Length > 0 && line[0] != '#').Select(line => Parse(line, program, study)),
        ];
    }

    static InstallFile Parse(string line, string program, string? study)
    {
        if (line.IndexOf(Arrow, StringComparison.Ordinal) is > 0 and var arrow)
            return new InstallFile(line[..arrow], Encoding.UTF8.GetBytes(line[(arrow + Arrow.Length)..]), null);
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var path = line[..space];
        var content = path switch
        {
            Program => File.ReadAllBytes(program),
            Study => File.ReadAllBytes(study!),
            _ => Resource(path),
        };
        return new InstallFile(path, content, (UnixFileMode)Convert.ToInt32(line[(space + 1)..], 8));
    }

    static byte[] Resource(string name)
    {
        using var stream = typeof(InstallList).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the program was built without its resource {name}");
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}

/// <summary>A path that an installation has written.</summary>
/// <param name="Path">Absolute, below the root.</param>
/// <param name="HadOther">There was another file before; it is kept in the same directory.</param>
/// <param name="Ours">Each <see cref="RootTree.Fingerprint"/> of ours: an interrupted update may leave an older
/// file.</param>
sealed record InstallEntry(string Path, bool HadOther, IReadOnlyList<string> Ours)
{
    public string Afterwards => HadOther ? "the previous file is restored" : "removed";
}

/// <summary>
/// What an installation has made or is about to make. It is written before the first change, so that an interrupted
/// installation can be repeated or undone. A text file with a line per entry:
/// <code>
/// made /usr/lib/drover
/// new /usr/lib/drover/initramfs 0123456789abcdef
/// over /usr/bin/drover 0123456789abcdef fedcba9876543210
/// </code>
/// </summary>
/// <param name="Directories">Created directories, parents first.</param>
/// <param name="Entries">In the order of their installation.</param>
sealed record InstallManifest(IReadOnlyList<string> Directories, IReadOnlyList<InstallEntry> Entries)
{
    public const string Path = "/var/lib/drover/installed";

    const string Head = "# Files installed by 'drover install'; 'drover uninstall' reads this list.\n";

    public static readonly InstallManifest Empty = new([], []);

    public InstallEntry? Find(string path) => Entries.FirstOrDefault(entry => entry.Path == path);

    public string ToText()
    {
        Debug.Assert(Directories.All(IsPlain) && Entries.All(entry => IsPlain(entry.Path)),
            "Parse refuses other paths");
        var text = new StringBuilder(Head);
        foreach (var directory in Directories)
            text.Append("made ").Append(directory).Append('\n');
        foreach (var entry in Entries)
            text.Append(entry.HadOther ? "over " : "new ").AppendJoin(' ', [entry.Path, .. entry.Ours]).Append('\n');
        return text.ToString();
    }

    /// <exception cref="CommandException">The text is not a manifest.</exception>
    public static InstallManifest Parse(string text, string file)
    {
        var directories = new List<string>();
        var entries = new List<InstallEntry>();
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var words = lines[i].Split(' ');
            switch (words)
            {
                case [""] or ["#", ..]:
                    break;
                case ["made", var path] when IsPlain(path):
                    directories.Add(path);
                    break;
                case ["new" or "over", var path, .. var fingerprints]
                    when IsPlain(path) && Array.TrueForAll(fingerprints, RootTree.IsFingerprint):
                    entries.Add(new InstallEntry(path, words[0] == "over", fingerprints));
                    break;
                default:
                    throw new CommandException(
                        $"{file}, line {i + 1}: invalid. Correct the file, or delete it and remove the files that "
                        + "'drover install --dry-run' lists by hand");
            }
        }
        return new InstallManifest(directories, entries);
    }

    /// <summary>Whether a path is absolute and has no <c>.</c> or <c>..</c>.</summary>
    static bool IsPlain(string path) =>
        path.Length > 1 && path[0] == '/' && path[^1] != '/'
        && !Array.Exists(path[1..].Split('/'), name => name is "" or "." or "..");
}
