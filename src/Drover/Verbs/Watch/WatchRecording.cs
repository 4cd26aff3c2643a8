using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Drover.Devices.Control;
using Drover.Linux.Tracing;
using Drover.Output;

namespace Drover.Verbs;

/// <summary>What a watch says of itself before its first call.</summary>
/// <param name="Kernel">Its release.</param>
/// <param name="StartUs">On CLOCK_MONOTONIC, as all times of the recording, and never later than these: 0 for one of the boot.</param>
/// <param name="SinceBoot">The trace was begun earlier than this, early in the boot.</param>
/// <param name="Degraded">What this kernel does not let it see, a sentence each.</param>
sealed record WatchHeader(string Kernel, int Cpus, long StartUs, bool SinceBoot, IReadOnlyList<string> Degraded);

/// <summary>The recording of a watch: JSON lines (docs/watch.md), written and read here and nowhere else. Stateless.</summary>
static class WatchRecording
{
    /// <summary>Raised when a member changes its meaning; new members do not raise it.</summary>
    public const int Version = 1;

    /// <summary>As in all reports, names are written as they are.</summary>
    static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void WriteHeader(TextWriter writer, WatchHeader header) => WriteLine(writer, "watch", json =>
    {
        json.WriteNumber("version", Version);
        json.WriteString("kernel", header.Kernel);
        json.WriteNumber("cpus", header.Cpus);
        json.WriteNumber("startUs", header.StartUs);
        json.WriteBoolean("sinceBoot", header.SinceBoot);
        json.WriteStrings("degraded", header.Degraded);
    });

    public static void WriteCall(TextWriter writer, TracedCall call) => WriteLine(writer, "call", json =>
    {
        json.WriteNumber("startUs", call.StartUs);
        json.WriteNumber("tookUs", call.TookUs);
        json.WriteString("syscall", NameOf(call.Syscall));
        json.WriteString("module", call.Module);
        json.WriteString("namedBy", NameOf(call.NamedBy));
        json.WriteString("result", call.Result is { } result ? OutcomeJson.KeyOf(result) : null);
        json.WriteBoolean("waited", call.HasWaited);
        if (call.ReadBytes is { } bytes)
            json.WriteNumber("readBytes", bytes);
        else
            json.WriteNull("readBytes");
        json.WriteNumber("wastedBytes", call.WastedBytes);
        json.WriteString("comm", call.Comm);
        json.WriteNumber("pid", call.Pid);
        json.WriteNumber("tid", call.Tid);
        json.WriteString("device", call.Device);
    });

    /// <summary>Events that the buffers had no room for since the last such line.</summary>
    public static void WriteLost(TextWriter writer, long events) => WriteLine(writer, "lost", json => json.WriteNumber("events", events));

    public static void WriteTotals(TextWriter writer, WatchTally tally, CallJoiner joiner) => WriteLine(writer, "totals", json =>
    {
        json.WriteNumber("calls", tally.Calls);
        json.WriteNumber("loads", tally.Loads);
        json.WriteNumber("removals", tally.Removals);
        json.WriteStartObject("byResult");
        foreach (var (result, count) in tally.ByResult.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json.WriteNumber(result, count);
        json.WriteEndObject();
        json.WriteNumber("waited", tally.Waited);
        json.WriteNumber("inVainBytes", tally.InVainBytes);
        json.WriteNumber("wastedBytes", tally.WastedBytes);
        json.WriteNumber("tookUs", tally.TookUs);
        json.WriteNumber("unnamed", tally.Unnamed);
        json.WriteNumber("lostEvents", joiner.LostEvents);
        json.WriteNumber("cutOffCalls", joiner.CutOffCalls);
        json.WriteNumber("unreadLines", joiner.UnreadLines);
    });

    /// <summary>The call of a line that <see cref="WriteCall"/> wrote; null for a line of another kind.</summary>
    /// <exception cref="JsonException">The line is not of a recording, or lacks what a call has.</exception>
    public static TracedCall? TryReadCall(string line) => Read(line, "call", json => new TracedCall
    {
        StartUs = json.GetProperty("startUs").GetInt64(),
        TookUs = json.GetProperty("tookUs").GetInt64(),
        Syscall = Named<ModuleSyscall>(json, "syscall", NameOf),
        Module = json.GetProperty("module").GetString(),
        NamedBy = Named<NamedBy>(json, "namedBy", NameOf),
        Result = json.GetProperty("result").GetString() is { } result ? OutcomeJson.ErrnoOf(result) ?? throw new JsonException($"result is '{result}'") : null,
        HasWaited = json.GetProperty("waited").GetBoolean(),
        ReadBytes = json.GetProperty("readBytes") is { ValueKind: JsonValueKind.Number } bytes ? bytes.GetInt64() : null,
        WastedBytes = json.GetProperty("wastedBytes").GetInt64(),
        Comm = json.GetProperty("comm").GetString() ?? "",
        Pid = json.GetProperty("pid").GetInt32(),
        Tid = json.GetProperty("tid").GetInt32(),
        Device = json.GetProperty("device").GetString(),
    });

    /// <summary>What <see cref="WriteHeader"/> wrote; null for a line of another kind.</summary>
    /// <exception cref="JsonException">The line is not of a recording, or of one of a later version.</exception>
    public static WatchHeader? TryReadHeader(string line) => Read(line, "watch", json =>
    {
        if (json.GetProperty("version").GetInt32() is not Version and var version)
            throw new JsonException($"the recording is of version {version}; this program reads version {Version}");
        return new WatchHeader(
            json.GetProperty("kernel").GetString() ?? "",
            json.GetProperty("cpus").GetInt32(),
            json.GetProperty("startUs").GetInt64(),
            json.GetProperty("sinceBoot").GetBoolean(),
            json.GetProperty("degraded").EnumerateArray().Select(item => item.GetString() ?? "").ToList());
    });

    /// <summary>What <see cref="WriteLost"/> wrote; null for a line of another kind.</summary>
    /// <exception cref="JsonException">The line is not of a recording.</exception>
    public static long? TryReadLost(string line) => Read<object>(line, "lost", json => json.GetProperty("events").GetInt64()) as long?;

    static T? Read<T>(string line, string kind, Func<JsonElement, T> members)
        where T : class
    {
        using var document = JsonDocument.Parse(line);
        try
        {
            return document.RootElement.GetProperty("type").ValueEquals(kind) ? members(document.RootElement) : null;
        }
        catch (Exception problem) when (problem is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new JsonException($"no line of a recording: {problem.Message}", problem);
        }
    }

    static void WriteLine(TextWriter writer, string type, Action<Utf8JsonWriter> members)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(text, Options))
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            members(json);
            json.WriteEndObject();
        }
        writer.WriteLine(Encoding.UTF8.GetString(text.WrittenSpan));
    }

    internal static string NameOf(ModuleSyscall syscall) => syscall switch
    {
        ModuleSyscall.FinitModule => "finit_module",
        ModuleSyscall.InitModule => "init_module",
        _ => "delete_module",
    };

    static string NameOf(NamedBy by) => by switch
    {
        NamedBy.Module => "module",
        NamedBy.File => "file",
        NamedBy.Opened => "opened",
        NamedBy.Descriptor => "descriptor",
        _ => "nobody",
    };

    static T Named<T>(JsonElement json, string member, Func<T, string> nameOf)
        where T : struct, Enum
    {
        var name = json.GetProperty(member).GetString();
        foreach (var value in Enum.GetValues<T>())
        {
            if (nameOf(value) == name)
                return value;
        }
        throw new JsonException($"{member} is '{name}'");
    }
}
