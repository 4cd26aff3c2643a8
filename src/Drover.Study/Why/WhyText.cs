namespace Drover.Study.Why;

/// <summary>Writes the facts for people and for programs.</summary>
static class WhyText
{
    const int MaxWishes = 5;

    public static void Write(IReadOnlyList<WhyFacts> all, TextWriter writer)
    {
        for (var i = 0; i < all.Count; i++)
        {
            if (i > 0)
                writer.WriteLine();
            Write(all[i], writer);
        }
    }

    public static void WriteJson(IReadOnlyList<WhyFacts> all, TextWriter writer) =>
        Json.WriteArray(writer, all, (json, facts) =>
        {
            json.WriteString("asked", facts.Asked);
            json.WriteString("module", facts.Name);
            json.WriteString("state", WordOf(facts.State));
            json.WriteString("reason", facts.Reason);
            json.WriteString("foundBy", facts.FoundBy);
            json.WriteString("file", facts.File);
            json.WriteBoolean("fileIsMissing", facts.IsFileMissing);
            json.WriteObjects("askedBy", facts.Wishes, wish =>
            {
                json.WriteString("by", wish.By);
                json.WriteString("asked", wish.Asked);
            });
            json.WriteStrings("neededBy", facts.NeededBy);
            json.WriteObjects("lines", facts.Lines, line =>
            {
                json.WriteString("file", line.Source.File);
                json.WriteNumber("line", line.Source.Line);
                json.WriteString("text", line.Text);
                json.WriteString("effect", line.Effect);
            });
            json.WriteString("policy", facts.Policy);
            if (facts.Record is { } record)
                json.WriteObject("daemon", () => WriteRecord(json, record));
            else
                json.WriteNull("daemon");
            json.WriteString("unknown", facts.Unknown);
        });

    static void WriteRecord(System.Text.Json.Utf8JsonWriter json, DaemonRecord record)
    {
        json.WriteNumber("requests", record.Requests);
        json.WriteString("asked", record.Asked);
        json.WriteString("firstAsker", record.FirstAsker);
        json.WriteString("lastAsker", record.LastAsker);
        json.WriteString("lastOutcome", record.LastOutcome);
        json.WriteString("errno", record.LastError);
        json.WriteString("why", record.LastWhy);
        if (record.LoadedAtUs is { } loaded)
            json.WriteNumber("loadedAtUs", loaded);
        else
            json.WriteNull("loadedAtUs");
        json.WriteString("refused", record.Refused);
        json.WriteString("refusedAsker", record.RefusedAsker);
    }

    static void Write(WhyFacts facts, TextWriter writer)
    {
        writer.WriteLine($"{PlainText.Of(facts.Name)}: {WordOf(facts.State)}: {PlainText.Of(facts.Reason)}");
        Say("found by", facts.FoundBy);
        Say("file", facts.File);
        if (facts.Record is { } record)
            WriteRecord(record, Say);
        foreach (var wish in facts.Wishes.Take(MaxWishes))
            Say("asked by", wish.Asked == facts.Name ? wish.By : $"{wish.By}: {wish.Asked}");
        if (facts.Wishes.Count > MaxWishes)
            Say("asked by", $"{facts.Wishes.Count - MaxWishes} more");
        if (facts.NeededBy.Count > 0)
            Say("needed by", string.Join(", ", facts.NeededBy));
        foreach (var line in facts.Lines)
        {
            var effect = line.Effect is null ? "" : $" ({line.Effect})";
            Say("line", $"{line.Source}: {line.Text}{effect}");
        }
        Say("policy", facts.Policy);
        Say("unknown", facts.Unknown);

        void Say(string what, string? text)
        {
            if (text is not null)
                writer.WriteLine($"  {what,-10} {PlainText.Of(text)}");
        }
    }

    static void WriteRecord(DaemonRecord record, Action<string, string?> say)
    {
        if (record.LoadedAtUs is { } loaded)
            say("since", $"{Seconds(loaded)} after the kernel's start");
        if (record.Requests > 0)
        {
            var first = record.FirstAsker is { } asker ? $", the first by {asker}: {record.Asked}" : "";
            var last = record.Requests > 1 && record.LastAsker is { } later ? $", the last by {later}" : "";
            say("requests", $"{record.Requests}{first}{last}");
        }
        if (record.LastError is { } error)
            say("failed", record.LastWhy is { } why ? $"{error}: {why}" : error);
        if (record.Refused is { } refused)
        {
            var asker = record.RefusedAsker ?? "a device";
            say("refused", $"{Seconds(record.RefusedAtUs)} after the kernel's start, to {asker}: {refused}");
        }
    }

    static string Seconds(long us) => string.Create(CultureInfo.InvariantCulture, $"{us / 1e6:0.0} s");

    static string WordOf(ModuleState state) => state switch
    {
        ModuleState.Live => "live",
        ModuleState.BuiltIn => "built in",
        ModuleState.Coming => "being loaded",
        ModuleState.Going => "going",
        ModuleState.NotLoaded => "not loaded",
        _ => "unknown",
    };
}
