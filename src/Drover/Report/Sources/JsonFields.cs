using System.Text.Json;
using Drover.Model;

namespace Drover.Report;

/// <summary>A document that a report is read from. Immutable.</summary>
/// <param name="file">Its name, for messages.</param>
/// <param name="bytes">All of it, UTF-8.</param>
sealed class JsonSource(string file, ReadOnlyMemory<byte> bytes, JsonElement root)
{
    public string File => file;

    public JsonElement Root => root;

    public JsonFields Fields => new(this, root, new ScenarioField(""));

    /// <summary>The elements of a list, which must be objects.</summary>
    /// <param name="place">Where the list stands.</param>
    public List<JsonFields> ObjectsOf(JsonElement list, ScenarioField place)
    {
        if (list.GetArrayLength() > Recording.MostCalls)
            throw Wrong(place, $"has more than {Recording.MostCalls} elements");
        var objects = new List<JsonFields>(list.GetArrayLength());
        foreach (var item in list.EnumerateArray())
        {
            var at = place with { Index = objects.Count };
            objects.Add(item.ValueKind is JsonValueKind.Object ? new JsonFields(this, item, at) : throw Wrong(at, "must be an object"));
        }
        return objects;
    }

    public RecordingException Wrong(ScenarioField field, string problem) => new($"{file}:{JsonPlace.LineOf(bytes.Span, field)}: {field}: {problem}");
}

/// <summary>An object of a document, read member by member: what is missing or of another type is told with file, line and field. Immutable.</summary>
/// <param name="place">Where it stands.</param>
sealed class JsonFields(JsonSource source, JsonElement json, ScenarioField place)
{
    /// <summary>Times in a recording are below this: thirty years, and sums of them stay far from the bounds of a long.</summary>
    const long MostNs = 1_000_000_000_000_000_000;

    public string Text(string name) => OptionalText(name) ?? throw Wrong(name, "must be a text");

    /// <summary>Null where there is none.</summary>
    public string? OptionalText(string name) => Member(name) is not { } value ? null : TextOf(value) ?? throw Wrong(name, "must be a text or null");

    /// <summary>A count, a size: not below 0.</summary>
    public long Whole(string name) => OptionalWhole(name) ?? throw Wrong(name, "must be a whole number");

    public long? OptionalWhole(string name) => Member(name) is not { } value ? null : WholeOf(value) ?? throw Wrong(name, "must be a whole number of at least 0");

    /// <summary>A number of seconds, in ns.</summary>
    public long Seconds(string name) => Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var seconds) && seconds >= 0 && seconds < MostNs / 1e9
        ? (long)Math.Round(seconds * 1e9)
        : throw Wrong(name, "must be a number of seconds");

    /// <summary>A number of microseconds, in ns; null where there is none.</summary>
    public long? OptionalMicroseconds(string name) => OptionalWhole(name) is not { } microseconds ? null : microseconds < MostNs / 1000 ? microseconds * 1000 : throw Wrong(name, "must be a time in microseconds");

    public IReadOnlyList<string> Texts(string name)
    {
        var texts = new List<string>();
        if (Member(name) is not { } list)
            return texts;
        if (list.ValueKind is not JsonValueKind.Array)
            throw Wrong(name, "must be a list of texts");
        foreach (var item in list.EnumerateArray())
            texts.Add(TextOf(item) ?? throw Wrong(name, "must be a list of texts"));
        return texts;
    }

    /// <summary>Its members are whole numbers.</summary>
    public Dictionary<string, long> Counts(string name)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        if (Member(name) is not { } table)
            return counts;
        if (table.ValueKind is not JsonValueKind.Object)
            throw Wrong(name, "must be an object of whole numbers");
        foreach (var member in table.EnumerateObject())
            counts[NameOf(member)] = WholeOf(member.Value) ?? throw Wrong(name, $"'{NameOf(member)}' must be a whole number");
        return counts;
    }

    /// <summary>An object in it.</summary>
    public JsonFields? Object(string name) => Member(name) is not { } value ? null
        : value.ValueKind is JsonValueKind.Object ? new JsonFields(source, value, place with { Name = name })
        : throw Wrong(name, "must be an object or null");

    /// <summary>The objects of a list of the document.</summary>
    public List<JsonFields> Objects(string name)
    {
        if (json.ValueKind is not JsonValueKind.Object || !json.TryGetProperty(name, out var list) || list.ValueKind is not JsonValueKind.Array)
            throw Wrong(name, "must be a list");
        return source.ObjectsOf(list, new ScenarioField(name));
    }

    /// <summary>The line and field of something that is wrong.</summary>
    public RecordingException Wrong(string name, string problem) => place switch
    {
        { Section: "", Index: null } => source.Wrong(new ScenarioField(name), problem),
        { Name: not null } => source.Wrong(place, $"{name}: {problem}"),
        _ => source.Wrong(place with { Name = name }, problem),
    };

    JsonElement? Member(string name) => json.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null ? value : null;

    static long? WholeOf(JsonElement value) => value.ValueKind is JsonValueKind.Number && value.TryGetInt64(out var number) && number is >= 0 and < MostNs ? number : null;

    /// <summary>Half a surrogate is no text.</summary>
    static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind is JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            throw source.Wrong(place, "has a name that is not valid UTF-8");
        }
    }
}
