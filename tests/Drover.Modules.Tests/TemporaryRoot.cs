namespace Drover.Modules.Tests;

/// <summary>A directory for a small root file system, deleted at the end of the test.</summary>
sealed class TemporaryRoot : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("drover-").FullName;

    public string Write(string path, string text)
    {
        var file = $"{Path}/{path}";
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return file;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
