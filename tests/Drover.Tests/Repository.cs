namespace Drover.Tests;

/// <summary>The source tree these tests were built from.</summary>
static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The native binary, as <c>./drover</c> and <c>./test</c> leave it.</summary>
    public static string NativeBinary => Path.Combine(Root, "artifacts/native/drover");

    static string FindRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Drover.slnx")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException($"no Drover.slnx above {AppContext.BaseDirectory}");
        return directory;
    }
}
