using System.Runtime.InteropServices;
using Drover.Loading;

namespace Drover.Kmod;

/// <summary>An errno in libc's words, as kmod's messages have it. Stateless.</summary>
static class StrError
{
    public static string Of(Errno error) => Marshal.GetPInvokeErrorMessage((int)error);

    /// <summary>Of a load: a file that the loader has already found damaged is one the kernel would have refused with ENOEXEC.</summary>
    public static string OfLoad(Errno error) => Of(error is Errno.EBADMSG ? Errno.ENOEXEC : error);
}
