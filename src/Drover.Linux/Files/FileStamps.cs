using Drover.Linux.Syscalls;

namespace Drover.Linux.Files;

/// <summary>Tells whether one of several files or directories was written, replaced, created or removed.</summary>
public sealed class FileStamps
{
    const int Values = 4; // of one path

    readonly IReadOnlyList<string> _paths;
    readonly ulong[] _stamps;

    /// <param name="paths">Existing or not.</param>
    public FileStamps(IReadOnlyList<string> paths) => (_paths, _stamps) = (paths, Read(paths));

    /// <summary>Since it was constructed; one statx(2) for each path.</summary>
    public bool HaveChanged => !_stamps.AsSpan().SequenceEqual(Read(_paths));

    static ulong[] Read(IReadOnlyList<string> paths)
    {
        var stamps = new ulong[Values * paths.Count];
        for (var i = 0; i < paths.Count; i++)
        {
            if (Libc.StatXAt(Libc.AT_FDCWD, paths[i], flags: 0, Libc.STATX_BASIC_STATS, out var stat) < 0)
                continue; // there is none
            var stamp = stamps.AsSpan(Values * i, Values);
            (stamp[0], stamp[1]) = (stat.Inode, stat.Size);
            (stamp[2], stamp[3]) = ((ulong)stat.ModifiedSeconds, stat.ModifiedNanoseconds);
        }
        return stamps;
    }
}
