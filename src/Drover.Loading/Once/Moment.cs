namespace Drover.Loading;

/// <summary>When a request was made: by the SEQNUM of the event behind it, or, for one that no event is behind, by the monotonic clock.</summary>
readonly record struct Moment(ulong? Seqnum, long Timestamp)
{
    /// <summary>Whether a request of this moment is answered by a result (design rule 4): it was made before the result was known.</summary>
    public bool IsAnsweredBy(in KnownResult result) =>
        Seqnum is { } seqnum ? seqnum <= result.Seqnum : Timestamp < result.Timestamp;
}
