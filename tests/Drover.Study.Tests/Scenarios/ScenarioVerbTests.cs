using Drover.Model.Scenarios;
using Drover.Tests;

namespace Drover.Study.Tests.Scenarios;

/// <summary><c>drover scenario</c> on the machine of the fixtures, with module files that the test writes.</summary>
public sealed class ScenarioVerbTests : IDisposable
{
    readonly RecordableRoot _root = new("drover-scenario-");

    string Output => _root.Make("machine.json");

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Other_machine_is_recorded() =>
        Record().ShouldBe("scenario.txt");

    [Fact]
    public void Timings_are_added_to_a_recorded_machine()
    {
        var recorded = Record("-o", Output);
        const string Counts =
            "4 CPUs, 5 devices (those of each CPU counted once), 2 modaliases with modules, 4 modules";
        Assert.Equal(new CommandLineRun(0, $"{Output}: {Counts}\n", ""), recorded);
        var timings = Path.Combine(_root.Path, "run.json");
        File.WriteAllText(timings, """
            {"tracedCalls": [{"syscall": "finit_module", "module": "t_acpi_cpufreq", "result": "ENODEV",
              "startSeconds": 1, "seconds": 0.1}]}
            """);

        string[] command = ["scenario", "--from", Output, "--timings", timings, "--slowdown", "20"];
        CommandLineRun.Run([.. command, "--name", "timed", "--description", "By hand."]).ShouldBe("scenario-timed.txt");
        var guest = CommandLineRun.Run([.. command, "--guest", "-o", $"{Output}.guest"]);
        Assert.Equal((0, ""), (guest.Exit, guest.Error));
        Assert.Equal(3_000_000, ScenarioFile.Load($"{Output}.guest").Costs["setupNs"]);
    }

    [Fact]
    public void Error_in_a_scenario_names_the_line()
    {
        File.WriteAllText(Output, "{\n  \"format\": \"drover-scenario\",\n  \"version\": 7\n}\n");
        var run = CommandLineRun.Run("scenario", "--from", Output);
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.StartsWith($"drover: {Output}:3: version: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Machine_without_requests_is_an_error()
    {
        _root.Make("devices/none");
        var run = CommandLineRun.Run("scenario", "-r", _root.Path, "--sys", _root.Path, "--memory", "1G");
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.StartsWith($"drover: no device in {_root.Path} requests a module", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_of_another_machine_must_be_given()
    {
        var run = CommandLineRun.Run("scenario", "-r", _root.Path, "--sys", CommandLineRun.Sys);
        const string Message = "drover: the memory of the machine of FIXTURES/sys is unknown: add --memory SIZE\n";
        Assert.Equal(new CommandLineRun(1, "", Message), run);
    }

    [Theory]
    [InlineData("unexpected argument 'x': it takes options only", "x")]
    [InlineData("--slowdown and --guest apply to timings: add --timings FILE", "--guest")]
    [InlineData("--from takes a recorded machine: leave out --sys", "--from", "a", "--sys", "b")]
    public void Usage_error_is_reported(string message, params string[] args)
    {
        var run = CommandLineRun.Run(["scenario", .. args]);
        Assert.Equal((2, ""), (run.Exit, run.Out));
        Assert.StartsWith($"drover: scenario: {message}", run.Error, StringComparison.Ordinal);
    }

    CommandLineRun Record(params string[] more) =>
        CommandLineRun.Run(["scenario", "-r", _root.Path, "--sys", CommandLineRun.Sys, "--memory", "1G", .. more]);
}
