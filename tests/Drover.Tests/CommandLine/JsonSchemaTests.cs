using System.Text.Json;
using System.Text.RegularExpressions;
using Drover.Kmod;
using Drover.Tests.Kmod;

namespace Drover.Tests.CommandLine;

/// <summary>The JSON outputs have the members of the golden file, and the versions of docs/compatibility.md.</summary>
public sealed partial class JsonSchemaTests : IDisposable
{
    static readonly string s_golden =
        Path.Combine(Repository.Root, "tests/Drover.Tests/Fixtures/golden/json-schemas.txt");

    readonly RecordableRoot _root = new("drover-schemas-");

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Every_output_has_its_members_and_types()
    {
        var versions = Versions();
        var outputs = Outputs();
        Assert.Equal(versions.Keys.Order(StringComparer.Ordinal), outputs.Keys.Order(StringComparer.Ordinal));
        var old = File.Exists(s_golden) ? Read(File.ReadAllLines(s_golden)) : [];
        foreach (var (name, text) in outputs.ToList())
        {
            using var json = JsonDocument.Parse(text);
            var lines = new SortedSet<string>(StringComparer.Ordinal);
            Collect(json.RootElement, "", lines);
            if (old.TryGetValue($"{name} {versions[name]}", out var before))
            {
                var gone = before.Except(lines).ToList();
                Assert.True(gone.Count == 0, $"{name}: gone without a new version: {string.Join(", ", gone)}");
            }
            outputs[name] = $"# {name} {versions[name]}\n" + string.Concat(lines.Select(line => line + "\n"));
        }
        var all = string.Join(
            '\n', outputs.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value));
        if (Environment.GetEnvironmentVariable("DROVER_UPDATE_GOLDEN") == "1")
            File.WriteAllText(s_golden, all);
        Assert.Equal(File.Exists(s_golden) ? File.ReadAllText(s_golden) : "(DROVER_UPDATE_GOLDEN=1 writes it)", all);
    }

    /// <summary>The interface's members; a description of another version has another name.</summary>
    [Fact]
    public void The_interface_keeps_its_members()
    {
        const string Golden = "tests/Drover.Tests/Fixtures/golden/io.drover.Loader.txt";
        var text = File.ReadAllText(Path.Combine(Repository.Root, "docs/io.drover.Loader.varlink"));
        var words = Comment.Replace(text, "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var members = Member.Replace(string.Join(' ', words), "\n$0") + "\n";
        var path = Path.Combine(Repository.Root, Golden);
        if (Environment.GetEnvironmentVariable("DROVER_UPDATE_GOLDEN") == "1")
            File.WriteAllText(path, members);
        Assert.Equal(File.Exists(path) ? File.ReadAllText(path) : "(DROVER_UPDATE_GOLDEN=1 writes it)", members);
    }

    Dictionary<string, string> Outputs()
    {
        string[] place = ["--root", _root.Path], machine = [.. place, "--sys", CommandLineRun.Sys];
        var recording = _root.Make("files/boot.jsonl");
        File.WriteAllText(recording, """
            {"type":"watch","version":1,"kernel":"6.1.0-test","cpus":4,"startUs":0,"sinceBoot":true,"degraded":[]}
            {"type":"call","startUs":5,"tookUs":9,"syscall":"finit_module","module":"t_btrfs",
             "namedBy":"module","result":"0","waited":false,"readBytes":5,"wastedBytes":0,"comm":"modprobe",
             "pid":1,"tid":1,"device":null}
            {"type":"totals"}

            """);
        using var live = new FakeMachine().Write(
            "/proc/modules", "mod_b 4096 2 mod_a,mod_c, Live 0xffffffffc0000000 (OE)\n");
        using var modules = new ModuleRoot().Write(
            "kernel/top.ko", new TestModule { Info = ["license=MIT", "parm=size:How many", "parmtype=size:int"] });
        var file = Directory.GetFiles(modules.Path, "top.ko", SearchOption.AllDirectories).Single();
        return new Dictionary<string, string>
        {
            ["coldplug --dry-run --json"] = Run(["coldplug", "--dry-run", "--json", .. machine]),
            ["load --dry-run --json"] = Run(["load", "--dry-run", "--json", "t_btrfs", .. place]),
            ["modules-load --dry-run --json"] = Run(["modules-load", "--dry-run", "--json", .. place]),
            ["resolve --json"] = Run(["resolve", "--json", "t_btrfs", .. place]),
            ["lsmod --json"] = KmodOracle.Ours(new LsmodTool(live.Root), "--json").Out,
            ["modinfo --json"] = Run(["modinfo", "--json", file]),
            ["audit --json"] = Run(["audit", "--json", "--memory", "1G", .. machine]),
            ["herd --json"] = Run(["herd", "--json", "--cpus", "4"]),
            ["boot --json"] = Run(["boot", "--json", "--recording", recording]),
            ["why --json"] = Run(["why", "--json", "t_btrfs", .. machine]),
            ["scenario"] = Run(["scenario", "--memory", "1G", .. machine]),
        };
    }

    static string Run(string[] words)
    {
        var run = CommandLineRun.Run(words);
        Assert.True(run.Exit == 0, $"{string.Join(' ', words)}: {run}");
        return run.Out;
    }

    /// <summary>PATH: TYPE of each value; the elements of an array have one path.</summary>
    static void Collect(JsonElement value, string path, SortedSet<string> lines)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                    Collect(member.Value, $"{path}.{member.Name}", lines);
                break;
            case JsonValueKind.Array:
                lines.Add($"{path}[]");
                foreach (var element in value.EnumerateArray())
                    Collect(element, path + "[]", lines);
                break;
            case var kind:
                var isBool = kind is JsonValueKind.True or JsonValueKind.False;
                lines.Add($"{path}: {(isBool ? "bool" : $"{kind}".ToLowerInvariant())}");
                break;
        }
    }

    static Dictionary<string, string> Versions() =>
        VersionRow.Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs/compatibility.md")))
            .ToDictionary(match => match.Groups["output"].Value, match => match.Groups["version"].Value);

    /// <summary>The lines of each output, by its name and version.</summary>
    static Dictionary<string, List<string>> Read(string[] lines)
    {
        var outputs = new Dictionary<string, List<string>>();
        foreach (var line in lines.Where(line => line.Length > 0))
        {
            if (line[0] == '#')
                outputs.Add(line[2..], []);
            else
                outputs.Last().Value.Add(line);
        }
        return outputs;
    }

    [GeneratedRegex(@"^\| `(?<output>[^`]+)` \| (?<version>\d+) \|$",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    static partial Regex VersionRow { get; }

    [GeneratedRegex("#.*", RegexOptions.None, 1000)]
    static partial Regex Comment { get; }

    [GeneratedRegex(@"\b(type|method|error|interface) ", RegexOptions.ExplicitCapture, 1000)]
    static partial Regex Member { get; }
}
