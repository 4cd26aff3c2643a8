namespace Drover.Model;

/// <summary>The running counters behind <see cref="ModuleStats"/>, bumped where the kernel bumps them. One owner, the simulation.</summary>
public sealed class StatsCounter
{
    readonly List<DuplicateFailure> _duplicates = [];
    ModuleStats _stats = new();

    /// <summary>The counters now.</summary>
    public ModuleStats Snapshot() => _stats with { Duplicates = [.. _duplicates] };

    /// <summary>The same without a copy: its list of duplicates is empty.</summary>
    internal ModuleStats Current => _stats;

    /// <summary>Bytes wasted so far.</summary>
    public long WastedBytes => _stats.WastedBytes;

    /// <summary><c>mod_stat_inc(&amp;failed_kreads)</c>.</summary>
    public void KreadFailed(long bytes) =>
        _stats = _stats with { FailedKread = _stats.FailedKread + 1, FailedKreadBytes = _stats.FailedKreadBytes + bytes };

    public void DecompressFailed(long bytes) =>
        _stats = _stats with { FailedDecompress = _stats.FailedDecompress + 1, FailedDecompressBytes = _stats.FailedDecompressBytes + bytes };

    /// <summary><c>mod_stat_bump_becoming</c>: the copy of the file, and what it was decompressed from.</summary>
    public void BecomingFailed(long bytes, long compressedBytes) =>
        _stats = _stats with
        {
            FailedBecoming = _stats.FailedBecoming + 1,
            FailedBecomingBytes = _stats.FailedBecomingBytes + bytes,
            FailedDecompressBytes = _stats.FailedDecompressBytes + compressedBytes,
        };

    /// <summary><c>mod_stat_bump_invalid</c>: the copy of the file and the module's home, which is counted as large as the file.</summary>
    public void LoadFailed(long bytes, long compressedBytes) =>
        _stats = _stats with
        {
            FailedLoad = _stats.FailedLoad + 1,
            FailedLoadBytes = _stats.FailedLoadBytes + (2 * bytes),
            FailedDecompressBytes = _stats.FailedDecompressBytes + compressedBytes,
        };

    /// <summary>A module became live.</summary>
    public void Loaded(long imageBytes, long textBytes) =>
        _stats = _stats with
        {
            EverLoaded = _stats.EverLoaded + 1,
            TotalModuleBytes = _stats.TotalModuleBytes + imageBytes,
            TotalTextBytes = _stats.TotalTextBytes + textBytes,
        };

    /// <summary><c>try_add_failed_module</c>.</summary>
    public void Duplicate(string module, DuplicateReason reason)
    {
        var known = _duplicates.FindIndex(duplicate => duplicate.Module == module);
        if (known < 0)
            _duplicates.Insert(0, new DuplicateFailure(module, 1, reason));
        else
            _duplicates[known] = _duplicates[known] with { Times = _duplicates[known].Times + 1, Reason = _duplicates[known].Reason | reason };
    }
}
