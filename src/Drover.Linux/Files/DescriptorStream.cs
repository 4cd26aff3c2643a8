using Drover.Kernel;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Files;

/// <summary>Writes to a descriptor of the process by write(2). A FileStream would keep its own position in a file that
/// other processes also write to; the stream of <see cref="Console"/> first sets up a terminal. One owner.</summary>
/// <param name="descriptor">Stays open.</param>
/// <param name="mayLose">Failed writes are ignored: for messages that may have no reader.</param>
public sealed class DescriptorStream(int descriptor, bool mayLose = false) : Stream
{
    public const int StandardOutput = 1, StandardError = 2;

    /// <summary>The <see cref="Exception.HResult"/> of a write to a pipe without a reader.</summary>
    public const int BrokenPipe = (int)Errno.EPIPE;

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
    /// <exception cref="IOException">The write failed; the HResult is the errno.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var written = Libc.Write(descriptor, in buffer[0], buffer.Length);
            var error = written > 0 ? Errno.None : Libc.LastError;
            buffer = buffer[(int)Math.Max(written, 0)..];
            if (error is Errno.None or Errno.EINTR)
                continue;
            if (mayLose)
                return;
            throw new IOException($"output could not be written: {ErrnoText.Describe(error)}", (int)error);
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
        // nothing is buffered
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}

/// <summary>The size of a terminal in characters.</summary>
/// <param name="Rows">At least 1.</param>
/// <param name="Columns">At least 1.</param>
public readonly record struct TerminalSize(int Rows, int Columns)
{
    /// <summary>The VT100's, for a terminal that reports no size, such as a serial line.</summary>
    public static readonly TerminalSize Least = new(24, 80);

    /// <summary>Size of the terminal behind a descriptor (TIOCGWINSZ); null if it is no terminal.</summary>
    public static TerminalSize? Of(int descriptor) =>
        Libc.IoCtl(descriptor, Libc.TIOCGWINSZ, out var size) < 0 ? null
            : size is { Rows: > 0, Columns: > 0 } ? new(size.Rows, size.Columns)
            : Least;
}
