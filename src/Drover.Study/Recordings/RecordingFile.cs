using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Drover.Linux.Files;
using Drover.Linux.Tracing;
using Drover.Modules;
using Drover.Modules.Image;

namespace Drover.Study.Recordings;

/// <summary>Reads the files that <c>drover report</c> takes, and recognises them by their contents.</summary>
static class RecordingFile
{
    /// <summary>A udev run with 255 CPUs has 10,000 calls of 200 bytes; parsed, they take several times that.</summary>
    public const int MaxBytes = 64 << 20;

    /// <summary>The source of a watch's recording.</summary>
    public const string Watch = "a watch";

    const string StandardInput = "-";

    const string Known = "expected the output of 'drover watch --json', 'drover timeline --json', "
        + "'drover herd --json' or 'lab/run --json'";

    static readonly JsonReaderOptions s_severalValues = new() { AllowMultipleValues = true };

    /// <summary>The recordings in a file: one, or several runs. It may be compressed by gzip, xz or zstd.</summary>
    /// <param name="path">A dash stands for standard input.</param>
    /// <exception cref="RecordingException">It is unreadable, of an unknown kind, damaged or too large.</exception>
    public static IReadOnlyList<Recording> Load(string path)
    {
        var file = path == StandardInput ? "standard input" : path;
        try
        {
            using var stream = path == StandardInput ? Console.OpenStandardInput() : SystemFiles.Current.OpenRead(path);
            var bytes = BoundedRead.TryReadAll(stream, MaxBytes) ?? throw TooLarge();
            return Read(Decompressed(bytes), file);
        }
        catch (ModuleDataException problem)
        {
            throw new RecordingException(problem.Message);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new RecordingException(FileProblem.Describe(problem));
        }

        byte[] Decompressed(byte[] bytes)
        {
            var plain = ModuleFile.Decompress(bytes, file);
            return plain.Length <= MaxBytes ? plain : throw TooLarge();
        }

        RecordingException TooLarge() => new($"{file}: larger than {MaxBytes >> 20} MiB");
    }

    /// <param name="bytes">The whole file.</param>
    /// <param name="file">Its name, for messages and for recordings that have no other name.</param>
    /// <exception cref="RecordingException">As for <see cref="Load"/>; nothing else, whatever the bytes.</exception>
    public static IReadOnlyList<Recording> Read(ReadOnlySpan<byte> bytes, string file)
    {
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        if (bytes.Trim(" \t\r\n"u8).IsEmpty)
            throw new RecordingException($"{file}: is empty: {Known}");
        try
        {
            return ReadDocument(bytes, file);
        }
        catch (InvalidOperationException)
        {
            throw new RecordingException($"{file}: has a string that is not valid Unicode");
        }
    }

    static List<Recording> ReadDocument(ReadOnlySpan<byte> bytes, string file)
    {
        try
        {
            return KindOf(bytes) switch
            {
                "watch" => [ReadWatch(bytes, file)],
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
        var reader = new Utf8JsonReader(bytes, s_severalValues);
        reader.Read();
        var isList = reader.TokenType is JsonTokenType.StartArray && reader.Read();
        if (reader.TokenType is not JsonTokenType.StartObject)
            return isList ? "herd" : null;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            // a watch has one object a line, or a list of them where a program has collected the lines
            if (reader.ValueTextEquals("type"u8))
                return reader.Read() && reader.ValueTextEquals("watch"u8) ? "watch" : null;
            if (!isList && reader.ValueTextEquals("tracedCalls"u8))
                return "lab";
            if (!isList && reader.ValueTextEquals("timeline"u8))
                return "timeline";
            reader.Skip();
        }
        return isList ? "herd" : null;
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
            Span = "boot phase",
            Loss = "memory wasted",
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
            Span = "coldplug",
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
        return recording with
        {
            Span = "first request to last call's end",
            Kernel = document.Release,
            Cpus = document.Cpus is { } cpus ? CpusOf(cpus) : null,
        };
    }

    static Recording ReadWatch(ReadOnlySpan<byte> bytes, string file)
    {
        WatchHeader? header = null;
        var calls = new List<RecordedCall>();
        var (number, counted, lost, hasEnded) = (1L, 0, 0L, false);
        // not final: a watch that was killed may have written part of its last line
        var reader = new Utf8JsonReader(bytes, isFinalBlock: false, new JsonReaderState(s_severalValues));
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.EndArray && reader.CurrentDepth == 0)
                continue;
            var start = (int)reader.TokenStartIndex;
            if (!reader.TrySkip())
                break;
            number += bytes[counted..start].Count((byte)'\n');
            counted = start;
            try
            {
                switch (WatchLine.Read(bytes[start..(int)reader.BytesConsumed]))
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
                    $"{file}:{number}: not a line of a recording: {ReasonOf(problem.Message)}");
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
        return Recording.Of(Path.GetFileNameWithoutExtension(file), Watch, calls) with
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
            Parts = CallParts.Of(call.ReadAfterUs, call.LaidOutAfterUs, call.FormedAfterUs, call.TookUs),
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
