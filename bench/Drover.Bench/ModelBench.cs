using System.Diagnostics;
using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;

namespace Drover.Bench;

/// <summary>Speed of the model: steps a second and seconds a run, one run at a time on one thread.</summary>
static class ModelBench
{
    const int Rounds = 5;

    const int Modules = 50;

    public static int Run()
    {
        var machine = WithModules(BuiltInScenarios.Read(BuiltInScenarios.Debian12), Modules);
        Console.WriteLine($"{machine.Modules.Count} modules; medians of {Rounds}");
        Console.WriteLine($"{"run",-28}{"steps",12}{"s",9}{"steps/s",12}");
        foreach (var cpus in new[] { 255, 4096 })
        {
            foreach (var gate in new[] { GateKind.None, GateKind.Exclusive, GateKind.Idempotent })
                Row(new HerdOptions { Scenario = machine, Cpus = cpus, Gate = gate, Loader = LoaderKind.Udev });
            const GateKind Gate = GateKind.Exclusive;
            Row(new HerdOptions { Scenario = machine, Cpus = cpus, Gate = Gate, Loader = LoaderKind.Drover });
        }
        return 0;
    }

    static void Row(HerdOptions options)
    {
        var result = HerdRun.Run(options);
        var seconds = new double[Rounds];
        for (var round = 0; round < Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            HerdRun.Run(options);
            seconds[round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        Array.Sort(seconds);
        var median = seconds[Rounds / 2];
        var name = $"{options.Cpus} CPUs, {options.Gate}, {options.Loader}";
        Console.WriteLine($"{name,-28}{result.Steps,12:N0}{median,9:F3}{result.Steps / median,12:N0}");
    }

    /// <summary>Adds copies of the largest module that every CPU requests, up to <paramref name="count"/>
    /// modules in total.</summary>
    static Scenario WithModules(Scenario scenario, int count)
    {
        var cpu = scenario.Devices.First(device => device.IsPerCpu);
        var alias = scenario.Aliases.First(alias => cpu.Modaliases.Contains(alias.Modalias));
        var largest = scenario.Modules
            .Where(module => alias.Modules.Contains(module.Name) && module.Dependencies.Count == 0)
            .MaxBy(module => module.ImageBytes)!;
        var added = count - scenario.Modules.Count;
        ScenarioModule[] more = [.. Enumerable.Range(0, added).Select(i => largest with { Name = $"more_{i}" })];
        var extended = alias with { Modules = [.. alias.Modules, .. more.Select(module => module.Name)] };
        return scenario with
        {
            Modules = [.. scenario.Modules, .. more],
            Aliases = [.. scenario.Aliases.Select(other => other == alias ? extended : other)],
        };
    }
}
