using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;

namespace Drover.Devices.Control;

/// <summary>A call as a client wrote it; reads from the client's bytes, and is disposed before they change. One owner.</summary>
internal sealed class ControlCall : IDisposable
{
    readonly JsonDocument _document;

    ControlCall(JsonDocument document, string method) => (_document, Method) = (document, method);

    /// <summary>With its interface: <c>io.drover.Loader.Load</c>.</summary>
    public string Method { get; }

    /// <summary>An object, or nothing.</summary>
    public JsonElement Parameters { get; private init; }

    /// <summary>No reply is wanted.</summary>
    public bool IsOneway { get; private init; }

    /// <summary>Several replies are wanted.</summary>
    public bool WantsMore { get; private init; }

    /// <summary>The connection is to become something else afterwards.</summary>
    public bool WantsUpgrade { get; private init; }

    public void Dispose() => _document.Dispose();

    /// <summary>False for what is no call: not JSON, not UTF-8, no method, or a member of the wrong type. Members that Varlink does not know are passed over.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> message, [NotNullWhen(true)] out ControlCall? call)
    {
        call = null;
        if (!IsReadable(message.Span))
            return false;
        var document = JsonDocument.Parse(message);
        call = Of(document);
        if (call is null)
            document.Dispose();
        return call is not null;
    }

    static ControlCall? Of(JsonDocument document)
    {
        var root = document.RootElement;
        if (root.ValueKind is not JsonValueKind.Object || !root.TryGetProperty("method"u8, out var method) || method.ValueKind is not JsonValueKind.String)
            return null;
        if (root.TryGetProperty("parameters"u8, out var parameters) && parameters.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null))
            return null;
        if (!TryFlag(root, "oneway"u8, out var oneway) || !TryFlag(root, "more"u8, out var more) || !TryFlag(root, "upgrade"u8, out var upgrade))
            return null;
        return new ControlCall(document, method.GetString()!) { Parameters = parameters, IsOneway = oneway, WantsMore = more, WantsUpgrade = upgrade };
    }

    static bool TryFlag(JsonElement root, ReadOnlySpan<byte> name, out bool value)
    {
        value = false;
        if (!root.TryGetProperty(name, out var flag))
            return true;
        value = flag.ValueKind is JsonValueKind.True;
        return flag.ValueKind is JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null;
    }

    /// <summary>One JSON value, of which every string can be read: no call below has to fear an escaped half of a surrogate pair, for which the reader throws.</summary>
    static bool IsReadable(ReadOnlySpan<byte> message)
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
}
