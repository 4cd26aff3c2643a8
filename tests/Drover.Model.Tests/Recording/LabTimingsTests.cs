using System.Text;
using CsCheck;
using Drover.Model.Recording;
using Drover.Model.Scenarios;

namespace Drover.Model.Tests.Recording;

public sealed class LabTimingsTests
{
    [Fact]
    public void A_call_that_waits_for_other_probes_does_not_count_them()
    {
        // ahci is live at 1.1, when the next call begins, and probes until 1.5; libaes waits for these probes
        var timings = Read(
            ("ahci", "0", 1.0, 0.5), ("libaes", "0", 1.1, 0.4), ("button", "0", 1.12, 0.05), ("evdev", "0", 1.6, 0.01));
        Assert.Equal(new ModuleTiming("finit_module", 100_000_000, 400_000_000, null), timings.Of("ahci"));
        Assert.Equal(new ModuleTiming("finit_module", 20_000_000, 0, null), timings.Of("libaes"));
        Assert.Equal(new ModuleTiming("finit_module", 50_000_000, 0, null), timings.Of("button"));
    }

    [Fact]
    public void Timings_ignore_duplicates_and_prefer_success_to_failure()
    {
        var timings = Read(
            ("kvm", "EEXIST", 1, 0.5), ("kvm", "0", 2, 0.25), ("acpi_cpufreq", "ENODEV", 3, 0.125),
            ("other", "EBUSY", 4, 0.1), ("kvm", "ENOMEM", 5, 1));
        Assert.Equal((250_000_000, null), (timings.Of("kvm")!.Value.CallNs, timings.Of("kvm")!.Value.Error));
        Assert.Equal(
            (125_000_000, "ENODEV"),
            (timings.Of("acpi_cpufreq")!.Value.CallNs, timings.Of("acpi_cpufreq")!.Value.Error));
        Assert.Null(timings.Of("other"));
    }

    [Fact]
    public void Init_time_is_the_call_without_its_other_stages()
    {
        var costs = new Dictionary<string, double>
        {
            ["syscallNs"] = 100,
            ["setupNs"] = 1000,
            ["readNsPerByte"] = 1,
            ["verifyNsPerByte"] = 1,
            ["layoutNsPerByte"] = 1,
            ["relocateNsPerByte"] = 1,
        };
        var scenario = Of(costs, "a", "b", "c");
        var timed = TimedScenario.With(scenario, Read(("a", "0", 1, 0.001), ("b", "ENODEV", 2, 0.00001)), slowdown: 10);
        // 100 + 1000 + (1 + 1) × 1000 of the file + (1 + 1) × 2000 of the image
        Assert.Equal(100_000 - 7_100, timed.Modules[0].InitNs);
        Assert.Equal(
            (0, "ENODEV", true), (timed.Modules[1].InitNs, timed.Modules[1].InitError, timed.Modules[1].IsMeasured));
        Assert.Equal(scenario.Modules[2], timed.Modules[2]);
    }

    [Fact]
    public void Work_is_slower_on_a_slow_machine_and_sleep_is_not()
    {
        // ahci works 20 ms and sleeps 80 ms until it is live, and probes for 400 ms, for which libaes waits
        var timings = LabTimings.Read("""
            {"tracedCalls": [
            {"module": "ahci", "result": "0", "startSeconds": 1, "seconds": 0.5, "busySeconds": 0.02},
            {"module": "libaes", "result": "0", "startSeconds": 1.1, "seconds": 0.4, "busySeconds": 0.001},
            {"module": "evdev", "result": "0", "startSeconds": 1.2, "seconds": 0.001, "busySeconds": 0.001}]}
            """u8, "x.json");
        var costs = CostTable.All.Where(cost => cost.IsWork).ToDictionary(cost => cost.Name, _ => 0.0);
        var modules = TimedScenario.With(Of(costs, "ahci", "libaes"), timings, slowdown: 4).Modules;
        Assert.Equal(
            (5_000_000, 80_000_000, 400_000_000),
            (modules[0].InitNs, modules[0].InitSleepNs, modules[0].AsyncProbeNs));
        Assert.Equal((250_000, 0, 0), (modules[1].InitNs, modules[1].InitSleepNs, modules[1].AsyncProbeNs));
    }

    [Fact]
    public void AsGuest_scales_costs_where_With_scales_times()
    {
        var timings = Read(("a", "0", 1, 0.1), ("b", "0", 2, 0.2));
        var real = TimedScenario.With(Of([], "a", "b", "c"), timings, 20);
        var guest = TimedScenario.AsGuest(Of([], "a", "b", "c"), timings, 20);
        foreach (var (ours, theirs) in real.Modules.Zip(guest.Modules))
            Assert.InRange(theirs.InitNs, (20 * ours.InitNs) - 20, (20 * ours.InitNs) + 20);
        var (costs, defaults) = (new CostModel().With(guest.Costs), new CostModel());
        Assert.Equal(
            (20 * defaults.SetupNs, defaults.SliceNs, defaults.Jitter, 1),
            (costs.SetupNs, costs.SliceNs, costs.Jitter, costs.EmulatorThreads));
        Assert.Equal(guest.Costs, ScenarioFile.Read(ScenarioFile.Write(guest), "guest.json").Costs);
    }

    [Theory]
    [InlineData("", "x.json: is empty: timings are the output of 'lab/run --json FILE'")]
    [InlineData("x", "x.json:1: not JSON: timings are the output of 'lab/run --json FILE'")]
    [InlineData("[]", "x.json:1: must be an object")]
    [InlineData("{}", "x.json: has no tracedCalls")]
    [InlineData("{\"tracedCalls\": 5}", "x.json:1: tracedCalls: must be a list")]
    [InlineData("{\"tracedCalls\": [5]}", "x.json:1: tracedCalls[0]: must be an object")]
    [InlineData("{\"tracedCalls\": [{}]}", "x.json:1: tracedCalls[0].startSeconds: is missing")]
    [InlineData("{\"tracedCalls\": [{\"module\": 5}]}", "x.json:1: tracedCalls[0].module: must be a text")]
    [InlineData(
        "{\"tracedCalls\": [{\"module\": \"a\", \"result\": \"0\", \"startSeconds\": 1, \"seconds\": -1}]}",
        "x.json: tracedCalls[0]: startSeconds, seconds and busySeconds must be from 0 to 1000000000")]
    public void Read_refuses_other_documents(string json, string message) =>
        Assert.StartsWith(
            message,
            Assert.Throws<ScenarioException>(() => LabTimings.Read(Encoding.UTF8.GetBytes(json), "x.json")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Read_throws_only_ScenarioException_for_a_damaged_run() =>
        Gen.Select(Gen.Int[0, 1000], Gen.Byte).Array[1, 4].Sample(edits =>
    {
        var text = Encoding.UTF8.GetBytes(Json(("ahci", "0", 1.0, 0.5), ("libaes", "ENODEV", 1.1, 0.4)));
        foreach (var (at, value) in edits)
            text[at % text.Length] = value;
        try
        {
            _ = ScenarioFile.Write(TimedScenario.With(Of([], "ahci"), LabTimings.Read(text, "x.json"), 20));
        }
        catch (ScenarioException)
        {
        }
    }, iter: 3000);

    static LabTimings Read(params (string, string, double, double)[] calls) =>
        LabTimings.Read(Encoding.UTF8.GetBytes(Json(calls)), "x.json");

    static string Json(params (string Module, string Result, double Start, double Took)[] calls)
    {
        var traced = calls.Select(call => FormattableString.Invariant($$"""
            {"syscall": "finit_module", "module": "{{call.Module}}", "result": "{{call.Result}}", "tid": 7,
            "startSeconds": {{call.Start}}, "seconds": {{call.Took}}, "bytes": null}
            """));
        return $$"""
            {"kernel": "6.1", "tracedCalls": [{{string.Join(", ", traced)}},
            {"syscall": "finit_module", "module": null, "result": null, "startSeconds": 9, "seconds": 0}]}
            """;
    }

    static Scenario Of(Dictionary<string, double> costs, params string[] modules) => new()
    {
        Name = "timed",
        Cpus = 1,
        MemoryBytes = 1,
        Costs = costs,
        Modules = [.. modules.Select(Module)],
        Aliases = [],
        Devices = [],
    };

    static ScenarioModule Module(string name) =>
        new() { Name = name, FileBytes = 1000, ElfBytes = 1000, ImageBytes = 2000, InitNs = 5000 };
}
