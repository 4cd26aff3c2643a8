using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Drover.Study.Recordings;

/// <summary>The version of a recording's form. It is incremented when a member changes its meaning, not for new
/// members.</summary>
sealed class VersionConverter : JsonConverter<int>
{
    public const int Supported = 1;

    public override int Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType is JsonTokenType.Number && reader.TryGetInt32(out var version) && version == Supported)
            return version;
        var found = Encoding.UTF8.GetString(reader.ValueSpan);
        throw new JsonException($"its version is {found}, and this program reads version {Supported}");
    }

    public override void Write(Utf8JsonWriter writer, int value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(value);
}
