using System.Text.Json;
using Drover.Loading;

namespace Drover.Devices.Control;

/// <summary>How one module ended, as every report and reply writes it. Stateless.</summary>
public static class OutcomeJson
{
    /// <summary>Its members; <c>errno</c> and <c>why</c> are null for a plain success.</summary>
    public static void Write(Utf8JsonWriter json, ModuleOutcome outcome)
    {
        json.WriteString("module"u8, outcome.Module);
        json.WriteString("outcome"u8, NameOf(outcome.Kind));
        json.WriteString("errno"u8, outcome.Error is Errno.None ? null : ErrnoText.Name(outcome.Error));
        json.WriteString("why"u8, outcome.Why);
        json.WriteBoolean("parametersDiffer"u8, outcome.ParametersDiffer);
    }

    /// <summary>What <see cref="Write"/> wrote; null for anything else.</summary>
    public static ModuleOutcome? TryRead(JsonElement json)
    {
        if (json.ValueKind is not JsonValueKind.Object || Text(json, "module"u8) is not { } module || Text(json, "outcome"u8) is not { } name || KindOf(name) is not { } kind)
            return null;
        var error = Text(json, "errno"u8) is { } symbol ? ErrnoOf(symbol) : Errno.None;
        var differ = json.TryGetProperty("parametersDiffer"u8, out var flag) && flag.ValueKind is JsonValueKind.True;
        return error is { } errno ? new ModuleOutcome(module, kind, errno, Text(json, "why"u8), differ) : null;
    }

    /// <summary>As reports and metrics name it.</summary>
    public static string NameOf(OutcomeKind kind) => kind switch
    {
        OutcomeKind.Loaded => "loaded",
        OutcomeKind.Joined => "joined",
        OutcomeKind.AlreadyLive => "alreadyLive",
        OutcomeKind.BuiltIn => "builtIn",
        OutcomeKind.Blacklisted => "blacklisted",
        OutcomeKind.NotFound => "notFound",
        OutcomeKind.Failed => "failed",
        OutcomeKind.Left => "left",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>The key of an errno where calls are counted: <c>0</c> for success.</summary>
    public static string KeyOf(Errno error) => error is Errno.None ? "0" : ErrnoText.Name(error);

    static OutcomeKind? KindOf(string name)
    {
        foreach (var kind in Enum.GetValues<OutcomeKind>())
        {
            if (NameOf(kind) == name)
                return kind;
        }
        return null;
    }

    /// <summary>What <see cref="KeyOf"/> gave: <c>0</c>, a symbol, or the number of one that has none (<see cref="ErrnoText.Name"/>); null for any other text.</summary>
    public static Errno? ErrnoOf(string name)
    {
        const string Unnamed = "errno ";
        if (name == "0")
            return Errno.None;
        if (ErrnoText.TryParse(name, out var error))
            return error;
        return name.StartsWith(Unnamed, StringComparison.Ordinal) && int.TryParse(name.AsSpan(Unnamed.Length), out var number) && number > 0 ? (Errno)number : null;
    }

    static string? Text(JsonElement json, ReadOnlySpan<byte> name) =>
        json.TryGetProperty(name, out var text) && text.ValueKind is JsonValueKind.String ? text.GetString() : null;
}
