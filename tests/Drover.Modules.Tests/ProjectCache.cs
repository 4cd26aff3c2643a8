namespace Drover.Modules.Tests;

/// <summary>The cache of downloads and built tools: <c>.cache</c> of the project, or <c>DROVER_CACHE</c>.</summary>
static class ProjectCache
{
    public static string Root { get; } = FindRoot();

    public static string Path { get; } = Environment.GetEnvironmentVariable("DROVER_CACHE") ?? $"{Root}/.cache";

    static string FindRoot()
    {
        for (var at = AppContext.BaseDirectory; at is not null; at = System.IO.Path.GetDirectoryName(at))
        {
            if (File.Exists($"{at}/Drover.slnx")) return at;
        }
        throw new DirectoryNotFoundException("Drover.slnx is in no directory above this program.");
    }
}
