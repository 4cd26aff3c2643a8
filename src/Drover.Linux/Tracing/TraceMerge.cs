namespace Drover.Linux.Tracing;

/// <summary>
/// The lines of all CPUs in the order of their time. The kernel's own trace_pipe of all CPUs gives them so, too, but looks at every CPU's buffer for every line
/// (kernel: __find_next_entry), which with 32 CPUs is most of what a reader costs. Not thread-safe.
/// </summary>
sealed class TraceMerge(IReadOnlyList<CpuTracePipe> pipes)
{
    readonly PriorityQueue<CpuTracePipe, long> _heads = new(pipes.Count);

    /// <summary>
    /// Hands over what is there up to a time; later lines wait for the next call. So that none comes out of order, all that happened up to that time must be in the buffers by now.
    /// </summary>
    /// <param name="untilUs">Microseconds of the trace's clock.</param>
    /// <param name="take">Gets a line without its newline; the span is good for the call.</param>
    internal void HandOver(long untilUs, Action<ReadOnlySpan<byte>> take)
    {
        _heads.Clear();
        foreach (var pipe in pipes)
        {
            if (pipe.TryHead())
            {
                _heads.Enqueue(pipe, pipe.TimeUs);
            }
        }

        while (_heads.TryPeek(out var next, out var timeUs) && timeUs <= untilUs)
        {
            take(next.Head);
            next.Advance();
            if (next.TryHead())
            {
                _heads.DequeueEnqueue(next, next.TimeUs);
            }
            else
            {
                _heads.Dequeue();
            }
        }
    }
}
