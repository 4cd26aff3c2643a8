using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Drover.Text;

/// <summary>Writes JSON without a serializer, which would cost more than a coldplug (docs/startup.md).</summary>
public static class Json
{
    const int InitialBytes = 16 << 10;

    /// <summary>Only what JSON requires is escaped: reports are not embedded in HTML.</summary>
    static readonly JsonWriterOptions s_options =
        new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes an object, whose members <paramref name="members"/> writes, and a newline.</summary>
    public static void Write(TextWriter writer, Action<Utf8JsonWriter> members) => WriteDocument(writer, json =>
    {
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
    });

    /// <summary>Writes an array of objects, and a newline.</summary>
    public static void WriteArray<T>(TextWriter writer, IEnumerable<T> items, Action<Utf8JsonWriter, T> members) =>
        WriteDocument(writer, json =>
        {
            json.WriteStartArray();
            json.WriteItems(items, item => members(json, item));
            json.WriteEndArray();
        });

    static void WriteDocument(TextWriter writer, Action<Utf8JsonWriter> document)
    {
        var text = new ArrayBufferWriter<byte>(InitialBytes);
        using (var json = new Utf8JsonWriter(text, s_options))
            document(json);
        if (writer is ByteWriter bytes)
            bytes.Write(text.WrittenSpan);
        else
            writer.Write(Encoding.UTF8.GetString(text.WrittenSpan));
        writer.WriteLine();
    }

    extension(Utf8JsonWriter json)
    {
        public void WriteObject(string name, Action members)
        {
            json.WriteStartObject(name);
            members();
            json.WriteEndObject();
        }

        public void WriteObjects<T>(string name, IEnumerable<T> items, Action<T> members)
        {
            json.WriteStartArray(name);
            json.WriteItems(items, members);
            json.WriteEndArray();
        }

        public void WriteStrings(string name, IEnumerable<string> values)
        {
            json.WriteStartArray(name);
            foreach (var value in values)
                json.WriteStringValue(value);
            json.WriteEndArray();
        }

        void WriteItems<T>(IEnumerable<T> items, Action<T> members)
        {
            foreach (var item in items)
            {
                json.WriteStartObject();
                members(item);
                json.WriteEndObject();
            }
        }
    }
}
