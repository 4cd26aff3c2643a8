using System.Text;
using System.Text.Json;

namespace Drover.Devices.Control;

/// <summary>The parameters of a call, read by name; the first that is wrong is remembered, and asked for at the end. One owner.</summary>
internal struct ParameterReader
{
    readonly JsonElement _parameters;

    /// <param name="call">A client's.</param>
    /// <param name="names">All that the method has: another one is wrong, since leaving out in silence what a client asks for would be worse.</param>
    public ParameterReader(ControlCall call, params ReadOnlySpan<string> names)
    {
        _parameters = call.Parameters;
        if (_parameters.ValueKind is not JsonValueKind.Object)
            return;
        foreach (var member in _parameters.EnumerateObject())
        {
            if (!names.Contains(member.Name))
                Wrong ??= member.Name;
        }
    }

    /// <summary>The first that is missing, not known, of a wrong type or out of its range; or null.</summary>
    public string? Wrong { get; private set; }

    /// <summary>A text without a NUL of at most <paramref name="mostBytes"/> of UTF-8; null where there is none.</summary>
    public string? Text(string name, int mostBytes = ControlLimits.MaxMessageBytes)
    {
        if (!Has(name, out var value))
            return null;
        if (TextOf(value, mostBytes) is { } text)
            return text;
        Wrong ??= name;
        return null;
    }

    /// <summary>One that must be there, and not be empty.</summary>
    public string RequiredText(string name, int mostBytes)
    {
        var text = Text(name, mostBytes);
        if (string.IsNullOrEmpty(text))
            Wrong ??= name;
        return text ?? "";
    }

    /// <summary>At least one of them, none empty.</summary>
    public IReadOnlyList<string> RequiredTexts(string name, int most, int mostBytes)
    {
        if (!Has(name, out var list) || list.ValueKind is not JsonValueKind.Array || list.GetArrayLength() == 0 || list.GetArrayLength() > most)
        {
            Wrong ??= name;
            return [];
        }
        var texts = new List<string>(list.GetArrayLength());
        foreach (var item in list.EnumerateArray())
        {
            if (TextOf(item, mostBytes) is not { Length: > 0 } text)
            {
                Wrong ??= name;
                return [];
            }
            texts.Add(text);
        }
        return texts;
    }

    /// <summary>False where there is none.</summary>
    public bool Flag(string name)
    {
        if (!Has(name, out var value))
            return false;
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            Wrong ??= name;
        return value.ValueKind is JsonValueKind.True;
    }

    /// <summary>From nothing to the 24 days that a number of 32 bits has; null where there is none.</summary>
    public TimeSpan? Milliseconds(string name)
    {
        if (!Has(name, out var value))
            return null;
        if (value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out var milliseconds) && milliseconds >= 0)
            return TimeSpan.FromMilliseconds(milliseconds);
        Wrong ??= name;
        return null;
    }

    readonly bool Has(string name, out JsonElement value)
    {
        value = default;
        return _parameters.ValueKind is JsonValueKind.Object && _parameters.TryGetProperty(name, out value) && value.ValueKind is not JsonValueKind.Null;
    }

    static string? TextOf(JsonElement value, int mostBytes) =>
        value.ValueKind is JsonValueKind.String && value.GetString() is { } text && !text.Contains('\0') && Encoding.UTF8.GetByteCount(text) <= mostBytes ? text : null;
}
