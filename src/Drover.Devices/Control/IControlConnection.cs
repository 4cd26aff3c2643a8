namespace Drover.Devices.Control;

/// <summary>Who is at the other end, as the kernel vouches for it.</summary>
/// <param name="UserId">Effective, when it connected.</param>
/// <param name="GroupId">Effective, when it connected.</param>
/// <param name="Groups">Supplementary ones; empty where the kernel does not tell.</param>
/// <param name="ProcessId">0 for a process of a namespace that is not ours.</param>
public sealed record ControlPeer(uint UserId, uint GroupId, IReadOnlyList<uint> Groups, int ProcessId);

/// <summary>A client's connection as the protocol sees it; behind it stands a socket or a test. Used on the event loop; nothing here throws for what a client can do.</summary>
public interface IControlConnection
{
    ControlPeer Peer { get; }

    /// <summary>
    /// Asks for the client's next bytes, at most so many: one <see cref="IControlHandler.Received"/> or <see cref="IControlHandler.Ended"/> follows, never from within
    /// this call. Nothing comes unasked, so that a client cannot fill anybody's memory.
    /// </summary>
    void Receive(int mostBytes);

    /// <summary>Gives the client what it takes at once; where that is not all, one <see cref="IControlHandler.Writable"/> follows, never from within this call.</summary>
    /// <returns>How many bytes were taken. Of a client that has gone: all of them.</returns>
    int Send(ReadOnlySpan<byte> bytes);

    /// <summary>Ends it; no call of the handler follows.</summary>
    void Close();
}

/// <summary>What a connection tells, on the event loop.</summary>
public interface IControlHandler
{
    /// <summary>Bytes that were asked for; valid during the call alone.</summary>
    void Received(ReadOnlySpan<byte> bytes);

    /// <summary>No more bytes will come, as asked for; the client may still read (shutdown(2) with SHUT_WR).</summary>
    void Ended();

    /// <summary>The client can take more.</summary>
    void Writable();

    /// <summary>The client has gone, and reads no answer any more; what it had sent before can still be asked for, until <see cref="Ended"/>. Comes unasked, once.</summary>
    void Gone();
}
