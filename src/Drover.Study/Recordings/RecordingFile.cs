using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Drover.Linux.Files;
using Drover.Modules;
using Drover.Modules.Image;
using Drover.Study.Files;

namespace Drover.Study.Recordings;

/// <summary>Reads the files that <c>drover report</c> takes, and recognises them by their contents.</summary>
static class RecordingFile
{
    /// <summary>A udev run with 255 CPUs has 10,000 calls of 200 bytes; parsed, they take several times that.</summary>
    public const int MaxBytes = 64 << 20;

    /// <summary>The source of a watch's recording.</summary>
    public const string Watch = "a watch";

    /// <summary>What is read at a time: the kind of a recording is in its first bytes.</summary>
    const int PieceBytes = 64 << 10;

    const string Known = "expected the output of 'drover watch --json', 'drover timeline --json', "
        + "'drover herd --json' or 'lab/run --json'";

    static readonly JsonReaderOptions s_severalValues = new() { AllowMultipleValues = true };

    /// <summary>The recordings in a file: one, or several runs. It may be compressed by gzip, xz or zstd.</summary>
    /// <param name="path">A dash stands for standard input.</param>
    /// <exception cref="RecordingException">It is unreadable, of an unknown kind, damaged or too large.</exception>
    public static IReadOnlyList<Recording> Load(string path)
    {
        try
        {
            return InputFile.Read(path, Read);
        }
        catch (ModuleDataException problem)
        {
            throw new RecordingException(problem.Message);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new RecordingException(FileProblem.Describe(problem));
        }
    }

    /// <param name="stream">The file, from its beginning.</param>
    /// <param name="file">Its name, for messages and for recordings that have no other name.</param>
    /// <exception cref="RecordingException">It is of an unknown kind, damaged or too large.</exception>
    /// <exception cref="ModuleDataException">It is compressed, and damaged.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static IReadOnlyList<Recording> Read(Stream stream, string file)
    {
        var begun = new byte[PieceBytes];
        begun = begun[..stream.ReadAtLeast(begun, begun.Length, throwOnEndOfStream: false)];
        if (ModuleFile.CompressionOf(begun) is ModuleCompression.None)
            return ReadPlain(stream, begun, file);
        var plain = ModuleFile.Decompress(WholeOf(stream, begun, file), file);
        return plain.Length <= MaxBytes ? ReadPlain(Stream.Null, plain, file) : throw TooLarge(file);
    }

    /// <summary>The same of a text.</summary>
    public static IReadOnlyList<Recording> Read(string text, string file) =>
        Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), file);

    /// <summary>Of a watch's recording, which may be large, only the calls stay in memory.</summary>
    static List<Recording> ReadPlain(Stream stream, byte[] begun, string file)
    {
        try
        {
            if (KindOf(WithoutMark(begun), isWhole: false) == "watch")
                return [ReadWatch(stream, begun, file)];
            var bytes = WithoutMark(WholeOf(stream, begun, file));
            if (bytes.Trim(" \t\r\n"u8).IsEmpty)
                throw new RecordingException($"{file}: is empty: {Known}");
            return KindOf(bytes, isWhole: true) switch
            {
                "herd" => FromHerd(Parse(bytes, RecordingJson.Default.ListHerdDocument), file),
                "lab" => [FromLab(Parse(bytes, RecordingJson.Default.LabDocument), file)],
                "timeline" => [FromTimeline(Parse(bytes, RecordingJson.Default.TimelineDocument), file)],
                _ => throw new RecordingException($"{file}: not a recording: {Known}"),
            };
        }
        catch (InvalidOperationException)
        {
            throw new RecordingException($"{file}: has a string that is not valid Unicode");
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

    static Recording ReadWatch(Stream stream, byte[] begun, string file)
    {
        var reader = new WatchReader(file);
        var piece = begun;
        var rest = WithoutMark(begun);
        rest.CopyTo(piece);
        var (length, all) = (rest.Length, rest.Length);
        while (true)
        {
            var taken = reader.Take(piece.AsSpan(0, length));
            length -= taken;
            piece.AsSpan(taken, length).CopyTo(piece);
            if (length == piece.Length)
                Array.Resize(ref piece, 2 * length);
            var more = stream.Read(piece, length, piece.Length - length);
            if (more == 0)
                return reader.End();
            length += more;
            if ((all += more) > MaxBytes)
                throw TooLarge(file);
        }
    }

    static byte[] WholeOf(Stream stream, byte[] begun, string file) => begun.Length < PieceBytes
        ? begun
        : BoundedRead.TryReadAll(stream, MaxBytes, begun) ?? throw TooLarge(file);

    static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;

    static RecordingException TooLarge(string file) => new($"{file}: larger than {MaxBytes >> 20} MiB");

    /// <param name="isWhole">These are all bytes of the file; else null may mean that its kind comes later.</param>
    static string? KindOf(ReadOnlySpan<byte> bytes, bool isWhole)
    {
        var reader = new Utf8JsonReader(bytes, isWhole, new JsonReaderState(s_severalValues));
        reader.Read();
        var isList = reader.TokenType is JsonTokenType.StartArray && reader.Read();
        if (reader.TokenType is not JsonTokenType.StartObject)
            return isList && reader.TokenType is JsonTokenType.EndArray ? "herd" : null; // no run
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            // a watch has one object a line, or a list of them where a program has collected the lines
            if (reader.ValueTextEquals("type"u8))
                return reader.Read() && reader.ValueTextEquals("watch"u8) ? "watch" : null;
            if (!isList && reader.ValueTextEquals("tracedCalls"u8))
                return "lab";
            if (!isList && reader.ValueTextEquals("timeline"u8))
                return "timeline";
            if (!reader.TrySkip())
                return null;
        }
        return isList ? "herd" : null;
    }

    static T Parse<T>(ReadOnlySpan<byte> bytes, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(bytes, type) ?? throw new JsonException("null", "$", 0, 0);

    /// <summary><c>tracedCalls[0].tid: </c>, of <c>$.tracedCalls[0].tid</c>; empty for the document itself.</summary>
    static string MemberOf(string path) => path.Length > 1 ? $"{path.TrimStart('$', '.')}: " : "";

    /// <summary>The serializer's message without the names of our types and the place, which the caller adds.</summary>
    internal static string ReasonOf(string message)
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
        var live = new List<LiveModule>();
        foreach (var module in document.Timeline)
        {
            if (module.First is not { CalledAtUs.Ns: var called } first)
            {
                if (module.Last is { Outcome: "alreadyLive" })
                    live.Add(new LiveModule(module.Module, module.Asked, module.FirstAsker));
                continue;
            }
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
                Units = [.. new[] { module.FirstProcess?.Unit, module.LastProcess?.Unit }.OfType<string>().Distinct()],
            });
        }
        var known = document.Timeline.Select(module => module.Module).ToHashSet(StringComparer.Ordinal);
        live.AddRange((document.LiveModules ?? []).OfType<string>().Where(name => !known.Contains(name))
            .Select(name => new LiveModule(name, null, null)));
        var recording = Recording.Of("drover daemon", "a daemon's timeline", calls);
        return recording with
        {
            Live = live,
            Span = "first request to last call's end",
            Kernel = document.Release,
            Cpus = document.Cpus is { } cpus ? CpusOf(cpus) : null,
        };
    }

    internal static void CheckCount(int calls, string file)
    {
        if (calls > Recording.MaxCalls)
            throw new RecordingException($"{file}: more than {Recording.MaxCalls} calls");
    }

    static int CpusOf(Count cpus) => (int)Math.Min(cpus.Value, int.MaxValue);
}
