using System.Runtime.InteropServices;

namespace Drover.Linux.Tests;

/// <summary>Sends what a process with privileges can send to the listeners of the kernel's group.</summary>
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

                // The kernel's own end refuses what it is sent (ECONNREFUSED); the group has it by then.
                const int ECONNREFUSED = 111;
                if (sent < 0 && Marshal.GetLastPInvokeError() != ECONNREFUSED)
                {
                    throw new InvalidOperationException($"sendto: errno {Marshal.GetLastPInvokeError()}");
                }
            }
        }
        finally
        {
            _ = close(fd);
        }
    }
}
