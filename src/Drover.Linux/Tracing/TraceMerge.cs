namespace Drover.Linux.Tracing;

/// <summary>Merges the lines of all CPUs by time. The kernel's trace_pipe of all CPUs does the same, but checks
/// every CPU's buffer for every line (kernel: __find_next_entry), which with 32 CPUs is most of a reader's cost.
/// Not thread-safe.</summary>
sealed class TraceMerge(IReadOnlyList<CpuTracePipe> pipes)
{
    readonly PriorityQueue<CpuTracePipe, long> _heads = new(pipes.Count);

    /// <summary>Reads the lines up to a time; all events up to it must be in the buffers, or order is lost.</summary>
    /// <param name="untilUs">Microseconds of the trace's clock.</param>
    /// <param name="take">Receives a line without its newline; the span is valid during the call.</param>
    internal void TakeUntil(long untilUs, Action<ReadOnlySpan<byte>> take)
    {
        _heads.Clear();
        foreach (var pipe in pipes)
        {
            if (pipe.TryHead())
                _heads.Enqueue(pipe, pipe.TimeUs);
        }
        while (_heads.TryPeek(out var next, out var timeUs) && timeUs <= untilUs)
        {
            take(next.Head);
            next.Advance();
            if (next.TryHead())
                _heads.DequeueEnqueue(next, next.TimeUs);
            else
                _heads.Dequeue();
        }
    }
}

/// <summary>The lines of one CPU, in order; <see cref="Head"/> is the current one. Not thread-safe.</summary>
/// <param name="read">Reads the available bytes without blocking; returns their number, or 0 or less for none.</param>
sealed class CpuTracePipe(CpuTracePipe.Reader read)
{
    const int MaxLineBytes = 8 << 10; // an event has up to 4 KiB, with the longest path. A longer line is skipped
    const int ReadBytes = 8 << 10; // one read returns at most a page or two (kernel: struct trace_seq)
    const int None = -1;

    byte[] _buffer = []; // allocated on demand: most CPUs of a large machine have no events
    int _begin, _end;
    int _head = None;
    bool _isDropping;

    /// <summary>Reads without blocking.</summary>
    internal delegate int Reader(Span<byte> into);

    /// <summary>The current line without its newline; valid until <see cref="Advance"/>.</summary>
    internal ReadOnlySpan<byte> Head => _buffer.AsSpan(_begin, _head);

    /// <summary>Microseconds of the trace's clock; a line without a time has that of the previous one.</summary>
    internal long TimeUs { get; private set; }

    /// <summary>Whether there is a current line; reads more if there is none.</summary>
    internal bool TryHead()
    {
        while (_head == None)
        {
            var rest = _buffer.AsSpan(_begin, _end - _begin);
            if (rest.IndexOf((byte)'\n') is >= 0 and var length)
            {
                _head = length;
                if (_isDropping)
                {
                    _isDropping = false;
                    Advance();
                }
                else if (TraceLine.TryParse(Head, out var line))
                {
                    TimeUs = line.TimeUs;
                }
            }
            else if (!TryRead(rest))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Moves to the next line.</summary>
    internal void Advance()
    {
        _begin += _head + 1;
        _head = None;
    }

    bool TryRead(Span<byte> rest)
    {
        if (_buffer.Length == 0)
            _buffer = new byte[MaxLineBytes + ReadBytes];
        if (rest.Length > MaxLineBytes)
        {
            _isDropping = true;
            rest = default;
        }
        rest.CopyTo(_buffer);
        (_begin, _end) = (0, rest.Length);
        var length = read(_buffer.AsSpan(_end));
        _end += Math.Max(length, 0);
        return length > 0;
    }
}
