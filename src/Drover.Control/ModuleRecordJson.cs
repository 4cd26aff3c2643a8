using System.Text.Json;
using Drover.Kernel;
using Drover.Text;

namespace Drover.Control;

/// <summary>The record of a module as JSON, in both directions: a reply of io.drover.Loader.Modules, and what a daemon
/// leaves for the next one.</summary>
public static class ModuleRecordJson
{
    /// <summary>Writes the members, as docs/io.drover.Loader.varlink declares them.</summary>
    public static void Write(Utf8JsonWriter json, ModuleRecord module)
    {
        json.WriteString("module"u8, module.Module);
        json.WriteNumber("requests"u8, module.Requests);
        json.WriteNumber("calls"u8, module.Calls);
        json.WriteObject("last", () => OutcomeJson.Write(json, module.Last));
        json.WriteString("firstAsker"u8, module.FirstRequester);
        json.WriteString("asked"u8, module.RequestedName);
        ProcessJson.Write(json, "firstProcess"u8, module.FirstProcess);
        WriteTime(json, "loadUs"u8, module.LoadTook);
        json.WriteNumber("joined"u8, module.Joined);
        WriteNumber(json, "fileBytes"u8, module.FileBytes);
        if (module.First is { } first)
            json.WriteObject("first", () => WriteFirst(json, first));
        else
            json.WriteNull("first"u8);
        json.WriteString("lastAsker"u8, module.LastRequester);
        json.WriteString("lastAsked"u8, module.LastRequestedName);
        ProcessJson.Write(json, "lastProcess"u8, module.LastProcess);
        if (module.Refused is { } refused)
            json.WriteObject("refused", () => WriteRefused(json, refused));
        else
            json.WriteNull("refused"u8);
    }

    /// <summary>Reads what <see cref="Write"/> writes; null for anything else. Members that it does not know are
    /// ignored.</summary>
    public static ModuleRecord? TryRead(JsonElement json)
    {
        var reader = new MemberReader(json);
        var (module, asked) = (reader.Text("module"u8), reader.Text("asked"u8));
        var (requests, calls, joined) = (reader.Count("requests"u8), reader.Count("calls"u8), reader.Count("joined"u8));
        var last = reader.Member("last"u8) is { } outcome ? OutcomeJson.TryRead(outcome) : null;
        var record = module is null || asked is null || last is null ? null : new ModuleRecord(
            module, requests ?? 0, calls ?? 0, last, reader.Text("firstAsker"u8), asked, reader.Time("loadUs"u8))
        {
            FirstProcess = ProcessJson.Read(ref reader, "firstProcess"u8),
            Joined = joined ?? 0,
            FileBytes = reader.Count("fileBytes"u8),
            First = ReadFirst(ref reader),
            LastRequester = reader.Text("lastAsker"u8),
            LastRequestedName = reader.Text("lastAsked"u8),
            LastProcess = ProcessJson.Read(ref reader, "lastProcess"u8),
            Refused = ReadRefused(ref reader),
        };
        return reader.IsValid && requests is not null && calls is not null ? record : null;
    }

    static void WriteRefused(Utf8JsonWriter json, ModuleRefusal refused)
    {
        WriteTime(json, "atUs"u8, refused.At);
        json.WriteString("asker"u8, refused.Requester);
        json.WriteString("asked"u8, refused.RequestedName);
        ProcessJson.Write(json, "process"u8, refused.Process);
        json.WriteString("why"u8, refused.Why);
    }

    static ModuleRefusal? ReadRefused(ref MemberReader of)
    {
        if (of.Member("refused"u8) is not { } json)
            return null;
        var reader = new MemberReader(json);
        var refused = new ModuleRefusal(
            reader.Time("atUs"u8) ?? TimeSpan.Zero, reader.Text("asker"u8), reader.Text("asked"u8) ?? "",
            reader.Text("why"u8) ?? "")
        {
            Process = ProcessJson.Read(ref reader, "process"u8),
        };
        of.IsValid &= reader.IsValid;
        return refused;
    }

    static void WriteFirst(Utf8JsonWriter json, FirstLoad first)
    {
        WriteTime(json, "wantedAtUs"u8, first.RequestedAt);
        json.WriteStrings("needed", first.Needed);
        WriteTime(json, "calledAtUs"u8, first.CalledAt);
        WriteTime(json, "endedAtUs"u8, first.EndedAt);
        json.WriteString("errno"u8, first.Error is Errno.None ? null : ErrnoText.Name(first.Error));
    }

    static FirstLoad? ReadFirst(ref MemberReader of)
    {
        if (of.Member("first"u8) is not { } json)
            return null;
        var reader = new MemberReader(json);
        var error = reader.Text("errno"u8) is { } name ? OutcomeJson.ErrnoOf(name) : Errno.None;
        var first = new FirstLoad(
            reader.Time("wantedAtUs"u8) ?? TimeSpan.Zero, reader.Texts("needed"u8), reader.Time("calledAtUs"u8),
            reader.Time("endedAtUs"u8), error ?? Errno.None);
        of.IsValid &= reader.IsValid && error is not null;
        return first;
    }

    static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, TimeSpan? time) =>
        WriteNumber(json, name, time?.Ticks / TimeSpan.TicksPerMicrosecond);

    static void WriteNumber(Utf8JsonWriter json, ReadOnlySpan<byte> name, long? number)
    {
        if (number is { } known)
            json.WriteNumber(name, known);
        else
            json.WriteNull(name);
    }
}

/// <summary>A process as JSON, in both directions; the same in every reply and report.</summary>
static class ProcessJson
{
    public static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, RequestingProcess? process)
    {
        if (process is null)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartObject(name);
        json.WriteNumber("pid"u8, process.ProcessId);
        json.WriteString("comm"u8, process.Comm);
        if (process.UserId is { } user)
            json.WriteNumber("uid"u8, user);
        else
            json.WriteNull("uid"u8);
        json.WriteString("unit"u8, process.Unit);
        json.WriteBoolean("kernel"u8, process.IsKernel);
        json.WriteEndObject();
    }

    public static RequestingProcess? Read(ref MemberReader of, ReadOnlySpan<byte> name)
    {
        if (of.Member(name) is not { } json)
            return null;
        var reader = new MemberReader(json);
        var (id, user) = (reader.Count("pid"u8, int.MaxValue), reader.Count("uid"u8, uint.MaxValue));
        var process = new RequestingProcess((int)(id ?? 0))
        {
            Comm = reader.Text("comm"u8),
            UserId = (uint?)user,
            Unit = reader.Text("unit"u8),
            IsKernel = reader.Flag("kernel"u8),
        };
        of.IsValid &= reader.IsValid && id is not null;
        return process;
    }
}

/// <summary>Reads members of an object that may be of any form; remembers whether one is of another type.</summary>
struct MemberReader(JsonElement json)
{
    /// <summary>Every member so far is absent, null, or of its type.</summary>
    public bool IsValid { get; set; } = json.ValueKind is JsonValueKind.Object;

    /// <summary>Null if absent or null.</summary>
    public readonly JsonElement? Member(ReadOnlySpan<byte> name) =>
        json.ValueKind is JsonValueKind.Object && json.TryGetProperty(name, out var member)
        && member.ValueKind is not JsonValueKind.Null ? member : null;

    public string? Text(ReadOnlySpan<byte> name)
    {
        if (Member(name) is not { } member)
            return null;
        IsValid &= member.ValueKind is JsonValueKind.String;
        return member.ValueKind is JsonValueKind.String ? member.GetString() : null;
    }

    /// <summary>From 0 to <paramref name="max"/>.</summary>
    public long? Count(ReadOnlySpan<byte> name, long max = long.MaxValue)
    {
        if (Member(name) is not { } member)
            return null;
        var isNumber = member.ValueKind is JsonValueKind.Number && member.TryGetInt64(out var number)
            && number >= 0 && number <= max;
        IsValid &= isNumber;
        return isNumber ? member.GetInt64() : null;
    }

    /// <summary>Microseconds, at most 100 years.</summary>
    public TimeSpan? Time(ReadOnlySpan<byte> name)
    {
        const long Most = 100L * 365 * 24 * 3600 * 1_000_000;
        return Count(name, Most) is { } us ? TimeSpan.FromTicks(us * TimeSpan.TicksPerMicrosecond) : null;
    }

    public bool Flag(ReadOnlySpan<byte> name)
    {
        if (Member(name) is not { } member)
            return false;
        IsValid &= member.ValueKind is JsonValueKind.True or JsonValueKind.False;
        return member.ValueKind is JsonValueKind.True;
    }

    /// <summary>Empty if absent.</summary>
    public List<string> Texts(ReadOnlySpan<byte> name)
    {
        var texts = new List<string>();
        if (Member(name) is not { } member)
            return texts;
        IsValid &= member.ValueKind is JsonValueKind.Array;
        if (member.ValueKind is not JsonValueKind.Array)
            return texts;
        foreach (var item in member.EnumerateArray())
        {
            if (item.ValueKind is JsonValueKind.String)
                texts.Add(item.GetString()!);
            else
                IsValid = false;
        }
        return texts;
    }
}
