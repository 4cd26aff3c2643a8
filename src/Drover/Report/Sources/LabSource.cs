using System.Globalization;
using Drover.Verbs;

namespace Drover.Report;

/// <summary>What <c>lab/run --json</c> wrote (lab/README.md). Stateless.</summary>
static class LabSource
{
    /// <exception cref="RecordingException">A field is missing or wrong.</exception>
    public static Recording Read(JsonSource source)
    {
        var run = source.Fields;
        var begin = run.Seconds("loaderStartSeconds");
        var sizes = run.Counts("fileBytes");
        var calls = new List<RecordedCall>();
        foreach (var call in run.Objects("tracedCalls"))
        {
            var module = call.OptionalText("module");
            calls.Add(new RecordedCall
            {
                Module = module ?? WatchTally.Nameless,
                StartNs = call.Seconds("startSeconds"),
                TookNs = call.Seconds("seconds"),
                Result = call.OptionalText("result"),
                Bytes = call.OptionalWhole("bytes") ?? (module is not null && sizes.TryGetValue(module, out var size) ? size : null),
                Worker = $"{call.OptionalText("comm")} {call.Whole("tid").ToString(CultureInfo.InvariantCulture)}",
            });
        }
        var recording = Recording.Of(NameOf(run.Text("loader")), "a run in the lab", calls, begin);
        recording.Kernel = run.OptionalText("kernelRelease");
        recording.Cpus = (int)Math.Min(run.Whole("cpus"), int.MaxValue);
        // without the files' sizes the calls do not tell it
        if (sizes.Count == 0)
            recording.InVainBytes = run.Whole("wastedBytes");
        recording.LengthNs = Math.Max(recording.LengthNs, run.Seconds("coldplugSeconds"));
        recording.Doubts = run.Texts("warnings");
        return recording;
    }

    static string NameOf(string loader) => loader switch { "drover" => "drover coldplug", "daemon" => "drover daemon beside udev", _ => loader };
}
