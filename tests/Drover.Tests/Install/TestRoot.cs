using Drover.Install;

namespace Drover.Tests.Install;

/// <summary>A root file system of a test's own, gone with it, and what is in it.</summary>
sealed class TestRoot : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("drover-root-").FullName;

    public TestRoot()
    {
        // every system has it
        Directory.CreateDirectory(this["/var/lib"]);
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

    /// <summary>A line an entry, sorted: kind, path, mode, content; of files also when they were written, which a copy would not keep.</summary>
    public string Snapshot() => string.Join('\n', new DirectoryInfo(Path).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).OrderBy(entry => entry.FullName, StringComparer.Ordinal).Select(Told));

    public void Dispose() => Directory.Delete(Path, recursive: true);

    string Told(FileSystemInfo entry)
    {
        var path = entry.FullName[Path.Length..];
        return entry.LinkTarget is { } target ? $"link {path} {target}"
            : entry is DirectoryInfo ? $"directory {path} {entry.UnixFileMode}"
            : $"file {path} {entry.UnixFileMode} {entry.LastWriteTimeUtc:O} {Convert.ToHexString(System.IO.File.ReadAllBytes(entry.FullName))}";
    }
}
