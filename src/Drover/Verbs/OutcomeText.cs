using Drover.Loading;

namespace Drover.Verbs;

/// <summary>Outcomes in words. Stateless.</summary>
static class OutcomeText
{
    /// <summary>One line for a person, beginning with the module's name.</summary>
    public static string LineOf(ModuleOutcome outcome)
    {
        var line = outcome.Kind switch
        {
            OutcomeKind.Loaded => $"{outcome.Module}: loaded",
            OutcomeKind.Joined when outcome.Error is Errno.None => $"{outcome.Module}: loaded by another request",
            OutcomeKind.AlreadyLive => $"{outcome.Module}: was live already",
            OutcomeKind.BuiltIn => $"{outcome.Module}: built into the kernel",
            OutcomeKind.Left => $"{outcome.Module}: {outcome.Why ?? "interrupted before there was an answer"}",
            // these tell the name themselves
            OutcomeKind.Blacklisted or OutcomeKind.NotFound => outcome.Why!,
            _ => $"{outcome.Module}: {ReasonOf(outcome)}",
        };
        return outcome.ParametersDiffer ? $"{line}; with other parameters than these: remove it first if they matter" : line;
    }

    /// <summary>Why it failed.</summary>
    public static string ReasonOf(ModuleOutcome outcome) => outcome.Why ?? ErrnoText.Describe(outcome.Error);
}
