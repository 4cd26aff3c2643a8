using System.Buffers.Text;
using Drover.Linux.Syscalls;

namespace Drover.Linux;

/// <summary>
/// <c>/sys/kernel/uevent_seqnum</c>, kept open, because it is looked at for each request: one system call a look. Safe for any thread but <see cref="Dispose"/>.
/// </summary>
/// <param name="path">The file; where it cannot be read the number is 0.</param>
public sealed class UeventSeqnum(string path = "/sys/kernel/uevent_seqnum") : IDisposable
{
    int _fd = SmallFile.Open(path, out _);

    /// <summary>SEQNUM of the last uevent the kernel has sent, or 0 where it does not tell.</summary>
    public ulong Read()
    {
        Span<byte> text = stackalloc byte[32];

        // Reading from offset 0 makes the kernel print the number anew (kernel: seq_read_iter).
        var length = _fd < 0 ? -1 : Libc.PRead(_fd, ref text[0], text.Length, 0);
        return length > 0 && Utf8Parser.TryParse(text[..(int)length], out ulong seqnum, out _) ? seqnum : 0;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _fd, -1) is >= 0 and var fd)
        {
            _ = Libc.Close(fd);
        }
    }
}
