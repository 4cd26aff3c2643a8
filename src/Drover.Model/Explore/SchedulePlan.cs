namespace Drover.Model;

/// <summary>What goes wrong in a schedule.</summary>
enum FaultKind
{
    /// <summary>The next allocation of vmalloc space fails.</summary>
    FailedAllocation,

    /// <summary>SIGKILL for one of those who load.</summary>
    KilledTask,

    /// <summary>The file is opened for writing (or truncated) and stays so for a while.</summary>
    Writer,

    /// <summary>The file runs as a program for a while.</summary>
    Program,

    /// <summary>fs-verity is enabled on it; building the tree takes a while.</summary>
    Verity,

    /// <summary>The disk cannot read it from now on.</summary>
    Unreadable,

    /// <summary>Its signature is wrong from now on.</summary>
    Rejected,

    /// <summary>It is no module of this kernel from now on.</summary>
    Foreign,

    /// <summary>Its init requests another module, or itself.</summary>
    Requests,

    /// <summary>Somebody removes it.</summary>
    Removal,

    /// <summary>Another program loads it.</summary>
    OtherLoader,

    /// <summary>kernel.modules_disabled is set.</summary>
    ModulesDisabled,
}

/// <summary>One thing that goes wrong.</summary>
/// <param name="Kind">What.</param>
/// <param name="AtEvent">After so many events of the trace: at any point of any call, then; 0 is before all.</param>
/// <param name="Module">Whose module or file.</param>
/// <param name="Ns">How long it lasts.</param>
/// <param name="Other">The module that is requested.</param>
sealed record Fault(FaultKind Kind, int AtEvent, string Module, long Ns, string Other = "");

/// <summary>All that a seed draws; what remains of chance is in the simulation, from the same seed. Immutable.</summary>
sealed record SchedulePlan(HerdOptions Options, IReadOnlyList<Fault> Faults)
{
    /// <summary>Nobody but the herd loads or removes modules, so that what the herd sees stays true.</summary>
    public bool IsAlone => !Faults.Any(fault => fault.Kind is FaultKind.Removal or FaultKind.OtherLoader);

    /// <summary>Plans that have one thing less, those that take most away first.</summary>
    public IEnumerable<SchedulePlan> Smaller()
    {
        for (var i = 0; i < Faults.Count; i++)
            yield return this with { Faults = [.. Faults.Where((_, at) => at != i)] };
        var scenario = Options.Scenario;
        for (var i = 0; i < scenario.Devices.Count; i++)
            yield return With(scenario with { Devices = [.. scenario.Devices.Where((_, at) => at != i)] });
        for (var i = 0; i < scenario.Modules.Count; i++)
            yield return Without(scenario.Modules[i].Name);
        foreach (var cpus in new[] { 1, 2, Options.Cpus / 2, Options.Cpus - 1 }.Where(cpus => cpus >= 1 && cpus < Options.Cpus))
            yield return this with { Options = Options with { Cpus = cpus } };
        if (Options.Kasan)
            yield return this with { Options = Options with { Kasan = false } };
        foreach (var module in scenario.Modules)
        {
            foreach (var simpler in Simpler(module))
                yield return With(scenario with { Modules = [.. scenario.Modules.Select(other => other == module ? simpler : other)] });
        }
    }

    static IEnumerable<ScenarioModule> Simpler(ScenarioModule module)
    {
        if (module.SoftdepsBefore.Count > 0)
            yield return module with { SoftdepsBefore = [] };
        if (module.SoftdepsAfter.Count > 0)
            yield return module with { SoftdepsAfter = [] };
        if (module.InitError is not null)
            yield return module with { InitError = null };
        if (module.AsyncProbeNs > 0)
            yield return module with { AsyncProbeNs = 0 };
        if (module.InitSleepNs > 0)
            yield return module with { InitSleepNs = 0 };
    }

    SchedulePlan With(Scenario scenario) => this with { Options = Options with { Scenario = scenario } };

    SchedulePlan Without(string module)
    {
        var scenario = Options.Scenario;
        var aliases = scenario.Aliases.Select(alias => alias with { Modules = Except(alias.Modules) }).Where(alias => alias.Modules.Count > 0).ToList();
        var smaller = With(scenario with
        {
            Modules =
            [
                .. scenario.Modules.Where(other => other.Name != module).Select(other => other with
                {
                    Dependencies = Except(other.Dependencies), SoftdepsBefore = Except(other.SoftdepsBefore), SoftdepsAfter = Except(other.SoftdepsAfter),
                }),
            ],
            Aliases = aliases,
            Devices = [.. scenario.Devices.Where(device => device.AppearsWith != module)],
        });
        return smaller with { Faults = [.. Faults.Where(fault => fault.Module != module && fault.Other != module)] };

        IReadOnlyList<string> Except(IReadOnlyList<string> names) => names.Contains(module) ? [.. names.Where(name => name != module)] : names;
    }

    /// <summary>For a person, one thing a line.</summary>
    public IReadOnlyList<string> Describe()
    {
        var scenario = Options.Scenario;
        var lines = new List<string>
        {
            $"{Options.Herd} on gate {Options.Gate}, {Options.Cpus} CPUs, {Options.MemoryBytes >> 20} MiB{(Options.Kasan ? ", KASAN" : "")}{(Options.KernelDecompresses ? "" : ", user space decompresses")}",
        };
        foreach (var module in scenario.Modules)
        {
            lines.Add($"module {module.Name}: {module.FileBytes} bytes"
                + List("needs", module.Dependencies) + List("after", module.SoftdepsBefore) + List("before", module.SoftdepsAfter)
                + (module.InitSleepNs > 0 ? $", init sleeps {module.InitSleepNs / 1e6} ms" : "") + (module.AsyncProbeNs > 0 ? $", probes for {module.AsyncProbeNs / 1e6} ms" : "")
                + (module.InitError is { } error ? $", init fails: {error}" : ""));
        }
        foreach (var device in scenario.Devices)
        {
            var modules = device.Modaliases.SelectMany(modalias => scenario.Aliases.Where(alias => alias.Modalias == modalias).SelectMany(alias => alias.Modules));
            lines.Add($"device {device.Path}: {string.Join(", ", modules)}{(device.AppearsWith is { } with ? $", appears with {with}" : "")}");
        }
        lines.AddRange(Faults.Select(fault => $"fault after {fault.AtEvent} events: {fault.Kind} {fault.Module}{(fault.Other.Length > 0 ? $" → {fault.Other}" : "")}, {fault.Ns / 1e6} ms"));
        return lines;

        static string List(string what, IReadOnlyList<string> names) => names.Count > 0 ? $", {what} {string.Join(", ", names)}" : "";
    }
}
