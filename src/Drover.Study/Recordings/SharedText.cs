using System.Text.Json;
using System.Text.Json.Serialization;

namespace Drover.Study.Recordings;

/// <summary>Reads strings so that equal ones are one: in a recording, names come again and again. One thread.</summary>
sealed class SharedText : JsonConverter<string>
{
    const int MaxLength = 256; // in bytes of JSON; longer ones are read as they are

    readonly HashSet<string> _texts = new(StringComparer.Ordinal);

    SharedText()
    {
    }

    /// <summary>The serializers, with strings of their own.</summary>
    public static RecordingJson Context() =>
        new(new JsonSerializerOptions(RecordingJson.Default.Options) { Converters = { new SharedText() } });

    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType is not JsonTokenType.String || reader.ValueSpan.Length > MaxLength)
            return reader.GetString();
        Span<char> text = stackalloc char[MaxLength];
        text = text[..reader.CopyString(text)];
        var texts = _texts.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!texts.TryGetValue(text, out var shared))
            _texts.Add(shared = text.ToString());
        return shared;
    }

    /// <summary>The key of a dictionary: of totals, a few.</summary>
    public override string ReadAsPropertyName(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString()!;

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value);
}
