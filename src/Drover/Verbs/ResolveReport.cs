using System.Text.Json.Serialization;
using Drover.Modules;
using Drover.Output;

namespace Drover.Verbs;

/// <summary>What <c>drover resolve --json</c> prints.</summary>
sealed record ResolveReport(string Directory, IReadOnlyList<ResolvedName> Resolved)
{
    public static void Write(IEnumerable<(string Asked, Resolution Resolution)> resolved, string directory, TextWriter writer)
    {
        var names = resolved.Select(name => new ResolvedName(name.Asked, SourceOf(name.Resolution.Step), name.Resolution.Modules));
        Json.Write(new ResolveReport(directory, [.. names]), ResolveJson.Default.ResolveReport, writer);
    }

    /// <summary>The file a look-up's step reads, as a person knows it; null where no step had an answer.</summary>
    public static string? SourceOf(LookupStep step) => step switch
    {
        LookupStep.ConfigAlias => "an alias in modprobe.d",
        LookupStep.Commands => "a command in modprobe.d",
        LookupStep.Dependencies => "modules.dep",
        LookupStep.Symbols => "modules.symbols",
        LookupStep.Aliases => "modules.alias",
        LookupStep.BuiltIn => "modules.builtin",
        LookupStep.BuiltInAliases => "modules.builtin.alias",
        _ => null,
    };
}

/// <param name="Asked">As it was asked.</param>
/// <param name="Source">Where the answer stands, or null where there is none.</param>
/// <param name="Modules">Names in kmod's order, duplicates kept.</param>
sealed record ResolvedName(string Asked, string? Source, IReadOnlyList<string> Modules);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ResolveReport))]
sealed partial class ResolveJson : JsonSerializerContext;
