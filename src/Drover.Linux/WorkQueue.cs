namespace Drover.Linux;

/// <summary>
/// What waits for the event loop, in the order in which it came. Any thread puts work in, the loop alone takes it out. Nobody ever spins (see <see cref="WakeUp"/>).
/// </summary>
sealed class WorkQueue
{
    Node? _newest; // what came since the loop last looked, the newest first
    Node? _oldest; // the loop's own: what it took over then, the oldest first

    /// <summary>True only for the loop's thread: there is nothing to take.</summary>
    public bool IsEmpty => _oldest is null && Volatile.Read(ref _newest) is null;

    /// <summary>A full fence.</summary>
    public void Enqueue(object work)
    {
        var node = new Node(work);
        Node? newest;
        do
            node.Next = newest = Volatile.Read(ref _newest);
        while (Interlocked.CompareExchange(ref _newest, node, newest) != newest); // the node is the loop's from then on: its Next may be another already
    }

    /// <summary>Takes what has waited longest; null when there is nothing. For the loop's thread.</summary>
    public object? Dequeue()
    {
        _oldest ??= Reverse(Interlocked.Exchange(ref _newest, null));
        var work = _oldest?.Work;
        _oldest = _oldest?.Next;
        return work;
    }

    static Node? Reverse(Node? newest)
    {
        Node? oldest = null;
        for (Node? next; newest is not null; newest = next)
            (next, newest.Next, oldest) = (newest.Next, oldest, newest);
        return oldest;
    }

    sealed class Node(object work)
    {
        public object Work { get; } = work;

        public Node? Next { get; set; }
    }
}
