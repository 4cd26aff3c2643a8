using System.Text.Json;

namespace Drover.Model;

/// <summary>Scenarios as files: JSON, described in docs/scenario.md. Stateless; safe for any thread.</summary>
public static class ScenarioFile
{
    /// <summary>Recorded in the lab from Debian's kernel 6.1, its times scaled to a real CPU; what a herd runs when nothing else is said. Read anew each time.</summary>
    public static Scenario BuiltIn => Read(BuiltInText(), "built-in scenario");

    /// <summary>The scenario in a file.</summary>
    /// <exception cref="ScenarioException">It is not a scenario, contradicts itself, or is larger than 16 MiB.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a directory.</exception>
    public static Scenario Load(string path)
    {
        using var file = File.OpenRead(path);
        return Read(ReadBounded(file, path, ScenarioLimits.FileBytes), path);
    }

    /// <summary>The scenario of a text.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="ScenarioException">It is not a scenario, or contradicts itself; the message names file, line and field. Nothing else is thrown, whatever the text.</exception>
    public static Scenario Read(ReadOnlySpan<byte> json, string file)
    {
        if (json.Length > ScenarioLimits.FileBytes)
            throw new ScenarioException($"{file}: has more than {ScenarioLimits.FileBytes} bytes: this is no scenario");
        Scenario scenario;
        try
        {
            scenario = new ScenarioReader(json, file).Read();
        }
        catch (JsonException problem)
        {
            throw new ScenarioException($"{file}:{problem.LineNumber + 1}: {TextOf(problem)}");
        }
        if (ScenarioRules.FirstProblem(scenario) is { } wrong)
            throw new ScenarioException($"{file}:{JsonPlace.LineOf(json, wrong.Field)}: {wrong.Field}: {wrong.Text}");
        return scenario;
    }

    /// <summary>The text of a scenario, UTF-8; it reads back as the same one.</summary>
    /// <exception cref="ScenarioException">The scenario contradicts itself.</exception>
    public static byte[] Write(Scenario scenario)
    {
        ScenarioRules.Require(scenario);
        return ScenarioWriter.Write(scenario);
    }

    /// <exception cref="ScenarioException">It is larger than it should be.</exception>
    internal static byte[] ReadBounded(Stream stream, string name, int limit) =>
        BoundedRead.TryReadAll(stream, limit) ?? throw new ScenarioException($"{name}: has more than {limit} bytes: this is no scenario");

    /// <summary>Without the numbers the exception puts behind its sentence: the line stands before it already.</summary>
    static string TextOf(JsonException problem)
    {
        var end = problem.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return $"not JSON: {(end < 0 ? problem.Message : problem.Message[..end])}";
    }

    static byte[] BuiltInText()
    {
        const string Name = "builtin.json";
        using var stream = typeof(ScenarioFile).Assembly.GetManifestResourceStream(Name) ?? throw new InvalidOperationException($"no resource {Name}");
        return ReadBounded(stream, Name, ScenarioLimits.FileBytes);
    }
}
