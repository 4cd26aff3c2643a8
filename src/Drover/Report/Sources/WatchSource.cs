using System.Globalization;
using System.Text;
using System.Text.Json;
using Drover.Devices.Control;
using Drover.Linux.Tracing;
using Drover.Verbs;

namespace Drover.Report;

/// <summary>A recording of <c>drover watch --json</c> (docs/watch.md). Stateless.</summary>
static class WatchSource
{
    /// <summary>Its first line says so; what else may be in a line comes behind the type.</summary>
    public static bool Is(ReadOnlySpan<byte> bytes) => bytes.StartsWith("{\"type\":\"watch\""u8);

    /// <exception cref="RecordingException">A line is damaged.</exception>
    public static Recording Read(ReadOnlyMemory<byte> bytes, string file)
    {
        WatchHeader? header = null;
        var calls = new List<RecordedCall>();
        var (number, lost, hasEnded) = (0, 0L, false);
        for (var left = bytes.Span; !left.IsEmpty; number++)
        {
            var end = left.IndexOf((byte)'\n');
            var line = Encoding.UTF8.GetString(end < 0 ? left : left[..end]);
            // a watch that was killed may have written half a line
            if (end < 0 && !line.EndsWith('}'))
                break;
            left = end < 0 ? default : left[(end + 1)..];
            try
            {
                header ??= WatchRecording.TryReadHeader(line);
                if (WatchRecording.TryReadCall(line) is { IsLoad: true } call)
                    calls.Add(Of(Checked(call)));
                lost += WatchRecording.TryReadLost(line) ?? 0;
                hasEnded |= line.StartsWith("{\"type\":\"totals\"", StringComparison.Ordinal);
            }
            catch (Exception problem) when (problem is JsonException or InvalidOperationException)
            {
                throw new RecordingException($"{file}:{number + 1}: {problem.Message}");
            }
            if (calls.Count > Recording.MostCalls)
                throw new RecordingException($"{file}:{number + 1}: has more than {Recording.MostCalls} calls");
        }
        if (header is null)
            throw new RecordingException($"{file}:1: the first line is cut off: nothing is recorded here");
        var doubts = header.Degraded.ToList();
        if (lost > 0)
            doubts.Add($"{lost} events of the trace were lost: counts are too low");
        if (!hasEnded)
            doubts.Add("the watch was killed: its end is missing");
        var recording = Recording.Of(Path.GetFileNameWithoutExtension(file), "a watch", calls);
        (recording.Kernel, recording.Cpus, recording.Doubts) = (header.Kernel, header.Cpus, doubts);
        return recording;
    }

    static RecordedCall Of(TracedCall call) => new()
    {
        Module = call.Module ?? WatchTally.Nameless,
        StartNs = call.StartUs * 1000,
        TookNs = call.TookUs * 1000,
        Result = call.Result is { } result ? OutcomeJson.KeyOf(result) : null,
        HasWaited = call.HasWaited,
        Bytes = call.ReadBytes,
        Worker = string.Create(CultureInfo.InvariantCulture, $"{call.Comm} {call.Tid}"),
        Asker = call.Device,
    };

    static TracedCall Checked(TracedCall call)
    {
        // times of a machine that has been up for thirty years at most: sums of them stay far from the bounds of a long
        const long MostUs = 1_000_000_000_000_000;
        return call is { StartUs: >= 0 and < MostUs, TookUs: >= 0 and < MostUs, ReadBytes: null or (>= 0 and < MostUs) } ? call : throw new JsonException("startUs, tookUs or readBytes is out of range");
    }
}
