namespace Drover.Linux.Tracing;

/// <summary>
/// One CPU's lines of a trace, in the order in which that CPU wrote them: the head is there until <see cref="Advance"/>. Not thread-safe.
/// </summary>
/// <param name="read">Fills as much as there is now; returns the bytes, or 0 and less where there is nothing.</param>
sealed class CpuTracePipe(CpuTracePipe.Reader read)
{
    /// <summary>An event's text is some hundred bytes, with the longest path 4 KiB. A line longer than that is no event, and passed over.</summary>
    const int MaxLineBytes = 8 << 10;

    /// <summary>One read gives at most a page or two, whatever the buffer (kernel: struct trace_seq).</summary>
    const int ReadBytes = 8 << 10;

    const int None = -1;

    byte[] _buffer = []; // of most CPUs of a large machine nothing ever comes
    int _begin;
    int _end;
    int _head = None;
    bool _isDropping;

    /// <summary>Reads what is there.</summary>
    internal delegate int Reader(Span<byte> into);

    /// <summary>The head, without its newline; good until <see cref="Advance"/>.</summary>
    internal ReadOnlySpan<byte> Head => _buffer.AsSpan(_begin, _head);

    /// <summary>When the head happened, in microseconds of the trace's clock. A line that tells no time, such as a note of lost events, has that of the line before.</summary>
    internal long TimeUs { get; private set; }

    /// <summary>Whether there is a head; reads on where there is none.</summary>
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

    /// <summary>The next line is the head, if there is one.</summary>
    internal void Advance()
    {
        _begin += _head + 1;
        _head = None;
    }

    bool TryRead(Span<byte> rest)
    {
        if (_buffer.Length == 0)
        {
            _buffer = new byte[MaxLineBytes + ReadBytes];
        }

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
