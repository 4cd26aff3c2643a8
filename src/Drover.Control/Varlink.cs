using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Unicode;

namespace Drover.Control;

public static class VarlinkErrors
{
    public const string InterfaceNotFound = "org.varlink.service.InterfaceNotFound";
    public const string MethodNotFound = "org.varlink.service.MethodNotFound";
    public const string MethodNotImplemented = "org.varlink.service.MethodNotImplemented";
    public const string InvalidParameter = "org.varlink.service.InvalidParameter";
    public const string PermissionDenied = "org.varlink.service.PermissionDenied";
    public const string ExpectedMore = "org.varlink.service.ExpectedMore";
    public const string DamagedIndex = "io.drover.Loader.DamagedIndex";
    public const string ReloadFailed = "io.drover.Loader.ReloadFailed";
}

/// <summary>Varlink's framing, for both ends: received bytes, split into messages that each end with a NUL. An empty
/// buffer holds no memory. Not thread-safe.</summary>
/// <param name="maxBytes">Bytes of buffered messages, their NULs included.</param>
public sealed class MessageBuffer(int maxBytes)
{
    const int InitialBytes = 4 << 10;

    byte[] _bytes = [];
    int _start, _end;
    int _scanned; // no NUL before this index: a message that arrives byte by byte is scanned once

    /// <summary>Bytes that still fit; 0 without a message to take: the message is too large.</summary>
    public int Room => maxBytes - (_end - _start);

    /// <summary>Free space for received bytes, empty only when <see cref="Room"/> is 0; <see cref="Advance"/> adds what
    /// was written to it. Invalidates the message of the last <see cref="TryTake"/>.</summary>
    /// <param name="minBytes">At most <see cref="Room"/>.</param>
    public Span<byte> GetSpan(int minBytes = 1)
    {
        minBytes = Math.Min(minBytes, Room);
        if (_bytes.Length - _end < minBytes)
            MakeRoom(minBytes);
        return _bytes.AsSpan(_end, Math.Min(_bytes.Length - _end, Room));
    }

    /// <summary>Adds the first bytes of <see cref="GetSpan"/> to the buffer.</summary>
    public void Advance(int count)
    {
        Debug.Assert(count >= 0 && count <= _bytes.Length - _end, "the bytes were written to the free space");
        Debug.Assert(count <= Room, "the buffer stays within its limit");
        _end += count;
    }

    /// <summary>Adds received bytes, at most <see cref="Room"/>.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Room)
            throw new ArgumentException("more bytes than fit", nameof(bytes));
        bytes.CopyTo(GetSpan(bytes.Length));
        Advance(bytes.Length);
    }

    /// <summary>The next message without its NUL, until <see cref="GetSpan"/> or <see cref="Append"/>.</summary>
    public bool TryTake(out ReadOnlyMemory<byte> message)
    {
        var length = _bytes.AsSpan(_scanned, _end - _scanned).IndexOf((byte)0);
        if (length < 0)
        {
            _scanned = _end;
            message = default;
            if (_start == _end)
                (_bytes, _start, _end, _scanned) = ([], 0, 0, 0);
            return false;
        }
        message = _bytes.AsMemory(_start, _scanned + length - _start);
        _start = _scanned = _scanned + length + 1;
        return true;
    }

    /// <summary>Moves the buffered bytes to the beginning, of a larger array if they need one.</summary>
    void MakeRoom(int minBytes)
    {
        var buffered = _end - _start;
        var size = Math.Max(_bytes.Length, InitialBytes);
        while (size < buffered + minBytes)
            size *= 2;
        var target = size > _bytes.Length ? new byte[size] : _bytes;
        _bytes.AsSpan(_start, buffered).CopyTo(target);
        (_bytes, _start, _end, _scanned) = (target, 0, buffered, _scanned - _start);
        Debug.Assert(_scanned >= 0 && _scanned <= _end, "the scanned bytes are buffered");
    }
}

/// <summary>Writes Varlink messages: a JSON object and a NUL.</summary>
public static class VarlinkMessage
{
    const int InitialBytes = 512;

    /// <param name="method">With its interface.</param>
    /// <param name="parameters">Writes the members of the parameters; null for none.</param>
    /// <param name="more">The client accepts several replies.</param>
    public static ReadOnlyMemory<byte> Call(
        string method, Action<Utf8JsonWriter>? parameters = null, bool more = false) => Write(json =>
    {
        json.WriteString("method"u8, method);
        if (more)
            json.WriteBoolean("more"u8, true);
        WriteParameters(json, parameters);
    });

    /// <param name="parameters">Writes the members of the parameters; null for none.</param>
    /// <param name="continues">More replies follow.</param>
    internal static ReadOnlyMemory<byte> Reply(
        Action<Utf8JsonWriter>? parameters = null, bool continues = false) => Write(json =>
    {
        WriteParameters(json, parameters);
        if (continues)
            json.WriteBoolean("continues"u8, true);
    });

    /// <summary>An error with at most one parameter.</summary>
    internal static ReadOnlyMemory<byte> Error(
        string error, string? parameter = null, string? value = null) => Write(json =>
    {
        json.WriteString("error"u8, error);
        WriteParameters(json, parameter is null ? null : members => members.WriteString(parameter, value));
    });

    /// <summary>Whether the message is one JSON value and every string of it can be read. The reader throws for an
    /// escaped half of a surrogate pair; after this check no other code has to expect that.</summary>
    internal static bool IsReadable(ReadOnlySpan<byte> message)
    {
        if (!Utf8.IsValid(message))
            return false;
        try
        {
            var reader = new Utf8JsonReader(message);
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                    _ = reader.GetString();
            }
            return true;
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    static void WriteParameters(Utf8JsonWriter json, Action<Utf8JsonWriter>? members)
    {
        json.WriteStartObject("parameters"u8);
        members?.Invoke(json);
        json.WriteEndObject();
    }

    static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> members)
    {
        var text = new ArrayBufferWriter<byte>(InitialBytes);
        // the default encoder: building the table of a relaxed one takes 600,000 instructions, more than the message
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        text.Write("\0"u8); // JSON writes a NUL in a string as \u0000
        return text.WrittenMemory;
    }
}

/// <summary>How a call ended, for its client.</summary>
public enum ControlEnd
{
    /// <summary>With a reply.</summary>
    Replied,

    /// <summary>With an error: <see cref="ControlReply.Error"/>.</summary>
    Refused,

    /// <summary>No reply; the daemon may still carry out the call.</summary>
    Gone,

    /// <summary>With a message that is no reply.</summary>
    Malformed,

    /// <summary>The timeout ended first; the connection cannot be used for another call.</summary>
    TimedOut,
}

/// <summary>A reply as its client receives it, or the reason why there is none.</summary>
/// <param name="Parameters">Of the reply or the error; undefined where there are none.</param>
/// <param name="Error">With its interface; null unless <see cref="ControlEnd.Refused"/>.</param>
/// <param name="Continues">Another reply follows.</param>
public readonly record struct ControlReply(
    ControlEnd End, JsonElement Parameters = default, string? Error = null, bool Continues = false)
{
    /// <summary>Reads a message without its NUL.</summary>
    public static ControlReply Parse(ReadOnlyMemory<byte> message)
    {
        if (!VarlinkMessage.IsReadable(message.Span))
            return new(ControlEnd.Malformed);
        using var document = JsonDocument.Parse(message);
        var root = document.RootElement;
        if (root.ValueKind is not JsonValueKind.Object)
            return new(ControlEnd.Malformed);
        var parameters = root.TryGetProperty("parameters"u8, out var members) ? members.Clone() : default;
        if (root.TryGetProperty("error"u8, out var error) && error.ValueKind is JsonValueKind.String)
            return new(ControlEnd.Refused, parameters, error.GetString());
        var continues = root.TryGetProperty("continues"u8, out var flag) && flag.ValueKind is JsonValueKind.True;
        return new(ControlEnd.Replied, parameters, Continues: continues);
    }
}
