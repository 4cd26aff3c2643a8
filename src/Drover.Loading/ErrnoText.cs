namespace Drover.Loading;

/// <summary>Errno values for people. Immutable; safe for any thread.</summary>
public static class ErrnoText
{
    // asm-generic/errno-base.h and errno.h, by number; x86 and arm64 use them unchanged. Empty: the number is not used.
    static readonly string[] Names =
    [
        "", "EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "ENOEXEC", "EBADF", "ECHILD", "EAGAIN", "ENOMEM", "EACCES", "EFAULT", "ENOTBLK",
        "EBUSY", "EEXIST", "EXDEV", "ENODEV", "ENOTDIR", "EISDIR", "EINVAL", "ENFILE", "EMFILE", "ENOTTY", "ETXTBSY", "EFBIG", "ENOSPC", "ESPIPE", "EROFS",
        "EMLINK", "EPIPE", "EDOM", "ERANGE", "EDEADLK", "ENAMETOOLONG", "ENOLCK", "ENOSYS", "ENOTEMPTY", "ELOOP", "", "ENOMSG", "EIDRM", "ECHRNG", "EL2NSYNC",
        "EL3HLT", "EL3RST", "ELNRNG", "EUNATCH", "ENOCSI", "EL2HLT", "EBADE", "EBADR", "EXFULL", "ENOANO", "EBADRQC", "EBADSLT", "", "EBFONT", "ENOSTR", "ENODATA",
        "ETIME", "ENOSR", "ENONET", "ENOPKG", "EREMOTE", "ENOLINK", "EADV", "ESRMNT", "ECOMM", "EPROTO", "EMULTIHOP", "EDOTDOT", "EBADMSG", "EOVERFLOW",
        "ENOTUNIQ", "EBADFD", "EREMCHG", "ELIBACC", "ELIBBAD", "ELIBSCN", "ELIBMAX", "ELIBEXEC", "EILSEQ", "ERESTART", "ESTRPIPE", "EUSERS", "ENOTSOCK",
        "EDESTADDRREQ", "EMSGSIZE", "EPROTOTYPE", "ENOPROTOOPT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT", "EOPNOTSUPP", "EPFNOSUPPORT", "EAFNOSUPPORT", "EADDRINUSE",
        "EADDRNOTAVAIL", "ENETDOWN", "ENETUNREACH", "ENETRESET", "ECONNABORTED", "ECONNRESET", "ENOBUFS", "EISCONN", "ENOTCONN", "ESHUTDOWN", "ETOOMANYREFS",
        "ETIMEDOUT", "ECONNREFUSED", "EHOSTDOWN", "EHOSTUNREACH", "EALREADY", "EINPROGRESS", "ESTALE", "EUCLEAN", "ENOTNAM", "ENAVAIL", "EISNAM", "EREMOTEIO",
        "EDQUOT", "ENOMEDIUM", "EMEDIUMTYPE", "ECANCELED", "ENOKEY", "EKEYEXPIRED", "EKEYREVOKED", "EKEYREJECTED", "EOWNERDEAD", "ENOTRECOVERABLE", "ERFKILL",
        "EHWPOISON",
    ];

    /// <summary>Its symbol, <c>ETXTBSY</c>; or <c>errno 517</c> where it has none that user space knows.</summary>
    public static string Name(Errno error)
    {
        var number = (int)error;
        return number > 0 && number < Names.Length && Names[number].Length > 0 ? Names[number] : $"errno {number}";
    }

    /// <summary>The number of a symbol that user space knows; false for any other text.</summary>
    public static bool TryParse(string name, out Errno error)
    {
        error = name.Length > 0 ? (Errno)Math.Max(Array.IndexOf(Names, name), 0) : Errno.None;
        return error is not Errno.None;
    }

    /// <summary>What it means, a clause without a full stop; of those that a module's load can give, in the words of a module's load.</summary>
    public static string Describe(Errno error) => error switch
    {
        Errno.None => "no error",
        Errno.EPERM => "not permitted: CAP_SYS_MODULE is missing, modules are disabled, or the kernel's own blacklist names the module",
        Errno.ENOENT => "not found: the file, or a symbol the module needs",
        Errno.EINTR => "interrupted by a signal",
        Errno.EIO => "the disk could not be read",
        Errno.ENOEXEC => "not a module this kernel accepts: wrong format, or built for another kernel",
        Errno.EBADF => "the file is not open for reading",
        Errno.EAGAIN => "not possible right now",
        Errno.ENOMEM => "not enough memory",
        Errno.EACCES => "access denied",
        Errno.EFAULT => "a bad address was passed to the kernel",
        Errno.EBUSY => "another attempt at the same module is ending",
        Errno.EEXIST => "the module is already in the kernel",
        Errno.ENODEV => "no hardware for it",
        Errno.EINVAL => "an invalid parameter, or a damaged module",
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
        (Errno)6 => "no such device or address",
        (Errno)20 => "a part of the path is not a directory",
        (Errno)21 => "it is a directory",
        (Errno)28 => "no space left",
        (Errno)30 => "the file system is read-only",
        (Errno)36 => "the name is too long",
        (Errno)98 => "the address is in use",
        (Errno)105 => "no buffer space left",
        (Errno)121 => "the device did not answer",
        _ => Name(error),
    };
}
