namespace Drover.Loading;

/// <summary>What to do about an errno of a load call.</summary>
enum Reaction
{
    /// <summary>Another loader is at the same module or file: look at its state, then perhaps try again.</summary>
    LookAgain,

    /// <summary>Nothing happened: the same call again.</summary>
    Again,

    /// <summary>The kernel is out of memory: fewer bytes at once, and again when a load has ended.</summary>
    LessAtOnce,

    /// <summary>The kernel could not decompress the file: once more, decompressed by us. For an uncompressed file it is final.</summary>
    DecompressHere,

    /// <summary>A symbol is missing: a dependency may have gone; see, and name it.</summary>
    MissingSymbol,

    Final,
}

/// <summary>Whom a failure answers beside those who joined it.</summary>
enum FailureScope
{
    /// <summary>Every request made before it was known (design rule 4).</summary>
    Generation,

    /// <summary>Every request until the file or the index changes: the kernel would say the same again.</summary>
    File,
}

/// <summary>The errno policy of design rule 5, as a table.</summary>
/// <param name="Tries">Most calls in all for one flight, when they all end in errnos of this kind.</param>
readonly record struct ErrnoPolicy(Reaction Reaction, FailureScope Scope, int Tries)
{
    /// <summary>First pause before a call is repeated; doubled each time up to <see cref="LongestPause"/>.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);

    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    public static ErrnoPolicy For(Errno error) => error switch
    {
        Errno.EEXIST => new(Reaction.LookAgain, FailureScope.Generation, 3),
        // may also be what the driver's own init says: few tries
        Errno.EBUSY => new(Reaction.LookAgain, FailureScope.Generation, 3),
        // a package manager writing, or fs-verity building its tree, takes seconds: 20 ms … 1 s, 2.3 s in all
        Errno.ETXTBSY => new(Reaction.LookAgain, FailureScope.Generation, 8),
        Errno.EINTR or Errno.EAGAIN => new(Reaction.Again, FailureScope.Generation, 8),
        Errno.ENOMEM => new(Reaction.LessAtOnce, FailureScope.Generation, 6),
        // descriptors come back when a load ends, like memory
        Errno.EMFILE or Errno.ENFILE => new(Reaction.LessAtOnce, FailureScope.Generation, 6),
        Errno.ENOENT => new(Reaction.MissingSymbol, FailureScope.Generation, 2),
        Errno.ENOEXEC or Errno.EOPNOTSUPP => new(Reaction.DecompressHere, FailureScope.File, 2),
        Errno.EPERM or Errno.EKEYREJECTED or Errno.ENOKEY or Errno.EINVAL or Errno.EBADMSG or Errno.EFBIG or Errno.ENOSYS
            => new(Reaction.Final, FailureScope.File, 1),
        // ENODEV and whatever else a module's init returns
        _ => new(Reaction.Final, FailureScope.Generation, 1),
    };

    /// <summary>The pause before the call numbered <paramref name="tries"/> + 1.</summary>
    public static TimeSpan PauseAfter(int tries)
    {
        var pause = FirstPause;
        for (var i = 1; i < tries && pause < LongestPause; i++)
            pause *= 2;
        return pause < LongestPause ? pause : LongestPause;
    }
}
