using System.Text;

namespace Drover.Install;

/// <summary>A file or link that belongs to an installed Drover.</summary>
/// <param name="Path">Absolute, below whatever root is meant.</param>
/// <param name="Content">What is in it: bytes, or the link's target.</param>
/// <param name="Mode">Permissions; null for a link.</param>
sealed record InstallFile(string Path, byte[] Content, UnixFileMode? Mode)
{
    public bool IsLink => Mode is null;
}

/// <summary>What an installed Drover is made of: <c>packaging/install.list</c>, <c>install-watch.list</c> and the files they name, as they are in the program. Stateless.</summary>
static class InstallList
{
    /// <summary>The one entry whose content is this very program.</summary>
    public const string Program = "/usr/bin/drover";

    const string ListResource = "install.list", WatchResource = "install-watch.list";

    const string Arrow = " -> ";

    /// <summary>All of it, in the order in which it is put in place.</summary>
    /// <param name="program">The program's own file.</param>
    /// <param name="withWatch">And what records each boot's module loads.</param>
    public static IReadOnlyList<InstallFile> Read(string program, bool withWatch = false)
    {
        var files = new List<InstallFile>();
        Add(files, ListResource, program);
        if (withWatch)
            Add(files, WatchResource, program);
        return files;
    }

    static void Add(List<InstallFile> files, string list, string program)
    {
        foreach (var line in Encoding.UTF8.GetString(Resource(list)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == '#')
                continue;
            if (line.IndexOf(Arrow, StringComparison.Ordinal) is > 0 and var arrow)
            {
                files.Add(new InstallFile(line[..arrow], Encoding.UTF8.GetBytes(line[(arrow + Arrow.Length)..]), null));
                continue;
            }
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            var path = line[..space];
            var mode = (UnixFileMode)Convert.ToInt32(line[(space + 1)..], 8);
            files.Add(new InstallFile(path, path == Program ? File.ReadAllBytes(program) : Resource(path), mode));
        }
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
