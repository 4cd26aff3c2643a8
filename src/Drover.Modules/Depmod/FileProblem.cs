namespace Drover.Modules.Depmod;

/// <summary>What went wrong with a file as the errno that kmod, which opens it itself, would tell of. Stateless.</summary>
internal static class FileProblem
{
    public const int IsDirectory = 21, NoSpace = 28; // EISDIR, ENOSPC

    const int NotThere = 2, IoError = 5, NoExec = 8, NoAccess = 13, Invalid = 22; // ENOENT, EIO, ENOEXEC, EACCES, EINVAL

    /// <summary>Linux's numbers end there (kernel: MAX_ERRNO).</summary>
    const int MaxErrno = 4095;

    const int DiskFull = unchecked((int)0x80070070); // what .NET makes of ENOSPC

    /// <summary>The errno, or null for an exception that is no fault of a file.</summary>
    public static int? ErrnoOf(Exception problem) => problem switch
    {
        ModuleDataException { Fault: DataFault.OtherFormat } => NoExec,
        ModuleDataException => Invalid,
        UnauthorizedAccessException => NoAccess,
        FileNotFoundException or DirectoryNotFoundException => NotThere,
        ArgumentException => NotThere, // an empty path
        // .NET keeps the errno there
        IOException io => io.HResult is > 0 and <= MaxErrno ? io.HResult : io.HResult == DiskFull ? NoSpace : IoError,
        _ => null,
    };
}
