using System.Text.Json;
using Drover.Model;

namespace Drover.Report;

/// <summary>The files that a report is made of, told apart by what is in them. Stateless.</summary>
static class RecordingFile
{
    /// <summary>A udev run with 255 CPUs has 10,000 calls of 200 bytes in the lab; a document takes ten times its size in memory.</summary>
    public const int MostBytes = 64 << 20;

    const string Known = "a report is made of what 'drover watch --json', 'drover timeline --json', 'drover herd --json' or 'lab/run --json' wrote";

    /// <summary>What is recorded in a file: one recording, or several runs.</summary>
    /// <exception cref="RecordingException">It is none of the known files, or damaged, or too large.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a directory.</exception>
    public static IReadOnlyList<Recording> Load(string path)
    {
        using var stream = File.OpenRead(path);
        return Read(BoundedRead.TryReadAll(stream, MostBytes) ?? throw new RecordingException($"{path}: has more than {MostBytes >> 20} MiB"), path);
    }

    /// <param name="bytes">All of it.</param>
    /// <param name="file">Its name, for messages and, where it has no better one, for the recording.</param>
    /// <exception cref="RecordingException">As above. Nothing else is thrown, whatever the bytes.</exception>
    public static IReadOnlyList<Recording> Read(ReadOnlyMemory<byte> bytes, string file)
    {
        if (WatchSource.Is(bytes.Span))
            return [WatchSource.Read(bytes, file)];
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var source = new JsonSource(file, bytes, document.RootElement);
            return document.RootElement.ValueKind switch
            {
                JsonValueKind.Array => HerdSource.Read(source),
                JsonValueKind.Object when document.RootElement.TryGetProperty("tracedCalls"u8, out _) => [LabSource.Read(source)],
                JsonValueKind.Object when document.RootElement.TryGetProperty("timeline"u8, out _) => [TimelineSource.Read(source)],
                _ => throw new RecordingException($"{file}: not a recording: {Known}"),
            };
        }
        catch (JsonException problem)
        {
            throw new RecordingException($"{file}:{problem.LineNumber + 1}: not JSON: {Known}");
        }
    }
}
