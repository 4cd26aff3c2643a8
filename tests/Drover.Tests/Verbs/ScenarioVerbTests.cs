using Drover.Model;

namespace Drover.Tests.Verbs;

/// <summary>What <c>drover scenario</c> records of the fixtures' machine, its module files written here.</summary>
public sealed class ScenarioVerbTests : IDisposable
{
    readonly RecordableRoot _root = new("drover-scenario-");

    string Output => _root.Make("machine.json");

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_foreign_machine_is_recorded() =>
        CommandLine.Run("scenario", "-r", _root.Path, "--sys", CommandLine.Sys, "--memory", "1G").ShouldBe("scenario.txt");

    [Fact]
    public void Timings_are_added_to_what_was_recorded()
    {
        var recorded = CommandLine.Run("scenario", "-r", _root.Path, "--sys", CommandLine.Sys, "--memory", "1G", "-o", Output);
        Assert.Equal(new CommandLine(0, $"{Output}: 4 CPUs, 5 devices or kinds of them, 2 modaliases that stand for something, 4 modules\n", ""), recorded);
        var timings = Path.Combine(_root.Path, "run.json");
        File.WriteAllText(timings, """{"tracedCalls": [{"syscall": "finit_module", "module": "t_acpi_cpufreq", "result": "ENODEV", "startSeconds": 1, "seconds": 0.1}]}""");

        CommandLine.Run("scenario", "--from", Output, "--timings", timings, "--slowdown", "20", "--name", "timed", "--description", "By hand.").ShouldBe("scenario-timed.txt");
        var guest = CommandLine.Run("scenario", "--from", Output, "--timings", timings, "--slowdown", "20", "--guest", "-o", Output);
        Assert.Equal((0, ""), (guest.Exit, guest.Error));
        Assert.Equal(3_000_000, ScenarioFile.Load(Output).Costs["setupNs"]);
    }

    [Fact]
    public void A_file_that_is_no_scenario_is_told_with_its_line()
    {
        File.WriteAllText(Output, "{\n  \"format\": \"drover-scenario\",\n  \"version\": 7\n}\n");
        Assert.Equal(new CommandLine(1, "", $"drover: {Output}:3: version: is 7, and this drover reads version 1 only\n"), CommandLine.Run("scenario", "--from", Output));
    }

    [Fact]
    public void Where_nobody_asks_nothing_is_recorded()
    {
        var run = CommandLine.Run("scenario", "-r", _root.Path, "--sys", _root.Path, "--memory", "1G");
        Assert.Equal(new CommandLine(1, "", $"drover: no device in {_root.Path} asks for a module: is it a sysfs, or a copy of one with its uevent files?\n"), run);
    }

    [Fact]
    public void The_memory_of_a_foreign_machine_must_be_said()
    {
        var run = CommandLine.Run("scenario", "-r", _root.Path, "--sys", CommandLine.Sys);
        Assert.Equal(new CommandLine(1, "", "drover: how much memory the machine of FIXTURES/sys has is not known: say it with --memory SIZE, such as --memory 16G\n"), run);
    }

    [Theory]
    [InlineData("takes no arguments, and got 'x'", "x")]
    [InlineData("--slowdown and --guest say what --timings mean: name those with --timings FILE", "--guest")]
    [InlineData("--from takes a machine that was recorded already: --sys has no meaning then", "--from", "a", "--sys", "b")]
    public void A_mistake_is_named(string message, params string[] args) =>
        Assert.Equal(new CommandLine(2, "", $"drover: scenario: {message} ('drover scenario --help' tells more)\n"), CommandLine.Run(["scenario", .. args]));
}
