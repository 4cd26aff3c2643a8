namespace Drover.Kernel;

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

    /// <summary>The meaning as a clause without a full stop, worded for module loading where it is an error of a load.
    /// The symbol for one without a description.</summary>
    public static string Describe(Errno error) => error switch
    {
        Errno.None => "no error",
        Errno.EPERM =>
            "not permitted: CAP_SYS_MODULE is missing, modules are disabled, or the kernel's own blacklist names the " +
            "module",
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
