using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Drover.Linux.Tracing;
using Drover.Modules;

namespace Drover.Study.Recordings;

/// <summary>Reads the files that <c>drover report</c> takes, and recognises them by their contents.</summary>
static class RecordingFile
{
    /// <summary>A udev run with 255 CPUs has 10,000 calls of 200 bytes; parsed, they take several times that.</summary>
    public const int MaxBytes = 64 << 20;

    const string Known = "expected the output of 'drover watch --json', 'drover timeline --json', "
        + "'drover herd --json' or 'lab/run --json'";

    /// <summary>The recordings in a file: one, or several runs.</summary>
    /// <exception cref="RecordingException">It is unreadable, of an unknown kind, damaged or too large.</exception>
    public static IReadOnlyList<Recording> Load(string path)
    {
        try
        {
            using var stream = SystemFiles.Current.OpenRead(path);
            var bytes = BoundedRead.TryReadAll(stream, MaxBytes)
                ?? throw new RecordingException($"{path}: larger than {MaxBytes >> 20} MiB");
            return Read(bytes, path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new RecordingException(problem.Message);
        }
    }

    /// <param name="bytes">The whole file.</param>
    /// <param name="file">Its name, for messages and for recordings that have no other name.</param>
    /// <exception cref="RecordingException">As for <see cref="Load"/>; nothing else, whatever the bytes.</exception>
    public static IReadOnlyList<Recording> Read(ReadOnlySpan<byte> bytes, string file)
    {
        try
        {
            return bytes.StartsWith(WatchLine.FileStart) ? [ReadWatch(bytes, file)] : ReadDocument(bytes, file);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string with half a surrogate pair
            throw new RecordingException($"{file}: {problem.Message}");
        }
    }

    static List<Recording> ReadDocument(ReadOnlySpan<byte> bytes, string file)
    {
        try
        {
            return KindOf(bytes) switch
            {
                "herd" => FromHerd(Parse(bytes, RecordingJson.Default.ListHerdDocument), file),
                "lab" => [FromLab(Parse(bytes, RecordingJson.Default.LabDocument), file)],
                "timeline" => [FromTimeline(Parse(bytes, RecordingJson.Default.TimelineDocument), file)],
                _ => throw new RecordingException($"{file}: not a recording: {Known}"),
            };
        }
        catch (JsonException problem)
        {
            var where = $"{file}:{problem.LineNumber + 1}";
            // the reader's own exceptions are about the syntax
            throw new RecordingException(problem.Path is null || problem.InnerException is JsonException
                ? $"{where}: not JSON: {Known}"
                : $"{where}: {MemberOf(problem.Path)}{ReasonOf(problem.Message)}");
        }
    }

    static string? KindOf(ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes);
        reader.Read();
        if (reader.TokenType is JsonTokenType.StartArray)
            return "herd";
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("tracedCalls"u8))
                return "lab";
            if (reader.ValueTextEquals("timeline"u8))
                return "timeline";
            reader.Skip();
        }
        return null;
    }

    static T Parse<T>(ReadOnlySpan<byte> bytes, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(bytes, type) ?? throw new JsonException("null", "$", 0, 0);

    /// <summary><c>tracedCalls[0].tid: </c>, of <c>$.tracedCalls[0].tid</c>; empty for the document itself.</summary>
    static string MemberOf(string path) => path.Length > 1 ? $"{path.TrimStart('$', '.')}: " : "";

    /// <summary>The serializer's message without the names of our types and the place, which the caller adds.</summary>
    static string ReasonOf(string message)
    {
        const string Missing = "missing required properties including: ";
        if (message.IndexOf(Missing, StringComparison.Ordinal) is > 0 and var at)
            return $"lacks {message[(at + Missing.Length)..].TrimEnd('.')}";
        return message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal)
            ? "has the wrong type"
            : message.Split(" Path: ")[0];
    }

    static List<Recording> FromHerd(List<HerdDocument> runs, string file)
    {
        if (runs.Count == 0)
            throw new RecordingException($"{file}: contains no run");
        return [.. runs.Select(run => new Recording
        {
            Name = $"{run.Herd}, gate {run.Gate}",
            Source = "a run in the model",
            Cpus = CpusOf(run.Cpus),
            Results = (run.Calls ?? []).ToDictionary(calls => calls.Key, calls => calls.Value.Value),
            Modules = run.Attempted.Value,
            InVainBytes = run.WastedBytes.Value,
            LengthNs = run.BootSeconds.Ns,
            Warnings = run.WhyNotBooted is { } why ? [$"the boot failed: {why}"] : [],
        })];
    }

    static Recording FromLab(LabDocument run, string file)
    {
        CheckCount(run.TracedCalls.Count, file);
        var sizes = run.FileBytes ?? [];
        var name = run.Loader switch
        {
            "drover" => "drover coldplug",
            "daemon" => "drover daemon with udev",
            _ => run.Loader,
        };
        List<RecordedCall> calls = [.. run.TracedCalls.Select(call => new RecordedCall
        {
            Module = call.Module ?? RecordedCall.UnknownModule,
            StartNs = call.StartSeconds.Ns,
            TookNs = call.Seconds.Ns,
            Result = call.Result,
            Bytes = call.Bytes?.Value ?? (sizes.TryGetValue(call.Module ?? "", out var size) ? size.Value : null),
            Worker = string.Create(CultureInfo.InvariantCulture, $"{call.Comm} {call.Tid.Value}"),
        })];
        var recording = Recording.Of(name, "a run in the lab", calls, run.LoaderStartSeconds.Ns);
        return recording with
        {
            Kernel = run.KernelRelease,
            Cpus = CpusOf(run.Cpus),
            // without file sizes the calls do not show it
            InVainBytes = sizes.Count == 0 ? run.WastedBytes.Value : recording.InVainBytes,
            LengthNs = Math.Max(recording.LengthNs, run.ColdplugSeconds.Ns),
            Warnings = [.. (run.Warnings ?? []).OfType<string>()],
        };
    }

    static Recording FromTimeline(TimelineDocument document, string file)
    {
        CheckCount(document.Timeline.Count, file);
        var calls = new List<RecordedCall>();
        foreach (var module in document.Timeline)
        {
            // skips modules that were live before the daemon started or needed no call
            if (module.First is not { CalledAtUs.Ns: var called } first)
                continue;
            calls.Add(new RecordedCall
            {
                Module = module.Module,
                RequestNs = first.WantedAtUs?.Ns,
                StartNs = called,
                TookNs = (first.EndedAtUs?.Ns ?? called) - called,
                Result = first.EndedAtUs is null ? null : first.Errno ?? "0",
                Bytes = module.FileBytes?.Value,
                Requester = module.FirstAsker,
                Request = module.Asked,
                Needed = [.. (first.Needed ?? []).OfType<string>()],
            });
        }
        var recording = Recording.Of("drover daemon", "a daemon's timeline", calls);
        return recording with { Kernel = document.Release, Cpus = document.Cpus is { } cpus ? CpusOf(cpus) : null };
    }

    static Recording ReadWatch(ReadOnlySpan<byte> bytes, string file)
    {
        WatchHeader? header = null;
        var calls = new List<RecordedCall>();
        var (number, lost, hasEnded) = (0, 0L, false);
        for (var left = bytes; !left.IsEmpty; number++)
        {
            var end = left.IndexOf((byte)'\n');
            var line = end < 0 ? left : left[..end];
            // a watch that was killed may have written part of its last line
            if (end < 0 && !line.EndsWith("}"u8))
                break;
            left = end < 0 ? default : left[(end + 1)..];
            try
            {
                switch (WatchLine.Read(line))
                {
                    case WatchHeader read:
                        header ??= read;
                        break;
                    case WatchCall call when call.ToTracedCall() is { IsLoad: true } traced:
                        calls.Add(FromWatch(traced));
                        break;
                    case WatchLost events:
                        lost += events.Events;
                        break;
                    case WatchTotals:
                        hasEnded = true;
                        break;
                }
            }
            catch (Exception problem) when (problem is JsonException or InvalidOperationException)
            {
                throw new RecordingException(
                    $"{file}:{number + 1}: not a line of a recording: {ReasonOf(problem.Message)}");
            }
            CheckCount(calls.Count, file);
        }
        if (header is null)
            throw new RecordingException($"{file}:1: the first line is incomplete: the recording is empty");
        var warnings = header.Degraded.ToList();
        if (lost > 0)
            warnings.Add($"{lost} events of the trace were lost: counts are too low");
        if (!hasEnded)
            warnings.Add("the watch was killed: its end is missing");
        return Recording.Of(Path.GetFileNameWithoutExtension(file), "a watch", calls) with
        {
            Kernel = header.Kernel,
            Cpus = header.Cpus,
            Warnings = warnings,
        };
    }

    static RecordedCall FromWatch(TracedCall call)
    {
        // thirty years, as for the times of the documents
        const long MaxUs = 1_000_000_000_000_000;
        if (call is not { StartUs: >= 0 and < MaxUs, TookUs: >= 0 and < MaxUs, ReadBytes: null or (>= 0 and < MaxUs) })
            throw new JsonException("startUs, tookUs or readBytes is out of range");
        return new RecordedCall
        {
            Module = call.Module ?? RecordedCall.UnknownModule,
            StartNs = call.StartUs * 1000,
            TookNs = call.TookUs * 1000,
            Result = WatchCall.KeyOf(call.Result),
            HasWaited = call.HasWaited,
            Bytes = call.ReadBytes,
            Worker = string.Create(CultureInfo.InvariantCulture, $"{call.Comm} {call.Tid}"),
            Requester = call.Device,
        };
    }

    static void CheckCount(int calls, string file)
    {
        if (calls > Recording.MaxCalls)
            throw new RecordingException($"{file}: more than {Recording.MaxCalls} calls");
    }

    static int CpusOf(Count cpus) => (int)Math.Min(cpus.Value, int.MaxValue);
}
