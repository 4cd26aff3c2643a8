using System.Text;
using CsCheck;
using Drover.Model.Scenarios;

namespace Drover.Model.Tests.Scenarios;

public sealed class ScenarioFileTests
{
    const string Small = """
        {
          "format": "drover-scenario",
          "version": 1,
          "name": "two modules",
          "cpus": 4,
          "memoryBytes": 1073741824,
          "costs": { "openNs": 5000 },
          "modules": [
            { "name": "ptp", "fileBytes": 1000, "elfBytes": 1000, "imageBytes": 8192 },
            {
              "name": "e1000e",
              "fileBytes": 2000, "elfBytes": 2000, "imageBytes": 16384,
              "dependencies": ["ptp"]
            }
          ],
          "aliases": [
            { "modalias": "pci:v00008086d000010D3", "modules": ["e1000e"] }
          ],
          "devices": [
            { "path": "/devices/system/cpu/cpu{cpu}", "isPerCpu": true },
            { "path": "/devices/pci0000:00/0000:00:19.0", "modaliases": ["pci:v00008086d000010D3"] },
            { "path": "/devices/virtual/ptp/ptp0", "appearsWith": "e1000e" }
          ]
        }

        """;

    [Fact]
    public void Read_sets_missing_members_to_empty_zero_or_false()
    {
        var scenario = ScenarioFile.Read(Encoding.UTF8.GetBytes(Small), "small.json");
        Assert.Equal(("two modules", "", 4), (scenario.Name, scenario.Description, scenario.Cpus));
        Assert.Equal(["ptp"], scenario.Modules[1].Dependencies);
        Assert.Equal(
            (0, null, false),
            (scenario.Modules[1].InitNs, scenario.Modules[1].InitError, scenario.Modules[1].IsMeasured));
        Assert.Equal("e1000e", scenario.Devices[2].AppearsWith);
        Assert.Equal(5000, new CostModel().With(scenario.Costs).OpenNs);
    }

    /// <summary>A part of the file, its replacement, and the message.</summary>
    public static TheoryData<string, string, string> Mistakes => new()
    {
        { "\"version\": 1", "\"version\": 2", "small.json:3: version: is 2, and this drover reads version 1 only" },
        {
            "drover-scenario", "drover-herd",
            "small.json:2: format: is 'drover-herd', not 'drover-scenario': another kind of file"
        },
        { "\"cpus\": 4", "\"cpu\": 4", "small.json:5: cpu: there is no such member; did you mean 'cpus'?" },
        { "\"cpus\": 4,", "", "small.json:24: cpus: is missing" },
        { "\"cpus\": 4", "\"cpus\": \"4\"", "small.json:5: cpus: must be a whole number" },
        { "\"cpus\": 4", "\"cpus\": 4, \"cpus\": 5", "small.json:5: cpus: occurs twice" },
        { "\"cpus\": 4", "\"cpus\": 99999999999999999999", "small.json:5: cpus: must be a whole number" },
        { "\"cpus\": 4", "\"cpus\": 9999999999", "small.json:5: cpus: must be a whole number of at most 2147483647" },
        { "\"cpus\": 4", "\"cpus\": 9999", "small.json:5: cpus: must be at most 8192" },
        { "\"cpus\": 4", "\"cpus\": 0", "small.json:5: cpus: must be at least 1" },
        { "1073741824", "1073741824.5", "small.json:6: memoryBytes: must be a whole number" },
        { "\"openNs\"", "\"opensNs\"", "small.json:7: costs.opensNs: there is no such cost; did you mean 'openNs'?" },
        { "5000", "-1", "small.json:7: costs.openNs: must not be negative" },
        { "5000", "1e999", "small.json:7: costs.openNs: must be a number" },
        { "\"fileBytes\": 2000", "\"fileBytes\": -2000", "small.json:12: modules[1].fileBytes: must not be negative" },
        {
            "\"fileBytes\": 2000", "\"fileByte\": 2000",
            "small.json:12: modules[1].fileByte: there is no such member; did you mean 'fileBytes'?"
        },
        { "\"fileBytes\": 2000, ", "", "small.json:14: modules[1].fileBytes: is missing" },
        {
            "\"elfBytes\": 2000", "\"elfBytes\": 2001",
            "small.json:12: modules[1].elfBytes: must equal fileBytes where modules are not compressed"
        },
        {
            "\"imageBytes\": 16384", "\"imageBytes\": 16384, \"textBytes\": 20000",
            "small.json:12: modules[1].textBytes: is more than imageBytes, of which it is a part"
        },
        {
            "\"imageBytes\": 16384", "\"imageBytes\": 16384000000000",
            "small.json:12: modules[1].imageBytes: must be at most 536870912"
        },
        {
            "\"imageBytes\": 16384", "\"imageBytes\": 16384, \"initError\": \"ENODEF\"",
            "small.json:12: modules[1].initError: is not the name of an errno such as ENODEV"
        },
        {
            "\"e1000e\",", "\"e1000-e\",",
            "small.json:11: modules[1].name: is not a module's name: at most 55 letters, digits, '_' and '+'"
        },
        { "\"e1000e\",", "\"ptp\",", "small.json:11: modules[1].name: there are two modules 'ptp'" },
        {
            "[\"ptp\"]", "[\"pttp\"]",
            "small.json:13: modules[1].dependencies[0]: there is no module 'pttp' in this scenario; did you mean 'ptp'?"
        },
        { "[\"ptp\"]", "[\"ptp\", \"ptp\"]", "small.json:13: modules[1].dependencies[1]: 'ptp' occurs twice" },
        {
            "[\"ptp\"]", "[\"e1000e\"]",
            "small.json:13: modules[1].dependencies[0]: 'e1000e' does not precede 'e1000e': dependencies come first"
        },
        { "[\"ptp\"]", "\"ptp\"", "small.json:13: modules[1].dependencies: must be a list, […]" },
        {
            "[\"ptp\"]", "[\"ptp\"], \"softdepsAfter\": [\"nvme\"]",
            "small.json:13: modules[1].softdepsAfter[0]: there is no module 'nvme' in this scenario"
        },
        {
            "\"imageBytes\": 8192", "\"imageBytes\": 8192, \"dependencies\": [\"e1000e\"]",
            "small.json:9: modules[0].dependencies[0]: 'e1000e' does not precede 'ptp': dependencies come first"
        },
        {
            "[\"e1000e\"] }", "[\"igb\"] }",
            "small.json:17: aliases[0].modules[0]: there is no module 'igb' in this scenario"
        },
        {
            "[\"e1000e\"] }", "[] }",
            "small.json:17: aliases[0].modules: is empty: a modalias without modules is not listed"
        },
        {
            "\"modalias\": \"pci:v00008086d000010D3\"", "\"modalias\": \"pci:[\"",
            "small.json:17: aliases[0].modalias: has an unmatched bracket, and so matches nothing (kmod: EINVAL)"
        },
        {
            "\"modalias\": \"pci:v00008086d000010D3\"", "\"modalias\": \"ptp\"",
            "small.json:17: aliases[0].modalias: 'ptp' is a module's name, and can have that module only"
        },
        {
            "\"modalias\": \"pci:v00008086d000010D3\"", "\"modalias\": \"päi\"",
            "small.json:17: aliases[0].modalias: must be ASCII, without blanks"
        },
        { "cpu{cpu}", "cpu", "small.json:20: devices[0].path: must have {cpu} once, for the number of the CPU" },
        {
            "\"isPerCpu\": true", "\"isPerCpu\": false",
            "small.json:20: devices[0].path: has {cpu}, but isPerCpu is not set"
        },
        { "\"isPerCpu\": true", "\"isPerCpu\": 1", "small.json:20: devices[0].isPerCpu: must be true or false" },
        {
            "/devices/pci0000:00/0000:00:19.0", "/devices/system/cpu/cpu12",
            "small.json:21: devices[1].path: '/devices/system/cpu/cpu12' is one of /devices/system/cpu/cpu{cpu}"
        },
        {
            "/devices/pci0000:00/0000:00:19.0", "/devices/virtual/ptp/ptp0",
            "small.json:22: devices[2].path: '/devices/virtual/ptp/ptp0' occurs twice"
        },
        {
            "\"appearsWith\": \"e1000e\"", "\"appearsWith\": \"e1000\"",
            "small.json:22: devices[2].appearsWith: there is no module 'e1000' in this scenario; did you mean 'e1000e'?"
        },
        {
            "\"name\": \"two modules\"", "\"name\": \"\\ud800\"",
            "small.json:4: name: must be a text, \"…\", without halves of surrogate pairs"
        },
        { "[\"ptp\"]", "[null]", "small.json:13: modules[1].dependencies[0]: must not be null" },
        {
            "{ \"path\": \"/devices/virtual/ptp/ptp0\", \"appearsWith\": \"e1000e\" }", "null",
            "small.json:22: devices[2]: must not be null"
        },
        {
            "\"version\": 1", "\"version\": 1, \"compression\": \"gzip, xz\"",
            "small.json:3: compression: must be one of none, gzip, xz, zstd"
        },
        {
            "\"version\": 1", "\"version\": 1, \"compression\": 2",
            "small.json:3: compression: must be one of none, gzip, xz, zstd"
        },
        { "\"version\": 1,", "", "small.json:24: version: is missing" },
        { "\"name\": \"two modules\"", "\"name\": null", "small.json:4: name: must be a text, \"…\"" },
        { "\"cpus\": 4,", "\"cpus\": 4", "small.json:6: not JSON" },
        { "  ]\n}", "  ]\n} 5", "small.json:24: not JSON" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Read_reports_a_mistake_with_file_line_and_member(string right, string wrong, string message)
    {
        Assert.Contains(right, Small, StringComparison.Ordinal);
        var at = Small.IndexOf(right, StringComparison.Ordinal);
        var json = string.Concat(Small.AsSpan(0, at), wrong, Small.AsSpan(at + right.Length));
        Assert.StartsWith(message, ProblemOf(json), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_reports_a_missing_indirect_dependency()
    {
        const string Igc = """
            , { "name": "igc", "fileBytes": 1, "elfBytes": 1, "imageBytes": 1, "dependencies": ["e1000e"] }
            """;
        var json = Small.Insert(Small.IndexOf("\n  ],\n  \"aliases\"", StringComparison.Ordinal), Igc);
        Assert.Equal(
            "small.json:14: modules[2].dependencies[0]: 'e1000e' needs 'ptp', which must precede it", ProblemOf(json));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"format\"")]
    [InlineData("\xef\xbb\xbf{}")]
    public void Read_refuses_a_document_that_is_not_an_object(string json) =>
        Assert.Matches(
            "^x.json(: is empty|:1: .*): expected what 'drover scenario' wrote$",
            Assert.Throws<ScenarioException>(() => ScenarioFile.Read(Encoding.Latin1.GetBytes(json), "x.json"))
                .Message);

    [Fact]
    public void Read_reports_a_mistake_at_the_end_of_the_largest_file_in_seconds()
    {
        var modules = Enumerable.Range(0, 8192).Select(i =>
        {
            var dependencies = Enumerable.Range(i / 128 * 128, i % 128).Select(on => $"\"module_{on}\"");
            return $"{{ \"name\": \"module_{i}\", \"fileBytes\": 1, \"elfBytes\": 1, \"imageBytes\": 1, "
                + $"\"dependencies\": [{string.Join(',', dependencies)}] }}";
        });
        var perCpu = Enumerable.Range(0, 256)
            .Select(i => $"{{ \"path\": \"/devices/{i}/cpu{{cpu}}\", \"isPerCpu\": true }}");
        var devices = Enumerable.Range(0, 65_000).Select(i => $"{{ \"path\": \"/devices/0/cpu/{i}\" }}");
        var last = $"{{ \"path\": \"/x\", \"appearsWith\": \"{new string('m', 4000)}\" }}";
        var json = $$"""
            { "format": "drover-scenario", "version": 1, "name": "large", "cpus": 1, "memoryBytes": 1, "aliases": [],
            "modules": [{{string.Join(',', modules)}}],
            "devices": [{{string.Join(',', [.. perCpu, .. devices, last])}}] }
            """;
        var began = System.Diagnostics.Stopwatch.StartNew();
        var problem = Assert.Throws<ScenarioException>(
            () => ScenarioFile.Read(Encoding.UTF8.GetBytes(json), "large.json"));
        Assert.Equal("large.json:3: devices[65256].appearsWith: is not a module's name", problem.Message);
        Assert.InRange(began.Elapsed.TotalSeconds, 0, 20);
    }

    [Fact]
    public void Load_stops_reading_an_endless_stream() =>
        Assert.Contains(
            "more than 16777216 bytes", Assert.Throws<ScenarioException>(() => ScenarioFile.Load("/dev/zero")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Write_refuses_a_contradictory_scenario() =>
        Assert.Throws<ScenarioException>(
            () =>
                ScenarioFile.Write(ScenarioFile.Read(Encoding.UTF8.GetBytes(Small), "small.json") with { Cpus = -1 }));

    [Fact]
    public void Read_returns_what_Write_has_written() => RandomScenario.Any.Sample(scenario =>
    {
        var text = ScenarioFile.Write(scenario);
        var back = ScenarioFile.Read(text, "back.json");
        Assert.Equal(text, ScenarioFile.Write(back));
        Assert.Equal((
            scenario.Name, scenario.Description, scenario.Kernel, scenario.Cpus, scenario.MemoryBytes,
            scenario.Compression),
            (back.Name, back.Description, back.Kernel, back.Cpus, back.MemoryBytes, back.Compression));
        Assert.Equal(scenario.Costs, back.Costs);
        Assert.Equivalent(scenario.Modules, back.Modules, strict: true);
        Assert.Equivalent(scenario.Aliases, back.Aliases, strict: true);
        Assert.Equivalent(scenario.Devices, back.Devices, strict: true);
    }, iter: 300);

    [Fact]
    public void Read_throws_only_ScenarioException_for_a_damaged_file()
    {
        var damage = Gen.Select(
            RandomScenario.Any,
            Gen.Select(
                Gen.Int[0, 1 << 20], Gen.Int[0, 3],
                Gen.OneOf(Gen.Byte, Gen.OneOf("\"{}[]:,-0159eE.\\ntu \n"u8.ToArray()))).Array[1, 4]);
        damage.Sample((scenario, edits) =>
        {
            var text = ScenarioFile.Write(scenario).ToList();
            foreach (var (place, kind, value) in edits)
            {
                var at = place % text.Count;
                if (kind == 0)
                    text.Insert(at, value);
                else if (kind == 1 && text.Count > 1)
                    text.RemoveAt(at);
                else if (kind == 2 && text.Count - at < 200)
                    text.RemoveRange(at, text.Count - at - 1);
                else
                    text[at] = value;
            }
            try
            {
                var read = ScenarioFile.Read(text.ToArray(), "damaged.json");
                _ = ScenarioCatalog.Of(read);
                _ = ScenarioFile.Write(read);
            }
            catch (ScenarioException problem)
            {
                Assert.Matches(@"^damaged\.json:[1-9][0-9]*: ", problem.Message);
            }
        }, iter: 3000);
    }

    static string ProblemOf(string json) =>
        Assert.Throws<ScenarioException>(() => ScenarioFile.Read(Encoding.UTF8.GetBytes(json), "small.json")).Message;
}
