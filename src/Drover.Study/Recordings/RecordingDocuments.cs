using System.Text.Json;
using System.Text.Json.Serialization;

namespace Drover.Study.Recordings;

/// <summary>A run of <c>drover herd --json</c> (docs/herd.md).</summary>
[method: JsonConstructor]
readonly record struct HerdDocument(
    string Herd, string Gate, Count Cpus, Count Attempted, Count WastedBytes, Seconds BootSeconds,
    Dictionary<string, Count>? Calls = null, string? WhyNotBooted = null);

/// <summary>A run of <c>lab/run --json</c> (lab/README.md).</summary>
sealed record LabDocument(
    Seconds LoaderStartSeconds, List<LabCall> TracedCalls, string Loader, Count Cpus, Count WastedBytes,
    Seconds ColdplugSeconds, string? KernelRelease = null, Dictionary<string, Count>? FileBytes = null,
    List<string?>? Warnings = null);

[method: JsonConstructor]
readonly record struct LabCall(
    Seconds StartSeconds, Seconds Seconds, Count Tid, string? Module = null, string? Result = null, Count? Bytes = null,
    string? Comm = null);

/// <summary>The first load of each module, as the daemon reports it (<c>Status</c> and <c>Modules</c> of
/// docs/io.drover.Loader.varlink) and <c>drover timeline --json</c> prints it.</summary>
/// <param name="LiveModules">All that were live when it was printed, also those that the daemon had nothing to do
/// with.</param>
sealed record TimelineDocument(
    List<TimelineModule> Timeline, string? Release = null, Count? Cpus = null, List<string?>? LiveModules = null)
{
    [JsonConverter(typeof(VersionConverter))]
    public int Version { get; init; } = VersionConverter.Supported; // that of 0.2.0's first builds has none
}

[method: JsonConstructor]
readonly record struct TimelineModule(
    string Module, Count? FileBytes = null, string? FirstAsker = null, string? Asked = null, FirstLoad? First = null,
    LastOutcome? Last = null, AskingProcess? FirstProcess = null, AskingProcess? LastProcess = null);

sealed record LastOutcome(string? Outcome = null);

sealed record AskingProcess(string? Unit = null);

sealed record FirstLoad(
    Microseconds? WantedAtUs = null, Microseconds? CalledAtUs = null, Microseconds? EndedAtUs = null,
    string? Errno = null, List<string?>? Needed = null) : IJsonOnDeserialized
{
    public void OnDeserialized()
    {
        if (EndedAtUs?.Ns < CalledAtUs?.Ns)
            throw new JsonException("endedAtUs is before calledAtUs");
    }
}

/// <summary>The serializers. They skip unknown members, which a later version may write.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict, GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip)]
[JsonSerializable(typeof(List<HerdDocument>))]
[JsonSerializable(typeof(LabDocument))]
[JsonSerializable(typeof(TimelineDocument))]
[JsonSerializable(typeof(WatchHeader))]
[JsonSerializable(typeof(WatchCall))]
[JsonSerializable(typeof(WatchRequest))]
[JsonSerializable(typeof(WatchLost))]
[JsonSerializable(typeof(WatchTotals))]
sealed partial class RecordingJson : JsonSerializerContext;

/// <summary>A whole number of at least 0.</summary>
[JsonConverter(typeof(Converter))]
readonly record struct Count(long Value)
{
    internal sealed class Converter() : NumberConverter<Count>("must be a whole number of at least 0")
    {
        protected override Count? TryRead(ref Utf8JsonReader reader) =>
            reader.TryGetInt64(out var number) && number is >= 0 and < MaxNs ? new(number) : null;
    }
}

/// <summary>A number of seconds, kept in ns.</summary>
[JsonConverter(typeof(Converter))]
readonly record struct Seconds(long Ns)
{
    internal sealed class Converter() : NumberConverter<Seconds>("must be a number of seconds")
    {
        protected override Seconds? TryRead(ref Utf8JsonReader reader) =>
            reader.TryGetDouble(out var seconds) && seconds is >= 0 and < MaxNs / 1e9
                ? new((long)Math.Round(seconds * 1e9))
                : null;
    }
}

/// <summary>A whole number of microseconds, kept in ns.</summary>
[JsonConverter(typeof(Converter))]
readonly record struct Microseconds(long Ns)
{
    internal sealed class Converter() : NumberConverter<Microseconds>("must be a time in microseconds")
    {
        protected override Microseconds? TryRead(ref Utf8JsonReader reader) =>
            reader.TryGetInt64(out var us) && us is >= 0 and < MaxNs / 1000 ? new(us * 1000) : null;
    }
}

/// <summary>Reads a number that has a range.</summary>
/// <param name="rule">The error message for any other value.</param>
abstract class NumberConverter<T>(string rule) : JsonConverter<T>
    where T : struct
{
    /// <summary>Thirty years. Sums of times below it stay far from the range of a long.</summary>
    protected const long MaxNs = 1_000_000_000_000_000_000;

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        (reader.TokenType is JsonTokenType.Number ? TryRead(ref reader) : null) ?? throw new JsonException(rule);

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        throw new NotSupportedException();

    protected abstract T? TryRead(ref Utf8JsonReader reader);
}
