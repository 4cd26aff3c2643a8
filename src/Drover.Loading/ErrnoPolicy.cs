using Drover.Kernel;

namespace Drover.Loading;

/// <summary>What the loader does about an errno of a load call.</summary>
enum Reaction
{
    /// <summary>Another loader works on the module or file: check the module's state, perhaps retry.</summary>
    CheckState,

    /// <summary>Nothing happened: retry.</summary>
    Retry,

    /// <summary>A resource is used up: shrink the budget, and retry when a load has ended.</summary>
    ShrinkBudget,

    /// <summary>The kernel could not decompress the file: decompress it here. Final for an uncompressed file.</summary>
    DecompressHere,

    /// <summary>There is no finit_module: read the file here. Final for init_module.</summary>
    ReadHere,

    /// <summary>A symbol is missing: a dependency may have been removed.</summary>
    MissingSymbol,

    Final,
}

/// <summary>The requests that a failure answers, apart from those that joined it.</summary>
enum FailureScope
{
    /// <summary>Requests made before it was known (design rule 4).</summary>
    Generation,

    /// <summary>All requests until the file or the index changes: the kernel would reply the same.</summary>
    File,
}

/// <summary>The errno policy of design rule 5, as a table.</summary>
/// <param name="Tries">Maximum number of calls of one flight.</param>
readonly record struct ErrnoPolicy(Reaction Reaction, FailureScope Scope, int Tries)
{
    public static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(1);

    /// <summary>The pause before the first retry; it doubles each time up to <see cref="MaxPause"/>.</summary>
    static readonly TimeSpan s_minPause = TimeSpan.FromMilliseconds(20);

    public static ErrnoPolicy For(Errno error) => error switch
    {
        Errno.EEXIST => new(Reaction.CheckState, FailureScope.Generation, 3),
        // may also come from the driver's own init: few tries
        Errno.EBUSY => new(Reaction.CheckState, FailureScope.Generation, 3),
        // a package manager that writes, or fs-verity building its tree, takes seconds: 20 ms … 1 s, 2.3 s in all
        Errno.ETXTBSY => new(Reaction.CheckState, FailureScope.Generation, 8),
        // EAGAIN: no thread could be started for the call
        Errno.EINTR or Errno.EAGAIN => new(Reaction.Retry, FailureScope.Generation, 8),
        Errno.ENOMEM => new(Reaction.ShrinkBudget, FailureScope.Generation, 6),
        // descriptors, like memory, become free when a load ends
        Errno.EMFILE or Errno.ENFILE => new(Reaction.ShrinkBudget, FailureScope.Generation, 6),
        Errno.ENOENT => new(Reaction.MissingSymbol, FailureScope.Generation, 2),
        // EINVAL: a compressed file that the kernel's decompressor does not read, or the module's init
        Errno.ENOEXEC or Errno.EOPNOTSUPP or Errno.EINVAL => new(Reaction.DecompressHere, FailureScope.File, 2),
        // of finit_module: a kernel before 3.8, or a filter of system calls (seccomp) that refuses it
        Errno.ENOSYS => new(Reaction.ReadHere, FailureScope.File, 2),
        Errno.EPERM or Errno.EKEYREJECTED or Errno.ENOKEY or Errno.EBADMSG or Errno.EFBIG =>
            new(Reaction.Final, FailureScope.File, 1),
        // ENODEV and other results of a module's init
        _ => new(Reaction.Final, FailureScope.Generation, 1),
    };

    /// <summary>The pause before call number <paramref name="tries"/> + 1.</summary>
    public static TimeSpan PauseAfter(int tries)
    {
        var pause = s_minPause;
        for (var i = 1; i < tries && pause < MaxPause; i++)
            pause *= 2;
        return pause < MaxPause ? pause : MaxPause;
    }
}
