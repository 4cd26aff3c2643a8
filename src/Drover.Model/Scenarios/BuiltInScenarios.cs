namespace Drover.Model.Scenarios;

/// <summary>The scenarios in the program: guests of the lab, with times scaled to a real CPU.</summary>
public static class BuiltInScenarios
{
    /// <summary>A machine of today: Debian 13's kernel and rules.</summary>
    public const string Debian13 = "debian13";

    /// <summary>The machine of earlier figures: Debian 12's.</summary>
    public const string Debian12 = "debian12";

    public static IReadOnlyList<string> Names { get; } = [Debian13, Debian12];

    /// <summary>Every use reads it again.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public static Scenario Read(string name)
    {
        var file = $"{name}.json";
        using var stream = typeof(BuiltInScenarios).Assembly.GetManifestResourceStream(file)
            ?? throw new ArgumentException($"no built-in scenario {name}", nameof(name));
        return ScenarioFile.Read(ScenarioFile.ReadBounded(stream, file, ScenarioLimits.MaxFileBytes), file);
    }
}
