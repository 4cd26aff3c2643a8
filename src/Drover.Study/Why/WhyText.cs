using System.Text;
using Drover.Control;

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
                json.WriteObject("daemon", () => ModuleRecordJson.Write(json, record));
            else
                json.WriteNull("daemon");
            json.WriteString("unknown", facts.Unknown);
        });

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
                writer.WriteLine($"  {what,-10} {PlainText.Of(text).TrimEnd()}");
        }
    }

    static void WriteRecord(ModuleRecord record, Action<string, string?> say)
    {
        if (record.First is { EndedAt: { } ended, Error: Errno.None })
            say("since", $"{Seconds(ended)} after the kernel's start");
        if (record.Requests > 0)
        {
            say("requests", record.Requests.ToString(CultureInfo.InvariantCulture));
            say("first by", AskerOf(record.FirstRequester, record.FirstProcess, record.RequestedName));
        }
        if (record is { Requests: > 1, LastRequestedName: { } asked })
            say("last by", AskerOf(record.LastRequester, record.LastProcess, asked));
        if (record.Last is { Error: not Errno.None } last)
            say("failed", last.Why is { } why ? $"{ErrnoText.Name(last.Error)}: {why}" : ErrnoText.Name(last.Error));
        if (record.Refused is { } refused)
        {
            var asker = AskerOf(refused.Requester, refused.Process, refused.RequestedName);
            say("refused", $"{Seconds(refused.At)} after the kernel's start, to {asker}: {refused.Why}");
        }
    }

    /// <summary><c>the kernel, for mount (pid 7), uid 0, session-1.scope: fs-ext4 (file system)</c>.</summary>
    static string AskerOf(string? requester, RequestingProcess? process, string asked)
    {
        var text = new StringBuilder(requester ?? "a device");
        if (process?.UserId is { } user)
            text.Append(CultureInfo.InvariantCulture, $", uid {user}");
        if (process?.Unit is { } unit)
            text.Append(CultureInfo.InvariantCulture, $", {unit}");
        text.Append(CultureInfo.InvariantCulture, $": {asked}");
        if (process is { IsKernel: true })
            text.Append(CultureInfo.InvariantCulture, $" ({Autoload.KindOf(asked)})");
        return text.ToString();
    }

    static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");

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
