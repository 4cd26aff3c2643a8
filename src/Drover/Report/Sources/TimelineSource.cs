namespace Drover.Report;

/// <summary>What the daemon says of each module's first load: <c>Status</c> and <c>Modules</c> of docs/io.drover.Loader.varlink, as <c>drover timeline --json</c> puts them together. Stateless.</summary>
static class TimelineSource
{
    /// <exception cref="RecordingException">A field is missing or wrong.</exception>
    public static Recording Read(JsonSource source)
    {
        var calls = new List<RecordedCall>();
        foreach (var module in source.Fields.Objects("timeline"))
        {
            // what was live before the daemon came, or never called the kernel, took no time
            if (module.Object("first") is not { } first || first.OptionalMicroseconds("calledAtUs") is not { } called)
                continue;
            var ended = first.OptionalMicroseconds("endedAtUs");
            if (ended < called)
                throw first.Wrong("endedAtUs", "is before calledAtUs");
            calls.Add(new RecordedCall
            {
                Module = module.Text("module"),
                WantedNs = first.OptionalMicroseconds("wantedAtUs"),
                StartNs = called,
                TookNs = (ended ?? called) - called,
                Result = ended is null ? null : first.OptionalText("errno") ?? "0",
                Bytes = module.OptionalWhole("fileBytes"),
                Asker = module.OptionalText("firstAsker"),
                Asked = module.OptionalText("asked"),
                Needed = first.Texts("needed"),
            });
        }
        var recording = Recording.Of("drover daemon", "a daemon's timeline", calls);
        recording.Kernel = source.Fields.OptionalText("release");
        recording.Cpus = (int?)source.Fields.OptionalWhole("cpus");
        return recording;
    }
}
