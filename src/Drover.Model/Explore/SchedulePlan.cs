using Drover.Model.Herds;
using Drover.Model.Scenarios;

namespace Drover.Model.Explore;

enum FaultKind
{
    FailedAllocation, // the next allocation of vmalloc space fails
    KilledTask, // SIGKILL for a task that loads modules
    Writer, // the file is open for writing for a while
    Program, // the file runs as a program for a while
    Verity, // fs-verity is enabled on the file; building the tree takes a while
    Unreadable, // the disk cannot read it from now on
    Rejected, // its signature is wrong from now on
    Foreign, // it is not a module of this kernel from now on
    Requests, // its init requests another module, or itself
    Removal, // another program removes the module
    OtherLoader, // another program loads the module
    ModulesDisabled, // kernel.modules_disabled is set
}

/// <param name="AtEvent">Begins after so many events of the trace; 0: before all.</param>
/// <param name="Ns">How long it lasts.</param>
/// <param name="Other">The requested module.</param>
sealed record Fault(FaultKind Kind, int AtEvent, string Module, long Ns, string Other = "");

/// <summary>All that a seed draws before the simulation, which uses the same seed.</summary>
sealed record SchedulePlan(HerdOptions Options, IReadOnlyList<Fault> Faults)
{
    /// <summary>No other program loads or removes modules.</summary>
    public bool IsAlone => !Faults.Any(fault => fault.Kind is FaultKind.Removal or FaultKind.OtherLoader);

    /// <summary>Plans with one thing less, the largest reductions first.</summary>
    public IEnumerable<SchedulePlan> Smaller()
    {
        for (var i = 0; i < Faults.Count; i++)
            yield return this with { Faults = [.. Faults.Where((_, at) => at != i)] };
        var scenario = Options.Scenario;
        for (var i = 0; i < scenario.Devices.Count; i++)
            yield return With(scenario with { Devices = [.. scenario.Devices.Where((_, at) => at != i)] });
        for (var i = 0; i < scenario.Modules.Count; i++)
            yield return Without(scenario.Modules[i].Name);
        int[] fewer = [1, 2, Options.Cpus / 2, Options.Cpus - 1];
        foreach (var cpus in fewer.Where(cpus => cpus >= 1 && cpus < Options.Cpus))
            yield return this with { Options = Options with { Cpus = cpus } };
        if (Options.Kasan)
            yield return this with { Options = Options with { Kasan = false } };
        foreach (var module in scenario.Modules)
        {
            foreach (var simpler in Simpler(module))
            {
                var modules = scenario.Modules.Select(other => other == module ? simpler : other);
                yield return With(scenario with { Modules = [.. modules] });
            }
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
        var modules = scenario.Modules.Where(other => other.Name != module).Select(other => other with
        {
            Dependencies = Except(other.Dependencies),
            SoftdepsBefore = Except(other.SoftdepsBefore),
            SoftdepsAfter = Except(other.SoftdepsAfter),
        });
        var aliases = scenario.Aliases.Select(alias => alias with { Modules = Except(alias.Modules) });
        var smaller = With(scenario with
        {
            Modules = [.. modules],
            Aliases = [.. aliases.Where(alias => alias.Modules.Count > 0)],
            Devices = [.. scenario.Devices.Where(device => device.AppearsWith != module)],
        });
        return smaller with { Faults = [.. Faults.Where(fault => fault.Module != module && fault.Other != module)] };

        IReadOnlyList<string> Except(IReadOnlyList<string> names) =>
            names.Contains(module) ? [.. names.Where(name => name != module)] : names;
    }

    public IReadOnlyList<string> Describe()
    {
        var scenario = Options.Scenario;
        var lines = new List<string>
        {
            $"{Options.Loader} on gate {Options.Gate}, {Options.Cpus} CPUs, {Options.MemoryBytes >> 20} MiB"
                + If(Options.Kasan, ", KASAN") + If(!Options.KernelDecompresses, ", user space decompresses"),
        };
        foreach (var module in scenario.Modules)
        {
            lines.Add($"module {module.Name}: {module.FileBytes} bytes" + List("needs", module.Dependencies)
                + List("after", module.SoftdepsBefore) + List("before", module.SoftdepsAfter)
                + If(module.InitSleepNs > 0, $", init sleeps {module.InitSleepNs / 1e6} ms")
                + If(module.AsyncProbeNs > 0, $", probes for {module.AsyncProbeNs / 1e6} ms")
                + If(module.InitError is not null, $", init fails: {module.InitError}"));
        }
        foreach (var device in scenario.Devices)
        {
            var modules = device.Modaliases
                .SelectMany(modalias => scenario.Aliases.Where(alias => alias.Modalias == modalias))
                .SelectMany(alias => alias.Modules);
            lines.Add($"device {device.Path}: {string.Join(", ", modules)}"
                + If(device.AppearsWith is not null, $", appears with {device.AppearsWith}"));
        }
        foreach (var fault in Faults)
        {
            lines.Add($"fault after {fault.AtEvent} events: {fault.Kind} {fault.Module}"
                + If(fault.Other.Length > 0, $" → {fault.Other}") + $", {fault.Ns / 1e6} ms");
        }
        return lines;

        static string If(bool condition, string text) => condition ? text : "";

        static string List(string what, IReadOnlyList<string> names) =>
            If(names.Count > 0, $", {what} {string.Join(", ", names)}");
    }
}
