using System.Globalization;
using System.Text;
using Drover.Report;

namespace Drover.Tests.Report;

/// <summary>Recordings for tests, as their sources write them. Stateless.</summary>
static class Recordings
{
    /// <summary>What somebody may call a process, a module file or a device.</summary>
    public const string Hostile = "</script><script>alert(\"'&\")</script>\u001b[2J\u0000";

    /// <summary>A call as a source has it.</summary>
    public sealed record Call(string Module, int Worker, long StartUs, long TookUs, string Result, long Bytes = 1000);

    /// <summary>Each of so many workers wants the same two modules: the first brings them.</summary>
    public static IEnumerable<Call> Herd(int workers)
    {
        for (var worker = 0; worker < workers; worker++)
        {
            yield return new("aesni_intel", worker, 1000 + (worker * 10), 500_000, worker == 0 ? "0" : "EEXIST", 400_000);
            yield return new("acpi_cpufreq", worker, 600_000 + (worker * 10), 20_000, "ENODEV", 50_000);
        }
    }

    /// <summary>As <c>lab/run --json</c> writes it.</summary>
    public static string Lab(IEnumerable<Call> calls, string loader = "udev", int cpus = 8)
    {
        var all = calls.ToList();
        var sizes = all.DistinctBy(call => call.Module).Select(call => $"{Json(call.Module)}: {call.Bytes}");
        var traced = all.Select(call => string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"syscall": "finit_module", "module": {{Json(call.Module)}}, "result": "{{call.Result}}", "tid": {{call.Worker}}, "comm": "udev", "startSeconds": {{10 + (call.StartUs / 1e6)}}, "seconds": {{call.TookUs / 1e6}}, "bytes": null}"""));
        return $$"""
            {"kernel": "6.1", "kernelRelease": "6.1.0", "cpus": {{cpus}}, "loader": {{Json(loader)}}, "wastedBytes": 7, "loaderStartSeconds": 10, "coldplugSeconds": 2.5, "warnings": [],
             "fileBytes": { {{string.Join(", ", sizes)}} },
             "tracedCalls": [
            {{string.Join(",\n", traced)}}]}
            """;
    }

    /// <summary>As <c>drover watch --json</c> writes it.</summary>
    public static string Watch(IEnumerable<Call> calls, string device = "/devices/d0")
    {
        var lines = calls.Select(call =>
            $$"""{"type":"call","startUs":{{call.StartUs}},"tookUs":{{call.TookUs}},"syscall":"finit_module","module":{{Json(call.Module)}},"namedBy":"module","result":"{{call.Result}}","waited":false,"readBytes":{{call.Bytes}},"wastedBytes":0,"comm":{{Json(device)}},"pid":1,"tid":{{call.Worker}},"device":{{Json(device)}}}""");
        return $"{{\"type\":\"watch\",\"version\":1,\"kernel\":\"6.1.0\",\"cpus\":8,\"startUs\":0,\"sinceBoot\":false,\"degraded\":[]}}\n{string.Concat(lines.Select(line => $"{line}\n"))}{{\"type\":\"lost\",\"events\":12}}\n{{\"type\":\"totals\"}}\n";
    }

    public static Recording Read(string text, string file = "file.json") => Assert.Single(RecordingFile.Read(Encoding.UTF8.GetBytes(text), file));

    static string Json(string text) => System.Text.Json.JsonSerializer.Serialize(text);
}
