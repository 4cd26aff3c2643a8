using System.Diagnostics;
using Drover.Model;

namespace Drover.Bench;

/// <summary>How fast the model runs: steps of the simulation a second, and the seconds that a run takes, one run at a time on one thread.</summary>
internal static class ModelBench
{
    private const int Rounds = 5;

    /// <summary>As many modules as the bar speaks of.</summary>
    private const int Modules = 50;

    public static int Run()
    {
        Scenario machine = WithModules(ScenarioFile.BuiltIn, Modules);
        Console.WriteLine($"{machine.Modules.Count} modules; medians of {Rounds}");
        Console.WriteLine($"{"run",-28}{"steps",12}{"s",9}{"steps/s",12}");
        foreach (int cpus in new[] { 255, 4096 })
        {
            Row(new HerdOptions { Scenario = machine, Cpus = cpus, Gate = GateKind.None, Herd = HerdKind.Udev });
            Row(new HerdOptions { Scenario = machine, Cpus = cpus, Gate = GateKind.Exclusive, Herd = HerdKind.Udev });
            Row(new HerdOptions { Scenario = machine, Cpus = cpus, Gate = GateKind.Idempotent, Herd = HerdKind.Udev });
            Row(new HerdOptions { Scenario = machine, Cpus = cpus, Gate = GateKind.Exclusive, Herd = HerdKind.Drover });
        }
        return 0;
    }

    private static void Row(HerdOptions options)
    {
        HerdResult result = HerdRun.Run(options);
        double[] seconds = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            HerdRun.Run(options);
            seconds[round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        Array.Sort(seconds);
        double median = seconds[Rounds / 2];
        Console.WriteLine($"{$"{options.Cpus} CPUs, {options.Gate}, {options.Herd}",-28}{result.Steps,12:N0}{median,9:F3}{result.Steps / median,12:N0}");
    }

    /// <summary>The machine with every CPU asking for so many modules more that there are <paramref name="count"/>: copies of the one that costs most.</summary>
    private static Scenario WithModules(Scenario scenario, int count)
    {
        ScenarioDevice cpu = scenario.Devices.First(device => device.IsPerCpu);
        ScenarioAlias alias = scenario.Aliases.First(alias => cpu.Modaliases.Contains(alias.Modalias));
        ScenarioModule model = scenario.Modules.Where(module => alias.Modules.Contains(module.Name) && module.Dependencies.Count == 0).MaxBy(module => module.ImageBytes)!;
        ScenarioModule[] more = [.. Enumerable.Range(0, count - scenario.Modules.Count).Select(i => model with { Name = $"more_{i}" })];
        return scenario with
        {
            Modules = [.. scenario.Modules, .. more],
            Aliases = [.. scenario.Aliases.Select(other => other == alias ? alias with { Modules = [.. alias.Modules, .. more.Select(module => module.Name)] } : other)],
        };
    }
}
