namespace Drover.Linux.Tests;

/// <summary>A temporary directory of a test, deleted with it.</summary>
sealed class TestDirectory : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("drover-test-").FullName;

    internal string this[string name] => System.IO.Path.Combine(Path, name);

    internal void File(string name, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        System.IO.File.WriteAllText(this[name], text);
    }

    internal void Link(string name, string target)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        System.IO.File.CreateSymbolicLink(this[name], target);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
