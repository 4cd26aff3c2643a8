using Drover.Model;
using Drover.Output;

namespace Drover.Verbs.Audit;

/// <summary>Whether a machine's modules had their time to load when it was looked at.</summary>
enum AuditState
{
    /// <summary>Nothing tells which modules are live.</summary>
    Unknown,

    /// <summary>Most of what its devices ask for is not live: which drivers find no hardware cannot be seen, nor which devices come with a driver.</summary>
    BeforeColdplug,

    /// <summary>Most of it is live; what is not live now has most likely failed.</summary>
    Settled,
}

/// <summary>What an audit knows of a machine. Immutable.</summary>
/// <param name="Scenario">Its devices and modules; hopeless drivers fail there with ENODEV.</param>
/// <param name="Path">How modules come into its kernel.</param>
/// <param name="Live">Modules of the scenario that were live; null where nothing tells.</param>
/// <param name="Lacks">What could not be seen, a sentence each.</param>
sealed record AuditedMachine(Scenario Scenario, LoadPath Path, int? Live, AuditState State, IReadOnlyList<string> Lacks)
{
    /// <summary>Devices, with one for each CPU.</summary>
    public long Devices => Scenario.Devices.Sum(Times);

    /// <summary>What they ask for, all together.</summary>
    public long Modaliases => Scenario.Devices.Sum(device => device.Modaliases.Count * Times(device));

    public int Distinct => Scenario.Devices.SelectMany(device => device.Modaliases).Distinct(StringComparer.Ordinal).Count();

    /// <summary>Modules whose init fails: measured in a scenario that says so, otherwise a guess.</summary>
    public IReadOnlyList<ScenarioModule> Hopeless => [.. Scenario.Modules.Where(module => module.InitError is not null)];

    /// <summary>How many of a device the machine has.</summary>
    public long Times(ScenarioDevice device) => device.IsPerCpu ? Scenario.Cpus : 1;

    /// <summary>A machine as it was found.</summary>
    /// <param name="live">Names of live modules; null where nothing tells.</param>
    /// <param name="boot">Goes before what can only be guessed; null where there is no recording.</param>
    public static AuditedMachine Of(Scenario scenario, LoadPath path, IReadOnlySet<string>? live, IEnumerable<string> lacks, EarlierBoot? boot = null)
    {
        if (boot is not null)
        {
            scenario = scenario with { Modules = [.. scenario.Modules.Select(module => boot.ErrorOf(module.Name) is { } error ? module with { InitError = error } : module)] };
            lacks = [.. lacks, .. LacksOf(boot, scenario)];
        }
        if (live is null)
            return new(scenario, path, null, AuditState.Unknown, scenario.Modules.Any(module => module.InitError is not null) ? [.. lacks] : [.. lacks, "Which modules are live is not known: every driver is taken to find its hardware."]);
        var there = scenario.Modules.Count(module => live.Contains(module.Name));
        if (2 * there <= scenario.Modules.Count)
            return new(Without(scenario, live), path, there, AuditState.BeforeColdplug, [.. lacks, NotYetLoaded(there, boot)]);
        return new(WithHopeless(scenario, live, boot), path, there, AuditState.Settled, lacks.ToList());
    }

    static string NotYetLoaded(int live, EarlierBoot? boot) =>
        $"Most modules are not loaded yet{(live > 0 ? $"; the {live} that are cost nothing more, and are left out" : "")}. Drivers without hardware, and devices that come with a driver, {(boot is null ? $"cannot be foreseen; a recording of an earlier boot tells them (--{EarlierBoot.FileOption.Name} FILE)" : $"are those of {boot.File}")}.";

    static IEnumerable<string> LacksOf(EarlierBoot boot, Scenario scenario)
    {
        if (boot.Kernel is { } kernel && kernel != scenario.Kernel)
            yield return $"{boot.File} is of another kernel, {PlainText.Of(kernel)}: drivers may find there what they do not find here.";
        foreach (var doubt in boot.Doubts)
            yield return $"{boot.File}: {PlainText.Of(doubt)}.";
        var unasked = boot.Unasked.Except(scenario.Modules.Select(module => module.Name), StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (unasked.Count > 0)
            yield return $"What no device asked for in {boot.File} is left out: {PlainText.Of(string.Join(", ", unasked))}.";
    }

    /// <summary>What is left to load when some are live: those cost nobody a call.</summary>
    static Scenario Without(Scenario scenario, IReadOnlySet<string> live)
    {
        return scenario with
        {
            Modules = [.. scenario.Modules.Where(module => !live.Contains(module.Name)).Select(module => module with
            {
                Dependencies = Rest(module.Dependencies),
                SoftdepsBefore = Rest(module.SoftdepsBefore),
                SoftdepsAfter = Rest(module.SoftdepsAfter),
            })],
            Aliases = [.. scenario.Aliases.Select(alias => alias with { Modules = Rest(alias.Modules) }).Where(alias => alias.Modules.Count > 0)],
            Devices = [.. scenario.Devices.Select(device => device.AppearsWith is { } driver && live.Contains(driver) ? device with { AppearsWith = null } : device)],
        };

        List<string> Rest(IReadOnlyList<string> names) => [.. names.Where(name => !live.Contains(name))];
    }

    /// <summary>A module that is not live although all it needs is, has tried and failed: ENODEV most likely. What depends on it was not tried.</summary>
    static Scenario WithHopeless(Scenario scenario, IReadOnlySet<string> live, EarlierBoot? boot) => scenario with
    {
        Modules = [.. scenario.Modules.Select(module => live.Contains(module.Name) || module.InitError is not null || boot?.HasLoaded(module.Name) == true || !module.Dependencies.All(live.Contains) ? module : module with { InitError = nameof(Loading.Errno.ENODEV) })],
    };
}
