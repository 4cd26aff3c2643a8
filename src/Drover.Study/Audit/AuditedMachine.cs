using Drover.Model.Scenarios;

namespace Drover.Study.Audit;

/// <summary>Whether a machine had loaded its modules when it was audited.</summary>
enum AuditState
{
    Unknown, // the live modules are unknown
    /// <summary>Most are not live: drivers without hardware, and devices of drivers, are unknown.</summary>
    BeforeColdplug,
    Settled, // most modules are live; the others have most likely failed
}

/// <param name="Times">An alias that names a module twice requests it twice, as udev does.</param>
/// <param name="First">The path of the first device.</param>
sealed record ModuleRequests(string Module, long Times, long Devices, string First);

/// <param name="Scenario">Its devices and modules; drivers without hardware fail in it with ENODEV.</param>
/// <param name="Live">The number of live modules of the scenario; null if unknown.</param>
/// <param name="Limitations">What could not be seen, a sentence each.</param>
sealed record AuditedMachine(
    Scenario Scenario, LoadPath Path, int? Live, AuditState State, IReadOnlyList<string> Limitations)
{
    /// <summary>The number of devices, those of each CPU counted for each CPU.</summary>
    public long Devices => Scenario.Devices.Sum(CountOf);
    public long Modaliases => Scenario.Devices.Sum(device => device.Modaliases.Count * CountOf(device));

    public int DistinctModaliases =>
        Scenario.Devices.SelectMany(device => device.Modaliases).Distinct(StringComparer.Ordinal).Count();

    /// <summary>Modules whose init fails: measured by the scenario or an earlier boot, otherwise a guess.</summary>
    public IReadOnlyList<ScenarioModule> FailingModules =>
        [.. Scenario.Modules.Where(module => module.InitError is not null)];

    /// <param name="live">The names of live modules; null if unknown.</param>
    /// <param name="boot">Its results are preferred to guesses; null for none.</param>
    public static AuditedMachine Of(
        Scenario scenario, LoadPath path, IReadOnlySet<string>? live, IEnumerable<string> limitations,
        EarlierBoot? boot = null)
    {
        List<string> limits = [.. limitations];
        if (boot is not null)
        {
            scenario = WithErrors(scenario, module => boot.ErrorOf(module.Name));
            limits.AddRange(LimitationsOf(boot, scenario));
        }
        if (live is null)
        {
            if (scenario.Modules.All(module => module.InitError is null))
                limits.Add("The live modules are unknown: every driver is assumed to find its hardware.");
            return new(scenario, path, null, AuditState.Unknown, limits);
        }
        var count = scenario.Modules.Count(module => live.Contains(module.Name));
        if (2 * count <= scenario.Modules.Count)
        {
            limits.Add(NotYetLoaded(count, boot));
            return new(Without(scenario, live), path, count, AuditState.BeforeColdplug, limits);
        }
        // a module that is not live although its dependencies are was tried and failed, most likely with ENODEV
        scenario = WithErrors(scenario, module =>
            module.InitError is null && !live.Contains(module.Name) && module.Dependencies.All(live.Contains)
                && boot?.HasLoaded(module.Name) != true
                ? nameof(Errno.ENODEV)
                : null);
        return new(scenario, path, count, AuditState.Settled, limits);
    }

    /// <summary>The modules that devices request by their modaliases, most requested first.</summary>
    public List<ModuleRequests> Requests()
    {
        var aliases = Scenario.Aliases.ToDictionary(alias => alias.Modalias, alias => alias.Modules);
        return Scenario.Devices
            .SelectMany(device => device.Modaliases
                .SelectMany(modalias => aliases.GetValueOrDefault(modalias) ?? []).CountBy(module => module)
                .Select(module => (Module: module.Key, Times: module.Value * CountOf(device), Device: device)))
            .GroupBy(request => request.Module).Select(requests => new ModuleRequests(
                requests.Key, requests.Sum(request => request.Times),
                requests.Sum(request => CountOf(request.Device)), requests.First().Device.Path))
            .OrderByDescending(requests => requests.Times)
            .ThenBy(requests => requests.Module, StringComparer.Ordinal).ToList();
    }

    long CountOf(ScenarioDevice device) => device.IsPerCpu ? Scenario.Cpus : 1;

    static string NotYetLoaded(int live, EarlierBoot? boot)
    {
        var leftOut = live > 0 ? $"; the {live} live ones cost nothing more, and are left out" : "";
        var source = boot is null
            ? $"are unknown; a recording of an earlier boot contains them (--{EarlierBoot.FileOption.Name} FILE)"
            : $"are those of {boot.File}";
        return $"Most modules are not loaded yet{leftOut}. "
            + $"Drivers without hardware, and devices that appear with a driver, {source}.";
    }

    static IEnumerable<string> LimitationsOf(EarlierBoot boot, Scenario scenario)
    {
        if (boot.Kernel is { } kernel && kernel != scenario.Kernel)
        {
            yield return $"{boot.File} is of another kernel, {PlainText.Of(kernel)}: "
                + "its drivers may find hardware that those of this kernel do not find.";
        }
        foreach (var warning in boot.Warnings)
            yield return $"{boot.File}: {PlainText.Of(warning)}.";
        var others = string.Join(", ", boot.ModulesWithoutDevice
            .Except(scenario.Modules.Select(module => module.Name), StringComparer.Ordinal)
            .Order(StringComparer.Ordinal));
        if (others.Length > 0)
            yield return $"Modules that no device requested in {boot.File} are left out: {PlainText.Of(others)}.";
    }

    /// <summary>The scenario without live modules, which cost no call.</summary>
    static Scenario Without(Scenario scenario, IReadOnlySet<string> live)
    {
        return scenario with
        {
            Modules = scenario.Modules.Where(module => !live.Contains(module.Name)).Select(module => module with
            {
                Dependencies = Rest(module.Dependencies),
                SoftdepsBefore = Rest(module.SoftdepsBefore),
                SoftdepsAfter = Rest(module.SoftdepsAfter),
            }).ToList(),
            Aliases = scenario.Aliases.Select(alias => alias with { Modules = Rest(alias.Modules) })
                .Where(alias => alias.Modules.Count > 0).ToList(),
            Devices = scenario.Devices.Select(device => live.Contains(device.AppearsWith ?? "")
                ? device with { AppearsWith = null }
                : device).ToList(),
        };

        List<string> Rest(IReadOnlyList<string> names) => [.. names.Where(name => !live.Contains(name))];
    }

    /// <summary>Sets the init errors of modules; keeps those for which the function returns null.</summary>
    static Scenario WithErrors(Scenario scenario, Func<ScenarioModule, string?> errorOf) => scenario with
    {
        Modules = scenario.Modules.Select(module =>
            errorOf(module) is { } error ? module with { InitError = error } : module).ToList(),
    };
}
