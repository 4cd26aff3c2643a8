using System.Text;
using Drover.Cli;

namespace Drover.Install;

/// <summary>A path that an installation has taken.</summary>
/// <param name="Path">Absolute, below the root.</param>
/// <param name="HadOther">Something else was there before; it is kept beside it.</param>
/// <param name="Ours"><see cref="RootTree.Print"/> of what was put there: of the newest, and of those that an installation on its way may not have replaced yet.</param>
sealed record InstallEntry(string Path, bool HadOther, IReadOnlyList<string> Ours)
{
    /// <summary>What becomes of the path when it is taken back, for people.</summary>
    public string Afterwards => HadOther ? "what was there before is given back" : "taken away";
}

/// <summary>
/// What an installation has made or is about to make, so that it can be taken back: written before the first change, so that one which was killed can be
/// repeated or taken back, too. Text, a line an entry, as a person can read it:
/// <code>
/// made /usr/lib/drover
/// new /usr/lib/drover/initramfs 0123456789abcdef
/// over /usr/bin/drover 0123456789abcdef fedcba9876543210
/// </code>
/// </summary>
/// <param name="Directories">Those that were not there before, parents first.</param>
/// <param name="Entries">In the order in which they are put in place.</param>
sealed record InstallManifest(IReadOnlyList<string> Directories, IReadOnlyList<InstallEntry> Entries)
{
    public const string Path = "/var/lib/drover/installed";

    const string Head = "# What 'drover install' has put in place; 'drover uninstall' reads it.\n";

    public static readonly InstallManifest Nothing = new([], []);

    public InstallEntry? Find(string path) => Entries.FirstOrDefault(entry => entry.Path == path);

    public string ToText()
    {
        var text = new StringBuilder(Head);
        foreach (var directory in Directories)
            text.Append("made ").Append(directory).Append('\n');
        foreach (var entry in Entries)
        {
            text.Append(entry.HadOther ? "over " : "new ").Append(entry.Path);
            foreach (var print in entry.Ours)
                text.Append(' ').Append(print);
            text.Append('\n');
        }
        return text.ToString();
    }

    /// <exception cref="CannotException">It is no manifest.</exception>
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
                case ["new" or "over", var path, .. var prints] when IsPlain(path) && Array.TrueForAll(prints, RootTree.IsPrint):
                    entries.Add(new InstallEntry(path, words[0] == "over", prints));
                    break;
                default:
                    throw new CannotException($"{file}, line {i + 1}: not what 'drover install' writes. Put the file right, or take it away and remove by hand what 'drover install --dry-run' lists");
            }
        }
        return new InstallManifest(directories, entries);
    }

    /// <summary>Absolute, and nowhere back: it says itself where it leads.</summary>
    static bool IsPlain(string path) => path.Length > 1 && path[0] == '/' && path[^1] != '/' && !Array.Exists(path[1..].Split('/'), name => name is "" or "." or "..");
}
