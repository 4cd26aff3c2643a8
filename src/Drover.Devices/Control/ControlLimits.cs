namespace Drover.Devices.Control;

/// <summary>Every bound of the control socket: what a hostile client can cost. Memory of bytes is at most <see cref="MaxConnections"/> × <see cref="MaxMessageBytes"/> in,
/// and <see cref="MaxUnsentBytesOfAll"/> and one reply out.</summary>
public static class ControlLimits
{
    /// <summary>A call, its NUL included; also all that is kept of a client's pipelined calls, however many: more of them is read when these are answered.</summary>
    public const int MaxMessageBytes = 64 << 10;

    /// <summary>Replies that a client has not taken. It may have one larger reply (Modules of a machine with thousands of them) when nothing else waits.</summary>
    public const int MaxUnsentBytes = 1 << 20;

    /// <summary>The same of all clients together; above it, who has most is disconnected.</summary>
    public const int MaxUnsentBytesOfAll = 16 << 20;

    public const int MaxConnections = 1024;

    /// <summary>Of those, what only root may have: others never lock it out.</summary>
    public const int ConnectionsKeptForRoot = 64;

    public const int MaxConnectionsPerUser = 64;

    /// <summary>More than a command line of names has.</summary>
    public const int MaxNames = 1024;

    /// <summary>The kernel has no longer modalias: UEVENT_BUFFER_SIZE (include/linux/kobject.h).</summary>
    public const int MaxNameBytes = 2048;

    /// <summary>What Status and Settle list of the requests that wait: at a coldplug of a large machine there are tens of thousands.</summary>
    public const int MaxListed = 256;
}
