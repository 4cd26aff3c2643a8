using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Drover.Control;
using Drover.Linux.Tracing;

namespace Drover.Study.Recordings;

/// <summary>A line of <c>drover watch --json</c> (docs/watch.md): a JSON object with the type first.</summary>
abstract record WatchLine([property: JsonPropertyOrder(-2)] string Type)
{
    /// <summary>As in all reports, names are not escaped for HTML.</summary>
    static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Null for a line of an unknown type, which a later version may write.</summary>
    /// <param name="line">One JSON value; its members may have any order.</param>
    /// <exception cref="JsonException">It is not a line of a recording, or lacks a member.</exception>
    /// <exception cref="InvalidOperationException">A string is not valid Unicode.</exception>
    public static WatchLine? Read(ReadOnlySpan<byte> line, RecordingJson json)
    {
        var reader = new Utf8JsonReader(line);
        if (!reader.Read() || reader.TokenType is not JsonTokenType.StartObject)
            throw new JsonException("it is not an object");
        do
        {
            if (!reader.Read() || reader.TokenType is not JsonTokenType.PropertyName)
                throw new JsonException("it has no type");
        }
        while (!IsType(ref reader));
        return reader.GetString() switch
        {
            "watch" => JsonSerializer.Deserialize(line, json.WatchHeader),
            "call" => JsonSerializer.Deserialize(line, json.WatchCall),
            "request" => JsonSerializer.Deserialize(line, json.WatchRequest),
            "lost" => JsonSerializer.Deserialize(line, json.WatchLost),
            "totals" => JsonSerializer.Deserialize(line, json.WatchTotals),
            _ => null,
        };
    }

    /// <summary>Moves to the value of the member, if that is the type.</summary>
    static bool IsType(ref Utf8JsonReader reader)
    {
        var isType = reader.ValueTextEquals("type"u8);
        reader.Read();
        if (!isType)
            reader.Skip();
        return isType && reader.TokenType is JsonTokenType.String;
    }

    public void WriteTo(TextWriter writer)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(text, s_options))
            JsonSerializer.Serialize(json, this, RecordingJson.Default.GetTypeInfo(GetType())!);
        writer.WriteLine(Encoding.UTF8.GetString(text.WrittenSpan));
    }
}

/// <param name="StartUs">CLOCK_MONOTONIC, as all times; not later than any of them; 0 for a watch since boot.</param>
/// <param name="SinceBoot">The trace was started earlier than this watch, early in the boot.</param>
/// <param name="Degraded">What this kernel does not let the watch see, a sentence each.</param>
sealed record WatchHeader(string Kernel, int Cpus, long StartUs, bool SinceBoot, IReadOnlyList<string> Degraded)
    : WatchLine("watch")
{
    [JsonRequired, JsonPropertyOrder(-1), JsonConverter(typeof(VersionConverter))]
    public int Version { get; init; } = VersionConverter.Supported;
}

/// <summary>A load or removal; see <see cref="TracedCall"/>.</summary>
sealed record WatchCall(
    long StartUs, long TookUs, string Syscall, string? Module, string NamedBy, string? Result, bool Waited,
    long? ReadBytes, long WastedBytes, string Comm, int Pid, int Tid, string? Device)
    : WatchLine("call")
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? ReadAfterUs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? LaidOutAfterUs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? FormedAfterUs { get; init; }

    /// <summary>In the order of <see cref="ModuleSyscall"/>.</summary>
    static readonly string[] s_syscalls = ["finit_module", "init_module", "delete_module"];

    /// <summary>In the order of <see cref="Drover.Linux.Tracing.NamedBy"/>.</summary>
    static readonly string[] s_namedBy = ["nobody", "descriptor", "opened", "file", "module"];

    public static WatchCall Of(TracedCall call) => new(
        call.StartUs, call.TookUs, NameOf(call.Syscall), call.Module, s_namedBy[(int)call.NamedBy], KeyOf(call.Result),
        call.HasWaited, call.ReadBytes, call.WastedBytes, call.Comm, call.Pid, call.Tid, call.Device)
    {
        ReadAfterUs = call.ReadAfterUs,
        LaidOutAfterUs = call.LaidOutAfterUs,
        FormedAfterUs = call.FormedAfterUs,
    };

    /// <exception cref="JsonException">A name is unknown.</exception>
    public TracedCall ToTracedCall() => new()
    {
        StartUs = StartUs,
        TookUs = TookUs,
        Syscall = (ModuleSyscall)IndexOf(s_syscalls, Syscall),
        Module = Module,
        NamedBy = (NamedBy)IndexOf(s_namedBy, NamedBy),
        Result = Result is null ? null : OutcomeJson.ErrnoOf(Result) ?? throw Unknown(Result),
        HasWaited = Waited,
        ReadBytes = ReadBytes,
        ReadAfterUs = ReadAfterUs,
        LaidOutAfterUs = LaidOutAfterUs,
        FormedAfterUs = FormedAfterUs,
        WastedBytes = WastedBytes,
        Comm = Comm,
        Pid = Pid,
        Tid = Tid,
        Device = Device,
    };

    public static string NameOf(ModuleSyscall syscall) => s_syscalls[(int)syscall];

    /// <summary><c>0</c>, an errno's name, or null for a call in flight.</summary>
    public static string? KeyOf(Kernel.Errno? result) => result is { } error ? OutcomeJson.KeyOf(error) : null;

    static int IndexOf(string[] names, string name) =>
        Array.IndexOf(names, name) is >= 0 and var index ? index : throw Unknown(name);

    static JsonException Unknown(string name) => new($"'{name}' is unknown");
}

/// <summary>A request of the kernel's own; see <see cref="TracedRequest"/>.</summary>
/// <param name="Kind">What the kernel wanted, by the name (<see cref="Autoload"/>).</param>
sealed record WatchRequest(long AtUs, string Name, string Kind, string Comm, int Pid, int Tid) : WatchLine("request")
{
    public static WatchRequest Of(TracedRequest request) => new(
        request.TimeUs, request.Name, Autoload.KindOf(request.Name), request.Comm, request.Pid, request.Tid);
}

/// <summary>The number of events dropped because the trace buffers were full, since the last such line.</summary>
sealed record WatchLost(long Events) : WatchLine("lost");

sealed record WatchTotals(
    long Calls = 0, long Loads = 0, long Removals = 0, IReadOnlyDictionary<string, long>? ByResult = null,
    long Waited = 0, long InVainBytes = 0, long WastedBytes = 0, long TookUs = 0, long Unnamed = 0, long LostEvents = 0,
    long CutOffCalls = 0, long UnreadLines = 0)
    : WatchLine("totals");
