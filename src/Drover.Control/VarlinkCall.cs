using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace Drover.Control;

/// <summary>A client's call. It refers to the client's bytes: dispose it before they change.</summary>
sealed class VarlinkCall : IDisposable
{
    readonly JsonDocument _document;

    VarlinkCall(JsonDocument document, string method) => (_document, Method) = (document, method);

    /// <summary>With its interface: <c>io.drover.Loader.Load</c>.</summary>
    public string Method { get; }

    /// <summary>An object, null or undefined.</summary>
    public JsonElement Parameters { get; private init; }

    /// <summary>The client expects no reply.</summary>
    public bool IsOneway { get; private init; }

    /// <summary>The client accepts several replies.</summary>
    public bool WantsMore { get; private init; }

    /// <summary>The client wants to switch the connection to another protocol.</summary>
    public bool WantsUpgrade { get; private init; }

    public void Dispose() => _document.Dispose();

    /// <summary>False for a message that is not a call: not JSON, not UTF-8, no method, or a member of the wrong type.
    /// Members that Varlink does not define are ignored.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> message, [NotNullWhen(true)] out VarlinkCall? call)
    {
        call = null;
        if (!VarlinkMessage.IsReadable(message.Span))
            return false;
        var document = JsonDocument.Parse(message);
        call = TryRead(document);
        if (call is null)
            document.Dispose();
        return call is not null;
    }

    static VarlinkCall? TryRead(JsonDocument document)
    {
        var root = document.RootElement;
        if (root.ValueKind is not JsonValueKind.Object || !root.TryGetProperty("method"u8, out var method))
            return null;
        _ = root.TryGetProperty("parameters"u8, out var parameters);
        if (TryReadFlag(root, "oneway"u8) is not { } oneway || TryReadFlag(root, "more"u8) is not { } more)
            return null;
        if (TryReadFlag(root, "upgrade"u8) is not { } upgrade || method.ValueKind is not JsonValueKind.String)
            return null;
        if (parameters.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null or JsonValueKind.Undefined))
            return null;
        return new(document, method.GetString()!)
        {
            Parameters = parameters,
            IsOneway = oneway,
            WantsMore = more,
            WantsUpgrade = upgrade,
        };
    }

    static bool? TryReadFlag(JsonElement root, ReadOnlySpan<byte> name)
    {
        if (!root.TryGetProperty(name, out var flag) || flag.ValueKind is JsonValueKind.Null or JsonValueKind.False)
            return false;
        return flag.ValueKind is JsonValueKind.True ? true : null;
    }
}

/// <summary>Reads the parameters of a call by name, and remembers the first that is invalid.</summary>
struct ParameterReader
{
    readonly JsonElement _parameters;

    /// <param name="names">All parameters of the method; any other is refused rather than ignored.</param>
    public ParameterReader(VarlinkCall call, params ReadOnlySpan<string> names)
    {
        _parameters = call.Parameters;
        if (_parameters.ValueKind is not JsonValueKind.Object)
            return;
        foreach (var member in _parameters.EnumerateObject())
        {
            if (!names.Contains(member.Name))
                Invalid ??= member.Name;
        }
    }

    /// <summary>The first parameter that is missing, unknown, of the wrong type or out of range; or null.</summary>
    public string? Invalid { get; private set; }

    /// <summary>At most <paramref name="maxBytes"/> bytes of UTF-8 without NUL; null if absent or invalid.</summary>
    public string? Text(string name, int maxBytes = ControlLimits.MaxMessageBytes)
    {
        if (!Has(name, out var value))
            return null;
        if (TextOf(value, maxBytes) is { } text)
            return text;
        Invalid ??= name;
        return null;
    }

    /// <summary>A text that must be present and not empty.</summary>
    public string RequiredText(string name, int maxBytes)
    {
        var text = Text(name, maxBytes);
        if (string.IsNullOrEmpty(text))
            Invalid ??= name;
        return text ?? "";
    }

    /// <summary>A list of 1 to <paramref name="maxCount"/> texts, none of them empty.</summary>
    public IReadOnlyList<string> RequiredTexts(string name, int maxCount, int maxBytes)
    {
        var texts = new List<string>();
        if (Has(name, out var list) && list.ValueKind is JsonValueKind.Array && list.GetArrayLength() <= maxCount)
        {
            foreach (var item in list.EnumerateArray())
                texts.Add(TextOf(item, maxBytes) ?? "");
        }
        if (texts.Count > 0 && !texts.Contains(""))
            return texts;
        Invalid ??= name;
        return [];
    }

    /// <summary>False where it is absent.</summary>
    public bool Flag(string name)
    {
        if (!Has(name, out var value))
            return false;
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            Invalid ??= name;
        return value.ValueKind is JsonValueKind.True;
    }

    /// <summary>Milliseconds, from 0 to <see cref="int.MaxValue"/> (24 days); null if absent or invalid.</summary>
    public TimeSpan? Milliseconds(string name)
    {
        if (!Has(name, out var value))
            return null;
        if (value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out var milliseconds) && milliseconds >= 0)
            return TimeSpan.FromMilliseconds(milliseconds);
        Invalid ??= name;
        return null;
    }

    readonly bool Has(string name, out JsonElement value)
    {
        value = default;
        return _parameters.ValueKind is JsonValueKind.Object &&
            _parameters.TryGetProperty(name, out value) && value.ValueKind is not JsonValueKind.Null;
    }

    static string? TextOf(JsonElement value, int maxBytes) =>
        value.ValueKind is JsonValueKind.String && value.GetString() is { } text &&
        !text.Contains('\0') && Encoding.UTF8.GetByteCount(text) <= maxBytes ? text : null;
}

/// <summary>Sends the replies to one call; none for a oneway call.</summary>
readonly struct VarlinkResponder(ControlSession client, VarlinkCall call)
{
    public ControlPeer Peer => client.Peer;

    public VarlinkCall Call => call;

    public ControlSession Client => client;

    /// <summary>Cancelled when the client disconnects, but not for a oneway call.</summary>
    public CancellationToken Disconnected => call.IsOneway ? CancellationToken.None : client.Disconnected;

    public void Reply(Action<Utf8JsonWriter>? parameters = null) => Send(VarlinkMessage.Reply(parameters));

    public void Error(string error, string? parameter = null, string? value = null) =>
        Send(VarlinkMessage.Error(error, parameter, value));

    /// <summary>True when all parameters are valid; otherwise replies with the error.</summary>
    public bool Accepts(in ParameterReader parameters)
    {
        if (parameters.Invalid is { } invalid)
            Error(VarlinkErrors.InvalidParameter, "parameter", invalid);
        return parameters.Invalid is null;
    }

    /// <summary><see cref="Accepts"/> for a method without parameters.</summary>
    public bool AcceptsNoParameters() => Accepts(new ParameterReader(call));

    void Send(ReadOnlyMemory<byte> message)
    {
        if (!call.IsOneway)
            client.Send(message);
    }
}
