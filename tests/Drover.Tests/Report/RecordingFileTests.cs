using System.Text;
using CsCheck;
using Drover.Report;

namespace Drover.Tests.Report;

/// <summary>Each source becomes the same kind of recording, and what is none is told with file, line and field.</summary>
public class RecordingFileTests
{
    static readonly Recordings.Call[] Two = [new("a", 1, 0, 1_500_000, "0", 100), new("a", 2, 100, 20, "EEXIST", 100), new("b", 2, 300_000, 10, "ETXTBSY", 900)];

    [Fact]
    public void The_lab_and_a_watch_tell_the_same_of_the_same_calls()
    {
        foreach (var recording in new[] { Recordings.Read(Recordings.Lab(Two)), Recordings.Read(Recordings.Watch(Two)) })
        {
            Assert.Equal(("6.1.0", 8, 3, 2, 100L), (recording.Kernel, recording.Cpus, recording.TotalCalls, recording.Modules, recording.InVainBytes));
            Assert.Equal([("0", 1L), ("EEXIST", 1L), ("ETXTBSY", 1L)], recording.Results.Select(result => (result.Key, result.Value)));
            Assert.Equal([0L, 100_000L, 300_000_000L], recording.Calls.Select(call => call.StartNs));
            Assert.Equal([BarKind.Loading, BarKind.Failed, BarKind.Failed], recording.Calls.Select(call => call.Kind));
        }
        Assert.Equal(2_500_000_000, Recordings.Read(Recordings.Lab(Two)).LengthNs);
        Assert.Equal("/devices/d0", Recordings.Read(Recordings.Watch(Two)).Calls[0].Asker);
        Assert.Contains("12 events of the trace were lost", Recordings.Read(Recordings.Watch(Two)).Doubts.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_watch_that_was_killed_is_read_up_to_there()
    {
        var text = Recordings.Watch(Two);
        var cut = Recordings.Read(text[..(text.IndexOf("ETXTBSY", StringComparison.Ordinal) + 3)]);
        Assert.Equal(2, cut.TotalCalls);
        Assert.Equal("the watch was killed: its end is missing", cut.Doubts.Single());
    }

    [Fact]
    public void A_herd_run_has_counts_and_no_calls()
    {
        var run = Recordings.Read("""[{"gate": "none", "herd": "udev", "cpus": 255, "calls": {"0": 40, "EEXIST": 400}, "wastedBytes": 12, "attempted": 45, "bootSeconds": 1.25, "whyNotBooted": null}]""");
        Assert.Equal(("udev, gate none", 255, 440, 400, 12, 1_250_000_000), (run.Name, run.Cpus, run.TotalCalls, run.FailedCalls, run.InVainBytes, run.LengthNs));
        Assert.Empty(run.Calls);
    }

    [Fact]
    public void A_timeline_has_what_each_module_waited_for()
    {
        var recording = Recordings.Read(Timeline);
        Assert.Equal(["core", "disk"], recording.Calls.Select(call => call.Module));
        var disk = recording.Calls[1];
        Assert.Equal((100_000L, 3_000_000L, 1_000_000L, "ENODEV"), (disk.WantedNs, disk.StartNs, disk.TookNs, disk.Result));
        Assert.Equal(["core"], disk.Needed);
        Assert.Equal((200L, "/devices/d"), (recording.InVainBytes, disk.Asker));
    }

    internal const string Timeline =
        """
        {"release": "6.1.0", "cpus": 4, "timeline": [
        {"module": "live", "first": null},
        {"module": "core", "fileBytes": 100, "first": {"wantedAtUs": 5000, "needed": [], "calledAtUs": 5000, "endedAtUs": 8000, "errno": null}},
        {"module": "disk", "fileBytes": 200, "firstAsker": "/devices/d", "first": {"wantedAtUs": 5100, "needed": ["core"], "calledAtUs": 8000, "endedAtUs": 9000, "errno": "ENODEV"}}]}
        """;

    [Theory]
    [InlineData("", "f.json:1: not JSON")]
    [InlineData("{\n\n{", "f.json:3: not JSON")]
    [InlineData("7", "f.json: not a recording")]
    [InlineData("{}", "f.json: not a recording")]
    [InlineData("[]", "f.json: no run is in it")]
    [InlineData("[\n7]", "f.json:2: [0]: must be an object")]
    [InlineData("[\n{\"herd\": \"udev\",\n\"gate\": 7}]", "f.json:3: [0].gate: must be a text")]
    [InlineData("[{\"herd\": \"udev\", \"gate\": \"none\", \"cpus\": -1}]", "f.json:1: [0].cpus: must be a whole number")]
    [InlineData("{\"tracedCalls\":\n[]}", "f.json:1: loaderStartSeconds: must be a number of seconds")]
    [InlineData("{\"loaderStartSeconds\": 1, \"tracedCalls\": [\n{\"startSeconds\":\n1e300}]}", "f.json:3: tracedCalls[0].startSeconds: must be a number of seconds")]
    [InlineData("{\"timeline\": [{\"first\":\n{\"calledAtUs\": 5, \"endedAtUs\": 4}}]}", "f.json:2: timeline[0].first: endedAtUs: is before calledAtUs")]
    [InlineData("{\"timeline\": [{\"module\": \"\\ud800\", \"first\": {\"calledAtUs\": 5}}]}", "f.json:1: timeline[0].module: must be a text or null")]
    [InlineData("{\"type\":\"watch\",\"version\":2}", "f.json:1: the recording is of version 2")]
    [InlineData("{\"type\":\"watch\"}\n", "f.json:1: no line of a recording")]
    [InlineData("{\"type\":\"watch\",\"version\":1,\"kernel\":\"k\",\"cpus\":1,\"startUs\":0,\"sinceBoot\":false,\"degraded\":[]}\n\n", "f.json:2: ")]
    public void What_is_none_is_told_with_file_line_and_field(string text, string message)
    {
        var problem = Assert.Throws<RecordingException>(() => RecordingFile.Read(Encoding.UTF8.GetBytes(text), "f.json"));
        Assert.StartsWith(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_the_bytes_nothing_else_is_thrown()
    {
        byte[][] whole = [.. new[] { Recordings.Lab(Two), Recordings.Watch(Two), Timeline }.Select(Encoding.UTF8.GetBytes)];
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 4000], Gen.Byte, Gen.Bool).Sample((which, at, value, cut) =>
        {
            var bytes = whole[which].ToArray();
            at %= bytes.Length;
            bytes[at] = value;
            try
            {
                _ = RecordingFile.Read(cut ? bytes.AsMemory(0, at) : bytes, "f");
            }
            catch (RecordingException)
            {
                // told
            }
        });
    }
}
