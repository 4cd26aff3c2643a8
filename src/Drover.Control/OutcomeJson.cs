using System.Text.Json;
using Drover.Kernel;
using Drover.Loading;

namespace Drover.Control;

/// <summary>The outcome of one module as JSON, in both directions; the same in every reply and report.</summary>
public static class OutcomeJson
{
    /// <summary>By <see cref="OutcomeKind"/>.</summary>
    static readonly string[] s_kinds =
        ["loaded", "joined", "alreadyLive", "builtIn", "blacklisted", "notFound", "failed", "left"];

    /// <summary>Writes the members; <c>errno</c> and <c>why</c> are null for a success.</summary>
    public static void Write(Utf8JsonWriter json, ModuleOutcome outcome)
    {
        json.WriteString("module"u8, outcome.Module);
        json.WriteString("outcome"u8, NameOf(outcome.Kind));
        json.WriteString("errno"u8, outcome.Error is Errno.None ? null : ErrnoText.Name(outcome.Error));
        json.WriteString("why"u8, outcome.Why);
        json.WriteBoolean("parametersDiffer"u8, outcome.ParametersDiffer);
    }

    /// <summary>Reads what <see cref="Write"/> writes; null for anything else.</summary>
    public static ModuleOutcome? TryRead(JsonElement json)
    {
        var kind = Array.IndexOf(s_kinds, Text(json, "outcome"u8));
        var error = Text(json, "errno"u8) is { } symbol ? ErrnoOf(symbol) : Errno.None;
        if (kind < 0 || Text(json, "module"u8) is not { } module || error is not { } errno)
            return null;
        var differ = json.TryGetProperty("parametersDiffer"u8, out var flag) && flag.ValueKind is JsonValueKind.True;
        return new(module, (OutcomeKind)kind, errno, Text(json, "why"u8), differ);
    }

    /// <summary>The name in reports and metrics.</summary>
    public static string NameOf(OutcomeKind kind) => s_kinds[(int)kind];

    /// <summary>The key of an errno in counts of calls: <c>0</c> for success.</summary>
    public static string KeyOf(Errno error) => error is Errno.None ? "0" : ErrnoText.Name(error);

    /// <summary>Reads what <see cref="KeyOf"/> returns: <c>0</c>, a symbol, or the number of an errno without one
    /// (<see cref="ErrnoText.Name"/>). Null for any other text.</summary>
    public static Errno? ErrnoOf(string name)
    {
        const string Unnamed = "errno ";
        if (name == "0")
            return Errno.None;
        if (ErrnoText.TryParse(name, out var error))
            return error;
        return name.StartsWith(Unnamed, StringComparison.Ordinal) &&
            int.TryParse(name.AsSpan(Unnamed.Length), out var number) && number > 0 ? (Errno)number : null;
    }

    static string? Text(JsonElement json, ReadOnlySpan<byte> name) =>
        json.ValueKind is JsonValueKind.Object && json.TryGetProperty(name, out var text) &&
        text.ValueKind is JsonValueKind.String ? text.GetString() : null;
}
