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
    const string Unnamed = "(unnamed)";

    /// <summary>Its first line says so; what else may be in a line comes behind the type.</summary>
    public static bool Is(ReadOnlySpan<byte> bytes) => bytes.StartsWith("{\"type\":\"watch\""u8);

    /// <exception cref="RecordingException">A line is damaged.</exception>
    public static Recording Read(ReadOnlyMemory<byte> bytes, string file)
    {
        WatchHeader? header = null;
        var traced = new List<TracedCall>();
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
                    traced.Add(Checked(call));
                lost += WatchRecording.TryReadLost(line) ?? 0;
                hasEnded |= line.StartsWith("{\"type\":\"totals\"", StringComparison.Ordinal);
            }
            catch (Exception problem) when (problem is JsonException or InvalidOperationException)
            {
                throw new RecordingException($"{file}:{number + 1}: {problem.Message}");
            }
            if (traced.Count > Recording.MostCalls)
                throw new RecordingException($"{file}:{number + 1}: has more than {Recording.MostCalls} calls");
        }
        if (header is null)
            throw new RecordingException($"{file}:1: the first line is cut off: nothing is recorded here");
        var doubts = header.Degraded.ToList();
        if (lost > 0)
            doubts.Add($"{lost} events of the trace were lost: counts are too low");
        if (!hasEnded)
            doubts.Add("the watch was killed: its end is missing");
        return Of(header, traced, Path.GetFileNameWithoutExtension(file)) with { Kernel = header.Kernel, Cpus = header.Cpus, Doubts = doubts };
    }

    static Recording Of(WatchHeader header, List<TracedCall> traced, string name)
    {
        // of a boot, the first call; else what came before the watch would be empty
        var begin = traced.Count > 0 ? traced.Min(call => call.StartUs) : header.StartUs;
        return Recording.Of(name, "a watch", [.. traced.Select(call => new RecordedCall
        {
            Module = call.Module ?? Unnamed,
            StartNs = (call.StartUs - begin) * 1000,
            TookNs = call.TookUs * 1000,
            Result = call.Result is { } result ? OutcomeJson.KeyOf(result) : null,
            HasWaited = call.HasWaited,
            Bytes = call.ReadBytes,
            Worker = string.Create(CultureInfo.InvariantCulture, $"{call.Comm} {call.Tid}"),
            Asker = call.Device,
        })]);
    }

    static TracedCall Checked(TracedCall call)
    {
        // times of a machine that has been up for thirty years at most: sums of them stay far from the bounds of a long
        const long MostUs = 1_000_000_000_000_000;
        return call is { StartUs: >= 0 and < MostUs, TookUs: >= 0 and < MostUs, ReadBytes: null or (>= 0 and < MostUs) } ? call : throw new JsonException("startUs, tookUs or readBytes is out of range");
    }
}
