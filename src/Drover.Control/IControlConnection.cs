using Drover.Kernel;

namespace Drover.Control;

/// <summary>The process at the other end, as the kernel reports it (unix(7): SO_PEERCRED).</summary>
/// <param name="UserId">Effective, when it connected.</param>
/// <param name="GroupId">Effective, when it connected.</param>
/// <param name="Groups">Supplementary groups; empty where the kernel does not report them.</param>
/// <param name="ProcessId">0 for a process of another PID namespace.</param>
public sealed record ControlPeer(uint UserId, uint GroupId, IReadOnlyList<uint> Groups, int ProcessId)
{
    /// <summary>Who it was when it was accepted; one that <see cref="RequestingProcess.IsKernel"/> is the program that
    /// the kernel runs for a request of its own. Null if it had exited, or is of another PID namespace.</summary>
    public RequestingProcess? Process { get; init; }
}

/// <summary>Port: a client's connection. Used on the event loop; no member throws for what a client can do.</summary>
public interface IControlConnection
{
    ControlPeer Peer { get; }

    /// <summary>Requests the client's next bytes: one <see cref="IControlHandler.Received"/> or
    /// <see cref="IControlHandler.Ended"/> follows, never during this call. Nothing is received without a request, so a
    /// client cannot fill our memory.</summary>
    void Receive(int maxBytes);

    /// <summary>Sends as much as fits without blocking. When that is not all, one
    /// <see cref="IControlHandler.Writable"/> follows, never during this call.</summary>
    /// <returns>How many bytes were sent; all of them when the client has disconnected.</returns>
    int Send(ReadOnlySpan<byte> bytes);

    /// <summary>Disconnects. The handler is not called any more.</summary>
    void Close();
}

/// <summary>Receives the events of a connection, on the event loop.</summary>
public interface IControlHandler
{
    /// <summary>Bytes that were requested; valid during the call only.</summary>
    void Received(ReadOnlySpan<byte> bytes);

    /// <summary>Replies that no more bytes come; the client may still read (shutdown(2) with SHUT_WR).</summary>
    void Ended();

    /// <summary>The client can take more.</summary>
    void Writable();

    /// <summary>The client has disconnected and reads no replies any more; what it sent before can still be requested,
    /// until <see cref="Ended"/>. Called once, without a request.</summary>
    void Gone();
}
