using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Drover.Output;

/// <summary>Reports as JSON documents.</summary>
static class Json
{
    /// <summary>One document and a newline. Names are written as they are: nobody pastes a report into HTML unescaped.</summary>
    public static void Write<T>(T report, JsonTypeInfo<T> type, TextWriter writer)
    {
        var options = new JsonSerializerOptions(type.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        writer.WriteLine(JsonSerializer.Serialize(report, options.GetTypeInfo(typeof(T))));
    }
}
