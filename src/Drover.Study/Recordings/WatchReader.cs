using System.Text.Json;
using Drover.Linux.Tracing;

namespace Drover.Study.Recordings;

/// <summary>Reads a watch's recording in pieces. One thread.</summary>
/// <param name="file">Its name, for messages and for the recording.</param>
sealed class WatchReader(string file)
{
    readonly RecordingJson _json = SharedText.Context();
    readonly List<RecordedCall> _calls = [];
    readonly Dictionary<(int Tid, string Comm), string> _workers = [];
    JsonReaderState _state = new(new JsonReaderOptions { AllowMultipleValues = true });
    WatchHeader? _header;
    long _line = 1, _lost;
    bool _hasEnded;

    /// <summary>Reads the values that are complete, and returns their length: the next piece begins there.</summary>
    /// <exception cref="RecordingException">A value is not a line of a recording.</exception>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public int Take(ReadOnlySpan<byte> piece)
    {
        // never final: a watch that was killed may have written part of its last line
        var reader = new Utf8JsonReader(piece, isFinalBlock: false, _state);
        var taken = 0;
        while (reader.Read())
        {
            var start = (int)reader.TokenStartIndex;
            if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.EndArray)
                || reader.CurrentDepth > 0)
            {
                if (!reader.TrySkip())
                    break;
                _line += piece[taken..start].Count((byte)'\n');
                taken = start;
                Add(piece[start..(int)reader.BytesConsumed]);
            }
            var end = (int)reader.BytesConsumed;
            _line += piece[taken..end].Count((byte)'\n');
            (taken, _state) = (end, reader.CurrentState);
        }
        return taken;
    }

    /// <exception cref="RecordingException">The recording has no first line.</exception>
    public Recording End()
    {
        if (_header is null)
            throw new RecordingException($"{file}:1: the first line is incomplete: the recording is empty");
        var warnings = _header.Degraded.ToList();
        if (_lost > 0)
            warnings.Add($"{_lost} events of the trace were lost: counts are too low");
        if (!_hasEnded)
            warnings.Add("the watch was killed: its end is missing");
        return Recording.Of(Path.GetFileNameWithoutExtension(file), RecordingFile.Watch, _calls) with
        {
            Kernel = _header.Kernel,
            Cpus = _header.Cpus,
            Warnings = warnings,
        };
    }

    void Add(ReadOnlySpan<byte> line)
    {
        try
        {
            switch (WatchLine.Read(line, _json))
            {
                case WatchHeader header:
                    _header ??= header;
                    break;
                case WatchCall call when call.ToTracedCall() is { IsLoad: true } traced:
                    _calls.Add(CallOf(traced));
                    break;
                case WatchLost lost:
                    _lost += lost.Events;
                    break;
                case WatchTotals:
                    _hasEnded = true;
                    break;
            }
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            throw new RecordingException(
                $"{file}:{_line}: not a line of a recording: {RecordingFile.ReasonOf(problem.Message)}");
        }
        RecordingFile.CheckCount(_calls.Count, file);
    }

    RecordedCall CallOf(TracedCall call)
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
            Worker = WorkerOf(call),
            Parts = CallParts.Of(call.ReadAfterUs, call.LaidOutAfterUs, call.FormedAfterUs, call.TookUs),
            Requester = call.Device,
        };
    }

    string WorkerOf(TracedCall call)
    {
        if (!_workers.TryGetValue((call.Tid, call.Comm), out var worker))
        {
            worker = string.Create(CultureInfo.InvariantCulture, $"{call.Comm} {call.Tid}");
            _workers.Add((call.Tid, call.Comm), worker);
        }
        return worker;
    }
}
