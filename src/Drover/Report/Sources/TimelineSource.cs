namespace Drover.Report;

/// <summary>What the daemon says of each module's first load: <c>Status</c> and <c>Modules</c> of docs/io.drover.Loader.varlink, as <c>drover timeline --json</c> puts them together. Stateless.</summary>
static class TimelineSource
{
    /// <exception cref="RecordingException">A field is missing or wrong.</exception>
    public static Recording Read(JsonSource source)
    {
        var begin = long.MaxValue;
        var loads = new List<(JsonFields Module, JsonFields First, long Wanted, long Called)>();
        foreach (var module in source.Fields.Objects("timeline"))
        {
            // what was live before the daemon came, or never called the kernel, took no time
            if (module.Object("first") is not { } first || first.OptionalMicroseconds("calledAtUs") is not { } called)
                continue;
            var wanted = first.OptionalMicroseconds("wantedAtUs") ?? called;
            begin = Math.Min(begin, Math.Min(wanted, called));
            loads.Add((module, first, wanted, called));
        }
        var calls = new List<RecordedCall>(loads.Count);
        foreach (var (module, first, wanted, called) in loads)
        {
            var ended = first.OptionalMicroseconds("endedAtUs");
            if (ended < called)
                throw first.Wrong("endedAtUs", "is before calledAtUs");
            calls.Add(new RecordedCall
            {
                Module = module.Text("module"),
                WantedNs = wanted - begin,
                StartNs = called - begin,
                TookNs = (ended ?? called) - called,
                Result = ended is null ? null : first.OptionalText("errno") ?? "0",
                Bytes = module.OptionalWhole("fileBytes"),
                Asker = module.OptionalText("firstAsker"),
                Needed = first.Texts("needed"),
            });
        }
        return Recording.Of("drover daemon", "a daemon's timeline", calls) with { Kernel = source.Fields.OptionalText("release"), Cpus = (int?)source.Fields.OptionalWhole("cpus") };
    }
}
