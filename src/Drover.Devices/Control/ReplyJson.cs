using System.Text.Json;
using Drover.Loading;

namespace Drover.Devices.Control;

/// <summary>The parameters of replies, type by type as docs/io.drover.Loader.varlink has them. Stateless.</summary>
internal static class ReplyJson
{
    public static void WriteStatus(Utf8JsonWriter json, ServiceStatus status)
    {
        json.WriteString("release"u8, status.Release);
        json.WriteNumber("uptimeUs"u8, Us(status.Uptime));
        json.WriteBoolean("settled"u8, status.IsSettled);
        json.WriteNumber("events"u8, status.Events);
        json.WriteNumber("seqnum"u8, status.Seqnum);
        json.WriteNumber("timesLost"u8, status.TimesLost);
        json.WriteNumber("devices"u8, status.Devices);
        json.WriteNumber("reloads"u8, status.Reloads);
        json.WriteStartObject("counts"u8);
        WriteCounts(json, status.Counts);
        json.WriteEndObject();
        WriteInFlight(json, status.Running, status.Waiting);
    }

    public static void WriteSettled(Utf8JsonWriter json, SettleOutcome outcome)
    {
        json.WriteBoolean("settled"u8, outcome.IsSettled);
        WriteInFlight(json, outcome.Running, outcome.Waiting);
    }

    public static void WriteModules(Utf8JsonWriter json, IReadOnlyList<ModuleRecord> modules) => WriteObjects(json, "modules", modules, module =>
    {
        json.WriteString("module"u8, module.Module);
        json.WriteNumber("requests"u8, module.Requests);
        json.WriteNumber("calls"u8, module.Calls);
        WriteOutcome(json, "last", module.Last);
        json.WriteString("firstAsker"u8, module.FirstAsker);
        json.WriteString("asked"u8, module.Asked);
        WriteNumber(json, "loadUs"u8, Us(module.LoadTook));
        json.WriteNumber("joined"u8, module.Joined);
        WriteNumber(json, "fileBytes"u8, module.FileBytes);
        if (module.First is { } first)
            WriteFirst(json, first);
        else
            json.WriteNull("first"u8);
    });

    public static void WriteServed(Utf8JsonWriter json, ServedOutcome served)
    {
        json.WriteStartObject("served"u8);
        json.WriteString("asked"u8, served.Request.Asked);
        json.WriteString("asker"u8, served.Request.Asker);
        if (served.Request.Seqnum is { } seqnum)
            json.WriteNumber("seqnum"u8, seqnum);
        else
            json.WriteNull("seqnum"u8);
        WriteOutcome(json, "outcome", served.Outcome);
        json.WriteNumber("atUs"u8, Us(served.At));
        json.WriteNumber("tookUs"u8, Us(served.Took));
        json.WriteEndObject();
    }

    public static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    public static void WriteObjects<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> members)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            members(item);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    static void WriteFirst(Utf8JsonWriter json, FirstLoad first)
    {
        json.WriteStartObject("first"u8);
        json.WriteNumber("wantedAtUs"u8, Us(first.WantedAt));
        WriteTexts(json, "needed", first.Needed);
        WriteNumber(json, "calledAtUs"u8, Us(first.CalledAt));
        WriteNumber(json, "endedAtUs"u8, Us(first.EndedAt));
        json.WriteString("errno"u8, first.Error is Errno.None ? null : ErrnoText.Name(first.Error));
        json.WriteEndObject();
    }

    static void WriteCounts(Utf8JsonWriter json, LoaderCounts counts)
    {
        json.WriteNumber("requests"u8, counts.Requests);
        json.WriteNumber("asked"u8, counts.Asked);
        json.WriteNumber("calls"u8, counts.Calls);
        json.WriteStartObject("callsByErrno"u8);
        foreach (var (error, calls) in counts.CallsByErrno.OrderBy(entry => entry.Key))
            json.WriteNumber(OutcomeJson.KeyOf(error), calls);
        json.WriteEndObject();
        json.WriteNumber("attempted"u8, counts.Attempted);
        json.WriteStartObject("outcomes"u8);
        foreach (var (kind, count) in counts.Outcomes.OrderBy(entry => entry.Key))
            json.WriteNumber(OutcomeJson.NameOf(kind), count);
        json.WriteEndObject();
        json.WriteNumber("converged"u8, counts.Converged);
        json.WriteNumber("loadedFileBytes"u8, counts.LoadedFileBytes);
        json.WriteNumber("wastedFileBytes"u8, counts.WastedFileBytes);
        json.WriteNumber("peakBytesInFlight"u8, counts.PeakBytesInFlight);
        json.WriteNumber("peakCallsInFlight"u8, counts.PeakCallsInFlight);
    }

    static void WriteInFlight(Utf8JsonWriter json, IReadOnlyList<RunningLoad> running, IReadOnlyList<WaitingRequest> waiting)
    {
        WriteObjects(json, "running", running, load =>
        {
            json.WriteString("module"u8, load.Module);
            json.WriteNumber("fileBytes"u8, load.FileBytes);
            json.WriteNumber("ageUs"u8, Us(load.Age));
        });
        WriteObjects(json, "waiting", waiting.Take(ControlLimits.MaxListed), request =>
        {
            json.WriteString("asked"u8, request.Asked);
            json.WriteString("asker"u8, request.Asker);
            json.WriteNumber("ageUs"u8, Us(request.Age));
        });
        json.WriteNumber("waitingCount"u8, waiting.Count);
    }

    static void WriteOutcome(Utf8JsonWriter json, string name, ModuleOutcome outcome)
    {
        json.WriteStartObject(name);
        OutcomeJson.Write(json, outcome);
        json.WriteEndObject();
    }

    static void WriteNumber(Utf8JsonWriter json, ReadOnlySpan<byte> name, long? number)
    {
        if (number is { } known)
            json.WriteNumber(name, known);
        else
            json.WriteNull(name);
    }

    static long? Us(TimeSpan? time) => time is { } known ? Us(known) : null;

    static long Us(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;
}
