using System.Text;
using Drover.Cli;
using Drover.Model;
using Drover.Output;

namespace Drover.Verbs;

/// <summary><c>drover scenario</c>: records a machine for the model.</summary>
sealed class ScenarioVerb : Verb
{
    const string Estimated = "Init times are estimated from the modules' sizes.";

    static readonly Option To = new("output", "where to write it", "FILE", "standard output", 'o');

    static readonly Option Called = new("name", "what the machine is called", "NAME", "its kernel and its number of CPUs");

    static readonly Option Description = new("description", "how it was recorded; what its times are is added", "TEXT");

    static readonly Option From = new("from", "a scenario that was recorded before, instead of a machine: to add timings, or another name", "FILE");

    static readonly Option Timings = new("timings", "how long modules really took: what 'lab/run --json' wrote, of a run with one job", "FILE");

    static readonly Option Slowdown = new("slowdown", "the machine of the timings is N times slower than a real one: times are divided by it", "N", "1", Kind: ValueKind.Count);

    static readonly Option Guest = new("guest", "keep the timings of an emulated machine, and make the costs N times larger instead");

    public override string Name => "scenario";

    public override string Summary => "record what this machine's devices ask for, as a file for the model";

    public override string Operands => "";

    public override string Details =>
        """
        Writes devices, modaliases, the modules they stand for, with dependencies and sizes, as a JSON
        document (docs/scenario.md). It tells what would be loaded, whatever is live now; nothing is
        loaded, and root is not needed. Devices of which each CPU has one become one entry.
        Record after the boot: which devices appear only with a driver is known once it is there.
        Without --timings the time of a module's init is estimated from its size.
        """;

    public override IReadOnlyList<Option> Options => [To, CommonOptions.Root, CommonOptions.Release, MachineRecording.Sys, Called, Description, MachineRecording.Memory, From, Timings, Slowdown, Guest];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover scenario --output machine.json", "this machine"),
        new("drover scenario --root /mnt --sys /tmp/copy-of-sys --memory 16G --name 'the small server'", "another machine"),
        new("drover scenario --from machine.json --timings run.json --slowdown 20 -o timed.json", "with times of a lab run, scaled to a real CPU"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Text(Timings) is null && (arguments.Has(Slowdown) || arguments.Has(Guest)))
            throw new UsageException("--slowdown and --guest say what --timings mean: name those with --timings FILE");
        var scenario = arguments.Text(From) is { } file ? Load(file, arguments) : MachineRecording.Record(arguments, ModuleSource.Open(arguments), $"{arguments.Text(Description) ?? "Recorded by 'drover scenario'."} {Estimated}", terminal);
        if (arguments.Text(Timings) is { } timings)
            scenario = WithTimings(scenario, LabTimings.Load(timings), arguments.Count(Slowdown) ?? 1, arguments.Has(Guest));
        if (arguments.Text(Called) is { } name)
            scenario = scenario with { Name = name };
        var text = ScenarioFile.Write(scenario);
        if (arguments.Text(To) is not { } output)
        {
            terminal.Out.Write(Encoding.UTF8.GetString(text));
            return ExitCode.Ok;
        }
        File.WriteAllBytes(output, text);
        terminal.Out.WriteLine($"{output}: {scenario.Cpus} CPUs, {scenario.Devices.Count} devices or kinds of them, {scenario.Aliases.Count} modaliases that stand for something, {scenario.Modules.Count} modules");
        return ExitCode.Ok;
    }

    static Scenario Load(string file, Arguments arguments)
    {
        foreach (var option in new[] { CommonOptions.Root, CommonOptions.Release, MachineRecording.Sys, MachineRecording.Memory })
        {
            if (arguments.Has(option))
                throw new UsageException($"--from takes a machine that was recorded already: --{option.Name} has no meaning then");
        }
        var scenario = ScenarioFile.Load(file);
        return arguments.Text(Description) is { } description ? scenario with { Description = $"{description} {Estimated}" } : scenario;
    }

    static Scenario WithTimings(Scenario scenario, LabTimings timings, int slowdown, bool asGuest)
    {
        scenario = asGuest ? TimedScenario.AsGuest(scenario, timings, slowdown) : TimedScenario.With(scenario, timings, slowdown);
        var measured = scenario.Modules.Count(module => module.IsMeasured);
        var how = asGuest ? $"in an emulated guest, whose clock they go by, and whose costs are taken to be {slowdown} times those of a real machine" : slowdown == 1 ? "as they were traced" : $"divided by {slowdown}";
        var times = $"Init times of {measured} of {scenario.Modules.Count} modules are measured, {how}{(measured < scenario.Modules.Count ? "; others are estimated from the modules' sizes" : "")}.";
        return scenario with { Description = scenario.Description.EndsWith(Estimated, StringComparison.Ordinal) ? scenario.Description[..^Estimated.Length] + times : $"{scenario.Description} {times}" };
    }
}
