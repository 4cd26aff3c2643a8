namespace Drover.Loading;

/// <summary>Linux errno values as the module system calls give them (asm-generic/errno-base.h, errno.h). A value not named here is kept as its number.</summary>
public enum Errno
{
    None = 0,
    EPERM = 1,
    ENOENT = 2,
    EINTR = 4,
    EIO = 5,
    ENOEXEC = 8,
    EBADF = 9,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EBUSY = 16,
    EEXIST = 17,
    ENODEV = 19,
    EINVAL = 22,
    ENFILE = 23,
    EMFILE = 24,
    ETXTBSY = 26,
    EFBIG = 27,
    ENOSYS = 38,
    ELOOP = 40,
    EBADMSG = 74,
    EOPNOTSUPP = 95,
    ETIMEDOUT = 110,
    ENOKEY = 126,
    EKEYREJECTED = 129,
}
