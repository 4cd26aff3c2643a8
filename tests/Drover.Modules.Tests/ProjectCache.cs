namespace Drover.Modules.Tests;

/// <summary>The project's git-ignored <c>.cache</c>, or <c>DROVER_CACHE</c>: what was fetched or built once.</summary>
internal static class ProjectCache
{
    public static string Root { get; } = FindRoot();

    public static string Path { get; } = Environment.GetEnvironmentVariable("DROVER_CACHE") ?? $"{Root}/.cache";

    private static string FindRoot()
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = System.IO.Path.GetDirectoryName(at))
        {
            if (File.Exists($"{at}/Drover.slnx")) return at;
        }
        throw new DirectoryNotFoundException("Drover.slnx is in no directory above this program.");
    }
}
