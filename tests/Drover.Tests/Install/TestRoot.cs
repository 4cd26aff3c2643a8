using Drover.Install;

namespace Drover.Tests.Install;

/// <summary>A temporary root file system and its content.</summary>
sealed class TestRoot : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("drover-root-").FullName;

    public TestRoot()
    {
        // it exists on every system
        Directory.CreateDirectory(this["/var/lib"]);
    }

    /// <summary>A root whose init is systemd.</summary>
    public static TestRoot WithSystemd()
    {
        var root = new TestRoot();
        root.File("/usr/lib/systemd/systemd", "");
        return root;
    }

    public string this[string path] => Path + path;

    public void File(string path, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        Directory.CreateDirectory(this[RootTree.Parent(path)]);
        System.IO.File.WriteAllText(this[path], text);
#pragma warning disable CA1416 // only Linux has modules
        System.IO.File.SetUnixFileMode(this[path], mode);
#pragma warning restore CA1416
        System.IO.File.SetLastWriteTimeUtc(this[path], new DateTime(2020, 2, 2, 2, 2, 2, DateTimeKind.Utc));
    }

    public void Link(string path, string target)
    {
        Directory.CreateDirectory(this[RootTree.Parent(path)]);
        System.IO.File.CreateSymbolicLink(this[path], target);
    }

    /// <summary>One line per entry, sorted: kind, path, mode, content; for files also the write time, which a copy
    /// would not keep.</summary>
    public string Snapshot() => string.Join('\n', new DirectoryInfo(Path)
        .EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
        .OrderBy(entry => entry.FullName, StringComparer.Ordinal).Select(Describe));

    public void Dispose() => Directory.Delete(Path, recursive: true);

    string Describe(FileSystemInfo entry)
    {
        var path = entry.FullName[Path.Length..];
        return entry.LinkTarget is { } target ? $"link {path} {target}"
            : entry is DirectoryInfo ? $"directory {path} {entry.UnixFileMode}"
            : $"file {path} {entry.UnixFileMode} {entry.LastWriteTimeUtc:O} " +
                $"{Convert.ToHexString(System.IO.File.ReadAllBytes(entry.FullName))}";
    }
}
