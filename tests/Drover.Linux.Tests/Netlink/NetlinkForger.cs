using System.Runtime.InteropServices;
using Drover.Kernel;

namespace Drover.Linux.Tests.Netlink;

/// <summary>Sends messages to the listeners of the kernel's group, as a privileged process can.</summary>
static unsafe partial class NetlinkForger
{
    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendto(int fd, byte* data, nint length, int flags, byte* address, uint addressLength);

    [LibraryImport("libc")]
    private static partial int close(int fd);

    internal static void Send(ReadOnlySpan<byte> message)
    {
        const int Netlink = 16, Datagram = 2, KobjectUevent = 15;
        var fd = socket(Netlink, Datagram, KobjectUevent);
        try
        {
            // sockaddr_nl: family, pad, port (0: the kernel and the group), groups
            ReadOnlySpan<byte> address = [Netlink, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
            fixed (byte* data = message, to = address)
            {
                var sent = sendto(fd, data, message.Length, 0, to, (uint)address.Length);

                // The kernel end refuses the message (ECONNREFUSED) after the group has received it.
                if (sent < 0 && Marshal.GetLastPInvokeError() != (int)Errno.ECONNREFUSED)
                    throw new InvalidOperationException($"sendto: errno {Marshal.GetLastPInvokeError()}");
            }
        }
        finally
        {
            _ = close(fd);
        }
    }
}
