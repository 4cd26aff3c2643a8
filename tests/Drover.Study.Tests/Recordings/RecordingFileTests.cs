using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Drover.Study.Recordings;

namespace Drover.Study.Tests.Recordings;

/// <summary>Every source becomes a recording; errors name the file, the line and the member.</summary>
public class RecordingFileTests
{
    static readonly RecordingTexts.Call[] s_calls =
    [
        new("a", 1, 0, 1_500_000, "0", 100), new("a", 2, 100, 20, "EEXIST", 100),
        new("b", 2, 300_000, 10, "ETXTBSY", 900),
    ];

    const string Timeline =
        """
        {"release": "6.1.0", "cpus": 4, "timeline": [
        {"module": "live", "first": null},
        {"module": "core", "fileBytes": 100,
         "first": {"wantedAtUs": 5000, "needed": [], "calledAtUs": 5000, "endedAtUs": 8000, "errno": null}},
        {"module": "disk", "fileBytes": 200, "firstAsker": "/devices/d",
         "first": {"wantedAtUs": 5100, "needed": ["core"], "calledAtUs": 8000, "endedAtUs": 9000, "errno": "ENODEV"}}]}
        """;

    [Fact]
    public void Lab_and_watch_give_the_same_recording_of_the_same_calls()
    {
        string[] texts = [RecordingTexts.Lab(s_calls), RecordingTexts.Watch(s_calls)];
        foreach (var recording in texts.Select(text => RecordingTexts.Read(text)))
        {
            Assert.Equal(("6.1.0", 8), (recording.Kernel, recording.Cpus));
            Assert.Equal((3, 2, 100L), (recording.TotalCalls, recording.Modules, recording.InVainBytes));
            string[] results = ["0: 1", "EEXIST: 1", "ETXTBSY: 1"];
            Assert.Equal(results, recording.Results.Select(one => $"{one.Key}: {one.Value}"));
            Assert.Equal([0L, 100_000L, 300_000_000L], recording.Calls.Select(call => call.StartNs));
            CallState[] states = [CallState.Loading, CallState.Failed, CallState.Failed];
            Assert.Equal(states, recording.Calls.Select(call => call.State));
        }
        Assert.Equal(2_500_000_000, RecordingTexts.Read(texts[0]).LengthNs);
        Assert.Equal("/devices/d0", RecordingTexts.Read(texts[1]).Calls[0].Requester);
        var warning = RecordingTexts.Read(texts[1]).Warnings.Single();
        Assert.Contains("12 events of the trace were lost", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Watch_that_was_killed_is_read_up_to_its_incomplete_line()
    {
        var text = RecordingTexts.Watch(s_calls);
        var cut = RecordingTexts.Read(text[..(text.IndexOf("ETXTBSY", StringComparison.Ordinal) + 3)]);
        Assert.Equal(2, cut.TotalCalls);
        Assert.Equal("the watch was killed: its end is missing", cut.Warnings.Single());
    }

    [Fact]
    public void Watch_lines_of_unknown_type_are_skipped()
    {
        var text = $"{RecordingTexts.Watch(s_calls)}{{\"type\":\"new\",\"member\":[]}}\n";
        Assert.Equal(3, RecordingTexts.Read(text).TotalCalls);
    }

    [Fact]
    public void Herd_run_has_counts_and_no_calls()
    {
        var run = RecordingTexts.Read(
            """
            [{"gate": "none", "herd": "udev", "cpus": 255, "calls": {"0": 40, "EEXIST": 400}, "wastedBytes": 12,
              "attempted": 45, "bootSeconds": 1.25, "whyNotBooted": null, "a member of a later version": 7}]
            """);
        Assert.Equal(("udev, gate none", 255, 440, 400), (run.Name, run.Cpus, run.TotalCalls, run.FailedCalls));
        Assert.Equal((12, 1_250_000_000), (run.InVainBytes, run.LengthNs));
        Assert.Empty(run.Calls);
    }

    [Fact]
    public void Timeline_has_the_waits_of_each_module()
    {
        var recording = RecordingTexts.Read(Timeline);
        Assert.Equal(["core", "disk"], recording.Calls.Select(call => call.Module));
        var disk = recording.Calls[1];
        Assert.Equal((100_000L, 3_000_000L, 1_000_000L), (disk.RequestNs, disk.StartNs, disk.TookNs));
        Assert.Equal("ENODEV", disk.Result);
        Assert.Equal(["core"], disk.Needed);
        Assert.Equal((200L, "/devices/d"), (recording.InVainBytes, disk.Requester));
    }

    [Theory]
    [InlineData("", "f.json: is empty: expected the output of 'drover watch --json', ")]
    [InlineData(" \n\n", "f.json: is empty")]
    [InlineData("\ufeff", "f.json: is empty")]
    [InlineData("PK\u0003\u0004", "f.json:1: not JSON: expected ")]
    [InlineData("{\n\n{", "f.json:3: not JSON")]
    [InlineData("{\"timeline\": [\n", "f.json:2: not JSON")]
    [InlineData("7", "f.json: not a recording")]
    [InlineData("{}", "f.json: not a recording")]
    [InlineData("[]", "f.json: contains no run")]
    [InlineData("[\n7]", "f.json: not a recording: expected ")]
    [InlineData("[    0.000000] Linux version 6.12", "f.json: not a recording: expected ")]
    [InlineData("[null]", "f.json: not a recording")]
    [InlineData("[{}, 7]", "f.json:1: [0]: lacks ")]
    [InlineData("[\n{\"herd\": \"udev\",\n\"gate\": 7}]", "f.json:3: [0].gate: has the wrong type")]
    [InlineData("[{\"herd\": \"udev\", \"herd\": \"udev\"}]", "f.json:1: [0]")]
    [InlineData("[{\"cpus\": -1}]", "f.json:1: [0].cpus: must be a whole number of at least 0")]
    [InlineData("[{\"calls\": {\"0\": -1}}]", "f.json:1: [0].calls.0: must be a whole number of at least 0")]
    [InlineData("{\"tracedCalls\":\n[]}", "f.json:2: lacks 'loaderStartSeconds', ")]
    [InlineData(
        "{\"tracedCalls\": [\n{\"startSeconds\":\n1e300}]}",
        "f.json:3: tracedCalls[0].startSeconds: must be a number of seconds")]
    [InlineData(
        "{\"timeline\": [{\"first\":\n{\"calledAtUs\": 5, \"endedAtUs\": 4}}]}",
        "f.json:2: timeline[0].first: endedAtUs is before calledAtUs")]
    [InlineData("{\"version\": 2, \"timeline\": []}", "f.json:1: version: its version is 2, and this program reads")]
    [InlineData("{\"timeline\": [{\"module\": \"\\ud800\"}]}", "f.json:1: timeline[0].module: ")]
    [InlineData("{\"type\":\"watch\",\"version\":2}", "f.json:1: not a line of a recording: its version is 2")]
    [InlineData("{\"type\":\"watch\",\"version\":1}\n", "f.json:1: not a line of a recording: lacks 'kernel'")]
    [InlineData("{\"type\":\"watch\"", "f.json:1: the first line is incomplete")]
    public void Read_names_file_line_and_member_of_an_error(string text, string message)
    {
        var problem = Assert.Throws<RecordingException>(() => RecordingTexts.Read(text, "f.json"));
        Assert.StartsWith(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Watch_is_read_as_other_programs_write_it()
    {
        var text = RecordingTexts.Watch(s_calls);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonNode.Parse(line)!).ToList();
        var indented = new JsonSerializerOptions { WriteIndented = true };
        var sorted = lines.Select(line => new JsonObject(line.AsObject().OrderBy(member => member.Key)
            .Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone()))));
        string[] texts =
        [
            text.Replace(":", ": ", StringComparison.Ordinal), $"\ufeff{text}",
            text.Replace("\n", "\r\n\r\n", StringComparison.Ordinal),
            string.Join('\n', lines.Select(line => line.ToJsonString(indented))),
            string.Join('\n', sorted.Select(line => line.ToJsonString())),
            new JsonArray([.. lines.Select(line => line.DeepClone())]).ToJsonString(indented),
        ];
        var expected = RecordingTexts.Read(text);
        foreach (var written in texts)
        {
            var read = RecordingTexts.Read(written);
            Assert.Equal(expected.Calls.Select(call => (call.Module, call.StartNs)),
                read.Calls.Select(call => (call.Module, call.StartNs)));
            Assert.Equal(expected.Warnings, read.Warnings);
        }
        var wrong = texts[3].Replace("\"b\"", "7", StringComparison.Ordinal);
        var problem = Assert.Throws<RecordingException>(() => RecordingTexts.Read(wrong));
        Assert.Matches(@"^file\.json:\d\d: not a line of a recording: ", problem.Message);
    }

    [Fact]
    public void Watch_is_read_in_pieces_that_end_anywhere()
    {
        // lines of several lengths, and one that is longer than a piece
        var calls = Enumerable.Range(0, 2000).Select(i => new RecordingTexts.Call(
            i == 1000 ? new string('m', 200_000) : $"m{new string('x', i % 97)}", i % 9, i, 5,
            i % 3 == 0 ? "0" : "EEXIST")).ToList();
        var text = $"\ufeff{RecordingTexts.Watch(calls)}";
        Assert.Equal(calls.Select(call => (call.Module, call.StartUs * 1000, call.Result)),
            RecordingTexts.Read(text).Calls.Select(call => (call.Module, call.StartNs, call.Result ?? "")));
        var line = text[..text.LastIndexOf("\"EEXIST\"", StringComparison.Ordinal)].Count(one => one == '\n') + 1;
        var wrong = text.Insert(text.LastIndexOf("\"EEXIST\"", StringComparison.Ordinal), "7");
        var problem = Assert.Throws<RecordingException>(() => RecordingTexts.Read(wrong));
        Assert.Equal($"file.json:{line}: not JSON: ", problem.Message[..$"file.json:{line}: not JSON: ".Length]);
    }

    [Fact]
    public void Compressed_file_is_read()
    {
        var path = Path.GetTempFileName();
        try
        {
            using (var gzip = new GZipStream(File.Create(path), CompressionMode.Compress))
                gzip.Write(Encoding.UTF8.GetBytes(RecordingTexts.Watch(s_calls)));
            Assert.Equal(3, RecordingFile.Load(path).Single().TotalCalls);
            File.WriteAllBytes(path, File.ReadAllBytes(path)[..40]);
            var problem = Assert.Throws<RecordingException>(() => RecordingFile.Load(path));
            Assert.StartsWith($"{path}: ", problem.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Read_throws_only_RecordingException_for_damaged_files()
    {
        string[] texts = [RecordingTexts.Lab(s_calls), RecordingTexts.Watch(s_calls), Timeline];
        byte[][] whole = [.. texts.Select(Encoding.UTF8.GetBytes)];
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 4000], Gen.Byte, Gen.Bool).Sample((which, at, value, cut) =>
        {
            var bytes = whole[which].ToArray();
            at %= bytes.Length;
            bytes[at] = value;
            try
            {
                _ = RecordingFile.Read(new MemoryStream(cut ? bytes[..at] : bytes), "f");
            }
            catch (RecordingException)
            {
                // as documented
            }
        });
    }
}
