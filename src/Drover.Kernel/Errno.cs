namespace Drover.Kernel;

/// <summary>Linux errno values: all of asm-generic/errno-base.h and errno.h, which x86 and arm64 use unchanged. A value
/// without a name (the kernel's internal ones from 512) is kept as its number.</summary>
public enum Errno
{
    None = 0, EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, ENXIO = 6, E2BIG = 7, ENOEXEC = 8, EBADF = 9,
    ECHILD = 10, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EFAULT = 14, ENOTBLK = 15, EBUSY = 16, EEXIST = 17, EXDEV = 18,
    ENODEV = 19, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, ENFILE = 23, EMFILE = 24, ENOTTY = 25, ETXTBSY = 26,
    EFBIG = 27, ENOSPC = 28, ESPIPE = 29, EROFS = 30, EMLINK = 31, EPIPE = 32, EDOM = 33, ERANGE = 34, EDEADLK = 35,
    ENAMETOOLONG = 36, ENOLCK = 37, ENOSYS = 38, ENOTEMPTY = 39, ELOOP = 40, ENOMSG = 42, EIDRM = 43, ECHRNG = 44,
    EL2NSYNC = 45, EL3HLT = 46, EL3RST = 47, ELNRNG = 48, EUNATCH = 49, ENOCSI = 50, EL2HLT = 51, EBADE = 52,
    EBADR = 53, EXFULL = 54, ENOANO = 55, EBADRQC = 56, EBADSLT = 57, EBFONT = 59, ENOSTR = 60, ENODATA = 61,
    ETIME = 62, ENOSR = 63, ENONET = 64, ENOPKG = 65, EREMOTE = 66, ENOLINK = 67, EADV = 68, ESRMNT = 69, ECOMM = 70,
    EPROTO = 71, EMULTIHOP = 72, EDOTDOT = 73, EBADMSG = 74, EOVERFLOW = 75, ENOTUNIQ = 76, EBADFD = 77, EREMCHG = 78,
    ELIBACC = 79, ELIBBAD = 80, ELIBSCN = 81, ELIBMAX = 82, ELIBEXEC = 83, EILSEQ = 84, ERESTART = 85, ESTRPIPE = 86,
    EUSERS = 87, ENOTSOCK = 88, EDESTADDRREQ = 89, EMSGSIZE = 90, EPROTOTYPE = 91, ENOPROTOOPT = 92,
    EPROTONOSUPPORT = 93, ESOCKTNOSUPPORT = 94, EOPNOTSUPP = 95, EPFNOSUPPORT = 96, EAFNOSUPPORT = 97, EADDRINUSE = 98,
    EADDRNOTAVAIL = 99, ENETDOWN = 100, ENETUNREACH = 101, ENETRESET = 102, ECONNABORTED = 103, ECONNRESET = 104,
    ENOBUFS = 105, EISCONN = 106, ENOTCONN = 107, ESHUTDOWN = 108, ETOOMANYREFS = 109, ETIMEDOUT = 110,
    ECONNREFUSED = 111, EHOSTDOWN = 112, EHOSTUNREACH = 113, EALREADY = 114, EINPROGRESS = 115, ESTALE = 116,
    EUCLEAN = 117, ENOTNAM = 118, ENAVAIL = 119, EISNAM = 120, EREMOTEIO = 121, EDQUOT = 122, ENOMEDIUM = 123,
    EMEDIUMTYPE = 124, ECANCELED = 125, ENOKEY = 126, EKEYEXPIRED = 127, EKEYREVOKED = 128, EKEYREJECTED = 129,
    EOWNERDEAD = 130, ENOTRECOVERABLE = 131, ERFKILL = 132, EHWPOISON = 133,
}

/// <summary>The errno of a failed access of a file.</summary>
public static class FileErrno
{
    const int MaxErrno = 4095; // kernel: MAX_ERRNO

    /// <summary>The errno that the class library and SystemFiles say by an exception; EIO for an IOException that has
    /// none. Null for an exception of another kind.</summary>
    public static Errno? Of(Exception problem) => problem switch
    {
        FileNotFoundException or DirectoryNotFoundException => Errno.ENOENT,
        UnauthorizedAccessException => Errno.EACCES,
        PathTooLongException => Errno.ENAMETOOLONG,
        IOException { HResult: > 0 and <= MaxErrno and var number } => (Errno)number,
        IOException => Errno.EIO,
        _ => null,
    };
}

public static class ErrnoText
{
    /// <summary>The symbol, <c>ETXTBSY</c>; <c>errno 517</c> for a number without a symbol in user space.</summary>
    public static string Name(Errno error) =>
        error is not Errno.None && Enum.GetName(error) is { } name ? name : $"errno {(int)error}";

    /// <summary>The errno of a symbol; false for any other text.</summary>
    public static bool TryParse(string name, out Errno error)
    {
        // Enum.TryParse also takes numbers and lists
        var known = Enum.TryParse(name, out error) && Name(error) == name;
        error = known ? error : Errno.None;
        return known;
    }

    /// <summary>Whether a load's result, a symbol, says that the module was there, or that another load of it was in
    /// flight.</summary>
    public static bool IsDuplicate(string? result) => result is "EEXIST" or "EBUSY" or "ETXTBSY";

    /// <summary>The meaning for a load of a module, as a clause without a full stop. The symbol for one without a
    /// description.</summary>
    public static string DescribeLoad(Errno error) => error switch
    {
        Errno.EPERM =>
            "not permitted: CAP_SYS_MODULE is missing, modules are disabled, or the kernel's own blacklist names the " +
            "module",
        Errno.ENOENT => "not found: the file, or a symbol the module needs",
        Errno.ENOEXEC => "not a module this kernel accepts: wrong format, or built for another kernel",
        Errno.EBUSY => "another attempt at the same module is ending",
        Errno.EEXIST => "the module is already in the kernel",
        Errno.ENODEV => "no hardware for it",
        Errno.EINVAL => "an invalid parameter, or a damaged module",
        _ => Describe(error),
    };

    /// <summary>The meaning for a file or a call of any other kind, as <see cref="DescribeLoad"/>.</summary>
    public static string Describe(Errno error) => error switch
    {
        Errno.None => "no error",
        Errno.EPERM => "not permitted",
        Errno.ENOENT => "no such file or directory",
        Errno.EINTR => "interrupted by a signal",
        Errno.EIO => "the disk could not be read",
        Errno.ENOEXEC => "not a program",
        Errno.EBADF => "the file is not open for this",
        Errno.EAGAIN => "not possible right now",
        Errno.ENOMEM => "not enough memory",
        Errno.EACCES => "access denied",
        Errno.EFAULT => "a bad address was passed to the kernel",
        Errno.EBUSY => "it is busy",
        Errno.EEXIST => "it exists already",
        Errno.ENODEV => "no such device",
        Errno.EINVAL => "an invalid argument",
        Errno.ENFILE => "the system has no file descriptor left",
        Errno.EMFILE => "this process has no file descriptor left",
        Errno.ETXTBSY => "the file is being loaded, written, sealed or executed by someone else",
        Errno.EFBIG => "the file is too large",
        Errno.ENOSYS => "this kernel has no such system call",
        Errno.ELOOP => "a symbolic link where none is allowed, or too many of them",
        Errno.EBADMSG => "damaged data",
        Errno.EOPNOTSUPP => "this kernel does not support it",
        Errno.ETIMEDOUT => "it took too long",
        Errno.ENOKEY => "the module is not signed with a key this kernel knows",
        Errno.EKEYREJECTED => "the kernel rejects the module's signature",
        Errno.ENXIO => "no such device or address",
        Errno.ENOTDIR => "a part of the path is not a directory",
        Errno.EISDIR => "it is a directory",
        Errno.ENOSPC => "no space left",
        Errno.EROFS => "the file system is read-only",
        Errno.ENAMETOOLONG => "the name is too long",
        Errno.EADDRINUSE => "the address is in use",
        Errno.ENOBUFS => "no buffer space left",
        Errno.EREMOTEIO => "the device did not answer",
        _ => Name(error),
    };
}
