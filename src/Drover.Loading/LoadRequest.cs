namespace Drover.Loading;

/// <summary>Somebody wants a module.</summary>
/// <param name="Asked">A module name or a modalias.</param>
/// <param name="Asker">Who, for reports: a device path, a command; null when it does not matter.</param>
/// <param name="Seqnum">SEQNUM of the event behind the request: when it was made, in the kernel's own order. Null for a request made now.</param>
/// <param name="Parameters">Module parameters of the asker, beside the configured ones.</param>
/// <param name="Patience">How long the asker can wait for a load that is in flight; null: as long as it takes. The kernel's own requests must be bounded (design rule 11).</param>
/// <param name="ApplyBlacklist">A blacklist line holds for a module asked for by its own name, too (modprobe -b); for an alias it always does.</param>
public sealed record LoadRequest(
    string Asked, string? Asker = null, ulong? Seqnum = null, string Parameters = "", TimeSpan? Patience = null, bool ApplyBlacklist = false)
{
    /// <summary>What a look-up of the asker's has found already: the module, and the alias that led to it. Null to look <see cref="Asked"/> up.</summary>
    public FoundModule? Found { get; init; }

    /// <summary>How much comes along.</summary>
    public LoadScope Scope { get; init; }

    /// <summary>Absolute path of the very file to load, whatever the index says of a module of that name; null for the index's.</summary>
    public string? File { get; init; }
}
