using System.Globalization;
using System.Text.Json;
using Drover.Study.Recordings;

namespace Drover.Study.Tests.Recordings;

/// <summary>Recordings as their sources write them.</summary>
static class RecordingTexts
{
    /// <summary>A hostile name of a process, a module file or a device.</summary>
    public const string Hostile = "</script><script>alert(\"'&\")</script>\u001b[2J\u0000";

    /// <summary>A load call.</summary>
    public sealed record Call(string Module, int Worker, long StartUs, long TookUs, string Result, long Bytes = 1000);

    /// <summary>Each worker loads the same two modules; the first one succeeds with one of them.</summary>
    public static IEnumerable<Call> Herd(int workers)
    {
        for (var worker = 0; worker < workers; worker++)
        {
            var result = worker == 0 ? "0" : "EEXIST";
            yield return new("aesni_intel", worker, 1000 + (worker * 10), 500_000, result, 400_000);
            yield return new("acpi_cpufreq", worker, 600_000 + (worker * 10), 20_000, "ENODEV", 50_000);
        }
    }

    /// <summary>The output of <c>lab/run --json</c>.</summary>
    public static string Lab(IEnumerable<Call> calls, string loader = "udev", int cpus = 8)
    {
        List<Call> all = [.. calls];
        var sizes = all.DistinctBy(call => call.Module).Select(call => $"{Json(call.Module)}: {call.Bytes}");
        var traced = all.Select(call =>
        {
            var start = Number(10 + (call.StartUs / 1e6));
            return $$"""
                {"syscall": "finit_module", "module": {{Json(call.Module)}}, "result": "{{call.Result}}",
                 "tid": {{call.Worker}}, "comm": "udev", "startSeconds": {{start}},
                 "seconds": {{Number(call.TookUs / 1e6)}}, "bytes": null}
                """;
        });
        return $$"""
            {"kernel": "6.1", "kernelRelease": "6.1.0", "cpus": {{cpus}}, "loader": {{Json(loader)}}, "wastedBytes": 7,
             "loaderStartSeconds": 10, "coldplugSeconds": 2.5, "warnings": [],
             "fileBytes": { {{string.Join(", ", sizes)}} },
             "tracedCalls": [
            {{string.Join(",\n", traced)}}]}
            """;

        static string Number(double number) => number.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The output of <c>drover watch --json</c>.</summary>
    public static string Watch(IEnumerable<Call> calls, string device = "/devices/d0")
    {
        const string Header = """
            {"type":"watch","version":1,"kernel":"6.1.0","cpus":8,"startUs":0,"sinceBoot":false,"degraded":[]}

            """;
        const string End = """
            {"type":"lost","events":12}
            {"type":"totals","calls":2,"byResult":{"0":1,"EEXIST":1}}

            """;
        var lines = calls.Select(call =>
            $$"""{"type":"call","startUs":{{call.StartUs}},"tookUs":{{call.TookUs}},"syscall":"finit_module","""
            + $$""" "module":{{Json(call.Module)}},"namedBy":"module","result":"{{call.Result}}","waited":false,"""
            + $$""" "readBytes":{{call.Bytes}},"wastedBytes":0,"comm":{{Json(device)}},"pid":1,"tid":{{call.Worker}},"""
            + $$""" "device":{{Json(device)}}}""" + "\n");
        return $"{Header}{string.Concat(lines)}{End}";
    }

    public static Recording Read(string text, string file = "file.json") =>
        Assert.Single(RecordingFile.Read(text, file));

    static string Json(string text) => JsonSerializer.Serialize(text);
}
