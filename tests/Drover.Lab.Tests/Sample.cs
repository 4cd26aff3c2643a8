namespace Drover.Lab.Tests;

/// <summary>Shortened files of lab guests.</summary>
static class Sample
{
    public static string Read(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Samples", name));
}
