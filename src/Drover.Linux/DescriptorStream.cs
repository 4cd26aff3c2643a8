using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux;

/// <summary>
/// Writes to a descriptor that the process was given, by write(2) and nothing else. A FileStream would keep a position of its own in a file that others
/// write to, too; the console's stream begins by setting up a terminal. One owner.
/// </summary>
/// <param name="descriptor">Stays open.</param>
/// <param name="mayLose">What the descriptor does not take is lost without a word: for messages that nobody may be there to read.</param>
public sealed class DescriptorStream(int descriptor, bool mayLose = false) : Stream
{
    public const int StandardOutput = 1, StandardError = 2;

    /// <summary>The <see cref="Exception.HResult"/> of a write to a pipe whose reader has gone (EPIPE).</summary>
    public const int BrokenPipe = 32;

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
    /// <exception cref="IOException">The descriptor does not take it: the reader of a pipe has gone, a disk is full. Its HResult is the errno.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var written = Libc.Write(descriptor, in buffer[0], buffer.Length);
            if (written > 0)
            {
                buffer = buffer[(int)written..];
            }
            else if (Libc.LastError is var error and not Errno.EINTR)
            {
                if (mayLose)
                {
                    return;
                }

                throw new IOException($"output could not be written: {ErrnoText.Describe(error)}", (int)error);
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
