using System.Text.Json;

namespace Drover.Model;

/// <summary>How long the load calls took that a lab traced: the <c>tracedCalls</c> of what <c>lab/run --json</c> writes. Immutable.</summary>
/// <remarks>
/// Meant for a run that loads one module after another (<c>--loader drover --drover-args '--jobs 1'</c>, or <c>--loader list</c>): a call's time is the
/// module's own then. Drover goes on as soon as a module is live, though its call may wait for another driver's asynchronous probes (kernel: <c>do_init_module</c>,
/// <c>async_synchronize_full</c>): where the next call begins before one has ended, the module itself took until then, and of several
/// calls that wait at the same time the first is taken for the one whose probes the others wait for.
/// </remarks>
public sealed class LabTimings
{
    /// <summary>A udev run with 255 CPUs has 10,000 calls of 200 bytes.</summary>
    const int MaxFileBytes = 64 << 20;

    /// <summary>A call's way back, once its module is live and the next call begins, which on an emulated CPU takes its time: 2 ms were seen. Probes take longer.</summary>
    const double TailSeconds = 0.01;

    const string Success = "0";

    static readonly string[] Duplicates = ["EEXIST", "EBUSY", "ETXTBSY", "EINTR"];

    readonly Dictionary<string, ModuleTiming> _modules = new(StringComparer.Ordinal);

    LabTimings(List<Call> calls)
    {
        var waitedUntil = double.NegativeInfinity;
        for (var i = 0; i < calls.Count; i++)
        {
            var call = calls[i];
            var next = i + 1 < calls.Count ? Math.Max(calls[i + 1].Start, call.Start) : double.PositiveInfinity;
            var lingers = call.Result == Success && call.End - next > TailSeconds;
            var probes = lingers && call.Start >= waitedUntil ? call.End - next : 0;
            if (lingers)
                waitedUntil = Math.Max(waitedUntil, call.End);
            var error = call.Result == Success ? null : call.Result;
            if (!IsOneTooMany(call.Result) && (!_modules.TryGetValue(call.Module, out var known) || (known.Error is not null && error is null)))
                _modules[call.Module] = new(call.Syscall, Ns(Math.Min(call.End, next) - call.Start), Ns(probes), error);
        }
    }

    /// <summary>A call that ends so (an errno's name) was one too many, and says nothing of its module.</summary>
    public static bool IsOneTooMany(string result) => Duplicates.Contains(result);

    /// <summary>What is known of a module, or null.</summary>
    public ModuleTiming? Of(string module) => _modules.TryGetValue(module, out var timing) ? timing : null;

    /// <exception cref="ScenarioException">It is not such a file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a directory.</exception>
    public static LabTimings Load(string path)
    {
        using var file = File.OpenRead(path);
        return Read(ScenarioFile.ReadBounded(file, path, MaxFileBytes), path);
    }

    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="ScenarioException">It is not such a file.</exception>
    public static LabTimings Read(ReadOnlyMemory<byte> json, string file)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind is not JsonValueKind.Object || !document.RootElement.TryGetProperty("tracedCalls", out var calls) || calls.ValueKind is not JsonValueKind.Array)
                throw new ScenarioException($"{file}: has no tracedCalls: timings are what 'lab/run --json FILE' writes");
            return new LabTimings([.. calls.EnumerateArray().Select((call, index) => ReadCall(call, index, file)).OfType<Call>().OrderBy(call => call.Start)]);
        }
        catch (JsonException problem)
        {
            throw new ScenarioException($"{file}:{problem.LineNumber + 1}: not JSON: timings are what 'lab/run --json FILE' writes");
        }
    }

    /// <summary>Null for a call without name or end.</summary>
    static Call? ReadCall(JsonElement call, int index, string file)
    {
        var (module, result) = (Text("module"), Text("result"));
        var (start, took) = (Number("startSeconds"), Number("seconds"));
        return module is null || result is null ? null : new(module, Text("syscall") ?? "", result, start, start + took);

        string? Text(string name) => Member(name) is not { } value || value.ValueKind is JsonValueKind.Null ? null
            : value.ValueKind is JsonValueKind.String ? TextOf(value)
            : throw Wrong(name, "must be a text or null");

        string TextOf(JsonElement value)
        {
            try
            {
                return value.GetString()!;
            }
            catch (InvalidOperationException)
            {
                throw Wrong("text", "is not valid UTF-8");
            }
        }

        double Number(string name) => Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var number) && number >= 0 && number < 1e9
            ? number
            : throw Wrong(name, "must be a number of seconds");

        JsonElement? Member(string name) => call.ValueKind is JsonValueKind.Object && call.TryGetProperty(name, out var value) ? value : null;

        ScenarioException Wrong(string name, string problem) => new($"{file}: tracedCalls[{index}].{name}: {problem}");
    }

    static long Ns(double seconds) => (long)Math.Round(seconds * 1e9);

    sealed record Call(string Module, string Syscall, string Result, double Start, double End);
}

/// <summary>What was traced of a module's load.</summary>
/// <param name="Syscall"><c>finit_module</c> or <c>init_module</c>.</param>
/// <param name="CallNs">From the call to the module's being live, or to its failure.</param>
/// <param name="AsyncProbeNs">How long the call went on for its asynchronous probes.</param>
/// <param name="Error">The errno's name; null for success.</param>
public readonly record struct ModuleTiming(string Syscall, long CallNs, long AsyncProbeNs, string? Error);
