using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Drover.Output;

/// <summary>
/// Reports as JSON documents, written key by key: the serializer has to begin by looking at types, which costs more than all else a coldplug does
/// (docs/startup.md).
/// </summary>
static class Json
{
    const int FirstBytes = 16 << 10;

    /// <summary>Names are written as they are: nobody pastes a report into HTML unescaped.</summary>
    static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One document, whose members <paramref name="report"/> writes, and a newline.</summary>
    public static void Write(TextWriter writer, Action<Utf8JsonWriter> report) => WriteDocument(writer, json =>
    {
        json.WriteStartObject();
        report(json);
        json.WriteEndObject();
    });

    /// <summary>One document that is an array of objects, and a newline.</summary>
    public static void WriteArray<T>(TextWriter writer, IEnumerable<T> items, Action<Utf8JsonWriter, T> members) => WriteDocument(writer, json =>
    {
        json.WriteStartArray();
        foreach (var item in items)
        {
            json.WriteStartObject();
            members(json, item);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    static void WriteDocument(TextWriter writer, Action<Utf8JsonWriter> document)
    {
        var text = new ArrayBufferWriter<byte>(FirstBytes);
        using (var json = new Utf8JsonWriter(text, Options))
            document(json);
        writer.WriteLine(Encoding.UTF8.GetString(text.WrittenSpan));
    }

    extension(Utf8JsonWriter json)
    {
        /// <summary>A member that is an object.</summary>
        public void WriteObject(string name, Action members)
        {
            json.WriteStartObject(name);
            members();
            json.WriteEndObject();
        }

        /// <summary>A member that is an array of objects.</summary>
        public void WriteObjects<T>(string name, IEnumerable<T> items, Action<T> members)
        {
            json.WriteStartArray(name);
            foreach (var item in items)
            {
                json.WriteStartObject();
                members(item);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }

        /// <summary>A member that is an array of strings.</summary>
        public void WriteStrings(string name, IEnumerable<string> values)
        {
            json.WriteStartArray(name);
            foreach (var value in values)
                json.WriteStringValue(value);
            json.WriteEndArray();
        }
    }
}
