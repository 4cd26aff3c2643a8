namespace Drover.Modules.Tests;

/// <summary>A directory to write a small root file system into, gone at the end of the test.</summary>
internal sealed class TemporaryRoot : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("drover-").FullName;

    public string Write(string path, string text)
    {
        string file = $"{Path}/{path}";
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return file;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
