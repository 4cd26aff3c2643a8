using System.Buffers;
using System.Text.Json;

namespace Drover.Devices.Control;

/// <summary>Messages as Varlink has them on the wire: a JSON object and a NUL. Stateless.</summary>
public static class ControlMessage
{
    const int FirstBytes = 512;

    /// <summary>A call.</summary>
    /// <param name="method">With its interface.</param>
    /// <param name="parameters">Writes the members of the parameters; null for none.</param>
    /// <param name="more">Several replies are wanted.</param>
    public static ReadOnlyMemory<byte> Call(string method, Action<Utf8JsonWriter>? parameters = null, bool more = false) => Write(json =>
    {
        json.WriteString("method"u8, method);
        if (more)
            json.WriteBoolean("more"u8, true);
        WriteParameters(json, parameters);
    });

    /// <summary>A reply.</summary>
    /// <param name="parameters">Writes the members of the parameters.</param>
    /// <param name="continues">More replies follow.</param>
    internal static ReadOnlyMemory<byte> Reply(Action<Utf8JsonWriter>? parameters = null, bool continues = false) => Write(json =>
    {
        WriteParameters(json, parameters);
        if (continues)
            json.WriteBoolean("continues"u8, true);
    });

    /// <summary>An error, with at most one parameter.</summary>
    internal static ReadOnlyMemory<byte> Error(string error, string? parameter = null, string? value = null) => Write(json =>
    {
        json.WriteString("error"u8, error);
        WriteParameters(json, parameter is null ? null : members => members.WriteString(parameter, value));
    });

    static void WriteParameters(Utf8JsonWriter json, Action<Utf8JsonWriter>? members)
    {
        json.WriteStartObject("parameters"u8);
        members?.Invoke(json);
        json.WriteEndObject();
    }

    static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> members)
    {
        var text = new ArrayBufferWriter<byte>(FirstBytes);
        // escaped as JSON's writer does it of itself: to make the table of an encoder that leaves more as it is costs a process 600,000 instructions, more than its message
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        text.Write("\0"u8); // a NUL inside of a string is written as \u0000
        return text.WrittenMemory;
    }
}
