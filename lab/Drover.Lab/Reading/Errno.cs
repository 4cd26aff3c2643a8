using System.Globalization;

namespace Drover.Lab.Reading;

/// <summary>Names for what a load call returns (include/uapi/asm-generic/errno*.h).</summary>
static class Errno
{
    static readonly Dictionary<int, string> Names = new()
    {
        [0] = "0",
        [1] = "EPERM",
        [2] = "ENOENT",
        [4] = "EINTR",
        [5] = "EIO",
        [6] = "ENXIO",
        [8] = "ENOEXEC",
        [9] = "EBADF",
        [11] = "EAGAIN",
        [12] = "ENOMEM",
        [13] = "EACCES",
        [14] = "EFAULT",
        [16] = "EBUSY",
        [17] = "EEXIST",
        [19] = "ENODEV",
        [22] = "EINVAL",
        [26] = "ETXTBSY",
        [27] = "EFBIG",
        [95] = "EOPNOTSUPP",
        [129] = "EKEYREJECTED",
    };

    /// <summary>The call was one too many: the module was there, or another's attempt at it was in flight.</summary>
    public static bool IsDuplicate(string name) => name is "EEXIST" or "EBUSY" or "ETXTBSY";

    /// <summary>Reads the trace's "0x0" or "0xffffffffffffffef", a negative errno.</summary>
    public static string OfReturnValue(string hexadecimal)
    {
        var value = unchecked((long)ulong.Parse(hexadecimal.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        return Names.GetValueOrDefault((int)-value, string.Create(CultureInfo.InvariantCulture, $"errno {-value}"));
    }
}
