using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux;

/// <summary>
/// Writes to a descriptor that the process was given, by write(2) and nothing else. A FileStream would keep a position of its own in a file that others
/// write to, too; the console's stream begins by setting up a terminal. One owner.
/// </summary>
/// <param name="descriptor">Stays open.</param>
public sealed class DescriptorStream(int descriptor) : Stream
{
    public const int StandardOutput = 1, StandardError = 2;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The descriptor does not take it: the reader of a pipe has gone, a disk is full.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var written = Libc.Write(descriptor, in buffer[0], buffer.Length);
            if (written > 0)
            {
                buffer = buffer[(int)written..];
            }
            else if (Libc.LastError is not Errno.EINTR)
            {
                throw new IOException($"descriptor {descriptor}: write: {ErrnoText.Describe(Libc.LastError)}");
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
        // nothing is held back
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
