namespace Drover.Lab.Tests;

/// <summary>What guests of the lab sent, cut short.</summary>
static class Sample
{
    public static string Read(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Samples", name));
}
