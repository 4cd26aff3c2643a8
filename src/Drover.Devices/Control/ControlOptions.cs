namespace Drover.Devices.Control;

/// <summary>What a control service is told at its start.</summary>
public sealed record ControlOptions
{
    /// <summary>Of the program, for GetInfo.</summary>
    public required string Version { get; init; }

    /// <summary>Whose members may load, settle and reload beside root; null for root alone.</summary>
    public uint? GroupId { get; init; }

    /// <summary>Whether a client may do what changes the machine or makes somebody wait.</summary>
    internal bool MayChange(ControlPeer peer) =>
        peer.UserId == 0 || (GroupId is { } group && (peer.GroupId == group || peer.Groups.Contains(group)));
}
