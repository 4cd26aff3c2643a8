using System.Text;
using Drover.Model.Recording;
using Drover.Model.Scenarios;
using Drover.Study.Files;

namespace Drover.Study.Scenarios;

sealed class ScenarioVerb : Verb
{
    const string Estimated = "Init times are estimated from the modules' sizes.";

    static readonly Option Output = new("output", "the file to write", "FILE", "standard output", 'o');
    static readonly Option MachineName = new("name", "the name of the machine", "TEXT", "its kernel and its CPUs");
    static readonly Option Description = new(
        "description", "how it was recorded; a sentence about its init times is added", "TEXT");
    static readonly Option From = new(
        "from", "change a recorded scenario instead of recording a machine: add timings, or another name", "FILE");
    static readonly Option Timings = new(
        "timings", "measured init times: output of 'lab/run --json' of a run with one job", "FILE");
    static readonly Option Slowdown = new(
        "slowdown", "divide the timings by N, because their machine is N times slower than a real one", "N", "1",
        Kind: ValueKind.Count);
    static readonly Option Guest = new(
        "guest", "keep the timings of an emulated machine, and make the costs N times larger instead");

    public override string Name => "scenario";
    public override string Summary => "record what this machine's devices ask for, as a file for the model";
    public override string Operands => "";

    public override string Details =>
        """
        Writes devices, modaliases, and their modules with dependencies and sizes as a JSON document
        (docs/scenario.md). Includes modules that are live already; loads nothing and does not need root.
        A device that exists once per CPU is written as one entry. Record after the boot: some devices
        exist only after their parent's driver is loaded. Without --timings the init time of a module is
        estimated from its size.
        """;

    public override IReadOnlyList<Option> Options =>
    [
        Output, CommonOptions.Root, CommonOptions.Release, ScenarioSource.Sys, MachineName, Description,
        ScenarioSource.Memory, From, Timings, Slowdown, Guest,
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover scenario --output machine.json", "this machine"),
        new("drover scenario --root /mnt --sys /tmp/copy-of-sys --memory 16G --name 'small server'", "another machine"),
        new(
            "drover scenario --from machine.json --timings run.json --slowdown 20 -o timed.json",
            "with times of a lab run, scaled to a real CPU"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Text(Timings) is null && (arguments.Has(Slowdown) || arguments.Has(Guest)))
            throw new UsageException("--slowdown and --guest apply to timings: add --timings FILE");
        ScenarioSource.CheckMemory(arguments);
        foreach (var option in (Option[])[MachineName, Description])
        {
            if (arguments.Text(option) is { } text && !ByteText.IsUtf8(text))
                throw new UsageException($"--{option.Name} takes a text in UTF-8");
        }
        var scenario = arguments.Text(From) is { } file ? Load(file, arguments) : Record(arguments, terminal);
        if (arguments.Text(Timings) is { } timings)
            scenario = WithTimings(scenario, InputFile.Read(timings, LabTimings.Read), arguments);
        if (arguments.Text(MachineName) is { } name)
            scenario = scenario with { Name = name };
        var document = Encoding.UTF8.GetString(ScenarioFile.Write(scenario));
        using var output = OutputFile.Open(arguments.Text(Output) ?? InputFile.Dash, terminal);
        output.Write(writer => writer.Write(document));
        if (output.IsStandardOutput)
            return ExitCode.Ok;
        terminal.Out.WriteLine(
            $"{arguments.Text(Output)}: {scenario.Cpus} CPUs, {scenario.Devices.Count} devices "
            + "(those of each CPU counted once), "
            + $"{scenario.Aliases.Count} modaliases with modules, {scenario.Modules.Count} modules");
        return ExitCode.Ok;
    }

    static Scenario Record(Arguments arguments, Terminal terminal)
    {
        var description = arguments.Text(Description) ?? "Recorded by 'drover scenario'.";
        return ScenarioSource.Record(arguments, ModuleSource.Open(arguments), $"{description} {Estimated}", terminal);
    }

    static Scenario Load(string file, Arguments arguments)
    {
        Option[] ofMachines = [CommonOptions.Root, CommonOptions.Release, ScenarioSource.Sys, ScenarioSource.Memory];
        if (Array.Find(ofMachines, arguments.Has) is { } option)
            throw new UsageException($"--from takes a recorded machine: leave out --{option.Name}");
        var scenario = ScenarioSource.Load(file, BuiltInScenarios.Read);
        return arguments.Text(Description) is { } description
            ? scenario with { Description = $"{description} {Estimated}" }
            : scenario;
    }

    static Scenario WithTimings(Scenario scenario, LabTimings timings, Arguments arguments)
    {
        var (slowdown, asGuest) = (arguments.Count(Slowdown) ?? 1, arguments.Has(Guest));
        scenario = asGuest
            ? TimedScenario.AsGuest(scenario, timings, slowdown)
            : TimedScenario.With(scenario, timings, slowdown);
        var measured = scenario.Modules.Count(module => module.IsMeasured);
        var how = asGuest
            ? $"in an emulated guest, by the guest's clock; costs are {slowdown} times those of a real machine"
            : slowdown == 1 ? "as they were traced" : $"divided by {slowdown}";
        var rest = measured < scenario.Modules.Count ? "; others are estimated from the modules' sizes" : "";
        var times = $"Init times of {measured} of {scenario.Modules.Count} modules are measured, {how}{rest}.";
        var description = scenario.Description;
        return scenario with
        {
            Description = description.EndsWith(Estimated, StringComparison.Ordinal)
                ? description[..^Estimated.Length] + times
                : $"{description} {times}",
        };
    }
}
