using Drover.Loading;

namespace Drover.Devices;

/// <summary>A modalias, who has it, and what came of it.</summary>
/// <param name="Modalias">As the kernel says it.</param>
/// <param name="Devices">How many devices have it.</param>
/// <param name="FirstDevice">The path of the first of them.</param>
/// <param name="Modules">The outcome of each module it stands for; empty where no index knows it.</param>
/// <param name="Attempts">Times this modalias's own request was what made a module be tried.</param>
public sealed record AliasReport(string Modalias, int Devices, string FirstDevice, IReadOnlyList<ModuleOutcome> Modules, int Attempts);

/// <summary>What a coldplug did.</summary>
public sealed record ColdplugReport
{
    /// <summary>Devices seen, each once.</summary>
    public required int Devices { get; init; }

    /// <summary>MODALIAS lines of all devices.</summary>
    public required int Modaliases { get; init; }

    /// <summary>Every distinct modalias, in the order in which it was first seen.</summary>
    public required IReadOnlyList<AliasReport> Aliases { get; init; }

    /// <summary>Times we looked at all devices: once, and again after events were lost or where none can be heard.</summary>
    public required int Looks { get; init; }

    /// <summary>Times the kernel dropped events because we were too slow.</summary>
    public required int TimesLost { get; init; }

    /// <summary>From the beginning until nothing new came.</summary>
    public required TimeSpan Took { get; init; }

    /// <summary>The loader's figures.</summary>
    public required LoaderCounts Counts { get; init; }

    /// <summary>Modules that the modaliases stand for: what a loader that shares nothing would ask for, once for each device.</summary>
    public int Asked => Aliases.Sum(alias => alias.Devices * alias.Modules.Count);

    /// <summary>Asked for, and no call of their own: another device's request, or one before, answered.</summary>
    public int Converged => Asked - Aliases.Sum(alias => alias.Attempts);

    /// <summary>Distinct modules the modaliases stand for.</summary>
    public int Modules => Aliases.SelectMany(alias => alias.Modules).DistinctBy(module => module.Module).Count();

    /// <summary>Each module that could not be loaded, once, with the first modalias that asked for it: of those whose own request was what tried, if any was, since who joined knows less.</summary>
    public IReadOnlyList<(ModuleOutcome Outcome, AliasReport Alias)> Failures()
    {
        List<(ModuleOutcome Outcome, AliasReport Alias)> failures = [];
        foreach (var alias in Aliases)
        {
            foreach (var outcome in alias.Modules)
            {
                if (outcome.Error is Errno.None)
                    continue;
                var known = failures.FindIndex(failure => failure.Outcome.Module == outcome.Module);
                if (known < 0)
                    failures.Add((outcome, alias));
                else if (outcome.Kind is OutcomeKind.Failed && failures[known].Outcome.Kind is not OutcomeKind.Failed)
                    failures[known] = (outcome, alias);
            }
        }
        return failures;
    }
}
