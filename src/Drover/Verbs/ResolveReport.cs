using Drover.Modules;
using Drover.Output;

namespace Drover.Verbs;

/// <summary>What <c>drover resolve --json</c> prints.</summary>
static class ResolveReport
{
    public static void Write(IEnumerable<(string Asked, Resolution Resolution)> resolved, string directory, TextWriter writer) => Json.Write(writer, json =>
    {
        json.WriteString("directory", directory);
        json.WriteObjects("resolved", resolved, name =>
        {
            json.WriteString("asked", name.Asked);
            json.WriteString("source", SourceOf(name.Resolution.Step));
            json.WriteStrings("modules", name.Resolution.Modules);
        });
    });

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
