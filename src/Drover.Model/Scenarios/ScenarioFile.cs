using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Drover.Modules;
using Drover.Text;

namespace Drover.Model.Scenarios;

/// <summary>A scenario that cannot be used: not JSON, not this format, or contradictory. The message names file, line
/// and member as far as they are known, and is fit for display.</summary>
public sealed class ScenarioException(string problem) : Exception(problem);

/// <summary>Reads and writes scenarios as JSON files (docs/scenario.md).</summary>
public static class ScenarioFile
{
    internal const string Format = "drover-scenario";
    internal const int Version = 1;

    static readonly JsonSerializerOptions s_options = new(ScenarioJson.Default.Options)
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = ScenarioJson.Default.WithAddedModifier(OmitDefaults),
    };

    /// <exception cref="ScenarioException">Not a scenario, contradictory, or larger than 16 MiB.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Permission denied, or the path is a directory.</exception>
    public static Scenario Load(string path)
    {
        using var file = SystemFiles.Current.OpenRead(path);
        return Read(file, path);
    }

    /// <inheritdoc cref="Load"/>
    public static Scenario Read(Stream stream, string file) =>
        Read(ReadBounded(stream, file, ScenarioLimits.MaxFileBytes), file);

    /// <param name="json">UTF-8.</param>
    /// <param name="file">The file's name, for messages.</param>
    /// <exception cref="ScenarioException">Not a scenario, or contradictory; the message names file, line and member.
    /// No other exception is thrown.</exception>
    public static Scenario Read(ReadOnlySpan<byte> json, string file)
    {
        if (json.Length > ScenarioLimits.MaxFileBytes)
            throw TooLarge(file, ScenarioLimits.MaxFileBytes);
        // first, as files of other kinds and versions have other members
        var header = Parse(json, file, InfoOf<ScenarioHeader>(), "expected what 'drover scenario' wrote");
        if (header.Format != Format)
            throw Fail(json, file, "format", $"is '{header.Format}', not '{Format}': another kind of file");
        if (header.Version != Version)
            throw Fail(json, file, "version", $"is {header.Version}, and this drover reads version {Version} only");
        var scenario = Parse(json, file, InfoOf<Scenario>());
        if (ScenarioRules.FirstProblem(scenario) is { } problem)
            throw Fail(json, file, problem.Member, problem.Text);
        return scenario;
    }

    /// <summary>The text of a scenario in UTF-8; members that are empty, zero or false are left out.</summary>
    /// <exception cref="ScenarioException">The scenario contradicts itself.</exception>
    public static byte[] Write(Scenario scenario)
    {
        ScenarioRules.Require(scenario);
        var sorted = new SortedDictionary<string, double>(scenario.Costs.ToDictionary(), StringComparer.Ordinal);
        var json = JsonSerializer.SerializeToUtf8Bytes(scenario with { Costs = sorted }, InfoOf<Scenario>());
        return [.. json, (byte)'\n'];
    }

    /// <exception cref="ScenarioException">The stream is longer than the limit.</exception>
    internal static byte[] ReadBounded(Stream stream, string name, int maxBytes) =>
        BoundedRead.TryReadAll(stream, maxBytes) ?? throw TooLarge(name, maxBytes);

    static ScenarioException TooLarge(string name, int maxBytes) =>
        new($"{name}: has more than {maxBytes} bytes: not a scenario");

    static ScenarioException Fail(ReadOnlySpan<byte> json, string file, string member, string problem) =>
        new($"{file}:{JsonMember.LineOf(json, member)}: {member}: {problem}");

    static JsonTypeInfo<T> InfoOf<T>() => (JsonTypeInfo<T>)s_options.GetTypeInfo(typeof(T));

    /// <param name="expected">What the file should be, for the message of one of another kind.</param>
    /// <exception cref="ScenarioException">Not a document of this type; the message names file,
    /// line and member.</exception>
    internal static T Parse<T>(ReadOnlySpan<byte> json, string file, JsonTypeInfo<T> info, string? expected = null)
    {
        var rest = expected is null ? "" : $": {expected}";
        if (json.Trim(" \t\r\n"u8).IsEmpty)
            throw new ScenarioException($"{file}: is empty{rest}");
        try
        {
            return JsonSerializer.Deserialize(json, info)
                ?? throw new ScenarioException($"{file}:1: must be an object, {{…}}{rest}");
        }
        catch (JsonException problem)
        {
            throw new ScenarioException($"{file}:{problem.LineNumber + 1}: {JsonMember.Explain(problem, info)}{rest}");
        }
    }

    /// <summary>Leaves out optional members that are empty, zero or false.</summary>
    static void OmitDefaults(JsonTypeInfo type)
    {
        foreach (var member in type.Properties.Where(member => !member.IsRequired))
        {
            member.ShouldSerialize = (_, value) =>
                value is not (null or "" or 0L or false or ModuleCompression.None or ICollection { Count: 0 });
        }
    }
}

/// <summary>The members that every version of the format has.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
sealed record ScenarioHeader(string Format, int Version);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict, GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Scenario))]
[JsonSerializable(typeof(ScenarioHeader))]
sealed partial class ScenarioJson : JsonSerializerContext;

/// <summary>none, gzip, xz, zstd: exactly these, where an enum converter would accept lists and other cases.</summary>
sealed class CompressionConverter : JsonConverter<ModuleCompression>
{
    public static readonly string[] Names = ["none", "gzip", "xz", "zstd"];

    public override ModuleCompression Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
        Array.IndexOf(Names, reader.GetString()) is >= 0 and var index
            ? (ModuleCompression)index
            : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, ModuleCompression value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Names[(int)value]);
}

/// <summary>Members of a JSON document by paths such as <c>modules[3].dependencies[1]</c>, for messages.</summary>
static class JsonMember
{
    /// <param name="root">The type of the document.</param>
    public static string Explain(JsonException problem, JsonTypeInfo root)
    {
        // an inner JsonException is the reader's: the text is not JSON
        if (problem.InnerException is JsonException || problem.Path is null)
            return "not JSON";
        var member = problem.Path.TrimStart('$', '.');
        var type = TypeOf(member, root, out var unknown);
        if (unknown is not null)
        {
            var hint = ScenarioRules.Hint(unknown, type.Properties.Select(known => known.Name));
            return $"{member}: there is no such member{hint}";
        }
        if (problem.Message.Contains("missing required properties", StringComparison.Ordinal))
            return $"{member}{(member.Length > 0 ? "." : "")}{problem.Message.Split('\'')[3]}: is missing";
        var isDuplicate = problem.Message.StartsWith("Duplicate", StringComparison.Ordinal);
        var text = isDuplicate ? "occurs twice" : $"must be {NameOf(type)}";
        return member.Length > 0 ? $"{member}: {text}" : text;
    }

    /// <summary>The line, from 1, of a member's value, or of the nearest value around it.</summary>
    /// <param name="json">A valid document.</param>
    public static int LineOf(ReadOnlySpan<byte> json, string member)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        var start = reader.TokenStartIndex;
        foreach (var step in Steps(member))
        {
            var isFound = reader.TokenType is JsonTokenType.StartArray
                ? GoToItem(ref reader, step)
                : GoToMember(ref reader, step);
            if (!isFound)
                break;
            start = reader.TokenStartIndex;
        }
        return 1 + json[..(int)start].Count((byte)'\n');
    }

    static string[] Steps(string member) => member.Split(['.', '[', ']'], StringSplitOptions.RemoveEmptyEntries);

    static bool GoToMember(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType is not JsonTokenType.StartObject)
            return false;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var isFound = reader.ValueTextEquals(name);
            reader.Read();
            if (isFound)
                return true;
            reader.Skip();
        }
        return false;
    }

    static bool GoToItem(ref Utf8JsonReader reader, string index)
    {
        if (!int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var left))
            return false;
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
        {
            if (left-- == 0)
                return true;
            reader.Skip();
        }
        return false;
    }

    /// <summary>The type of a member.</summary>
    /// <param name="unknown">The name if the type has no such member; the result is then the enclosing type.</param>
    static JsonTypeInfo TypeOf(string member, JsonTypeInfo root, out string? unknown)
    {
        unknown = null;
        var type = root;
        foreach (var step in Steps(member))
        {
            var next = type.Kind switch
            {
                JsonTypeInfoKind.Object => type.Properties.FirstOrDefault(known => known.Name == step)?.PropertyType,
                JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary => type.ElementType,
                _ => null,
            };
            if (next is null)
            {
                unknown = step;
                return type;
            }
            type = root.Options.GetTypeInfo(next);
        }
        return type;
    }

    static string NameOf(JsonTypeInfo type) => type.Type switch
    {
        _ when type.Kind is JsonTypeInfoKind.Enumerable => "a list, […]",
        _ when type.Kind is JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary => "an object, {…}",
        var value when value == typeof(string) => "a text, \"…\", without halves of surrogate pairs",
        var value when value == typeof(double) => "a number",
        var value when value == typeof(bool) => "true or false",
        var value when value == typeof(ModuleCompression) => $"one of {string.Join(", ", CompressionConverter.Names)}",
        var value when value == typeof(int) => $"a whole number of at most {int.MaxValue}",
        _ => "a whole number",
    };
}
