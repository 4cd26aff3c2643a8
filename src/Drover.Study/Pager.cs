using System.ComponentModel;
using System.Diagnostics;

namespace Drover.Study;

/// <summary>Shows a text in a pager, as git(1) and systemctl(1) do. What is written after a reader has quit is dropped;
/// where no pager can be started, the text goes to the terminal. One owner.</summary>
sealed class Pager : Stream
{
    /// <summary>sh(1): the command is there and cannot be run, or is not found.</summary>
    const int CannotRun = 126, NotFound = 127;

    /// <summary>What a pipe holds (pipe(7)): when more is written, the pager has read some.</summary>
    static readonly int s_pipeBytes = 16 * Environment.SystemPageSize;

    readonly Process _process;
    readonly Stream _pipe;
    readonly Terminal _terminal;
    MemoryStream? _written = new(); // until the pager has read some
    bool _hasEnded;
    bool _isMissing;

    Pager(Process process, Terminal terminal) =>
        (_process, _pipe, _terminal) = (process, process.StandardInput.BaseStream, terminal);

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>As systemctl(1) does it, but long lines wrap: less quits by itself if the text fits. Null without a
    /// pager.</summary>
    public static Pager? Start(Terminal terminal)
    {
        var command = Environment.GetEnvironmentVariable("DROVER_PAGER") ?? Environment.GetEnvironmentVariable("PAGER")
            ?? "less 2>/dev/null || more 2>/dev/null || cat";
        return command is "" or "cat" || Environment.GetEnvironmentVariable("TERM") is null or "dumb"
            ? null
            : Start(command, terminal);
    }

    /// <param name="command">For sh(1).</param>
    /// <returns>Null without a shell.</returns>
    public static Pager? Start(string command, Terminal terminal)
    {
        terminal.Flush();
        var start = new ProcessStartInfo("/bin/sh", ["-c", command])
        {
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        start.Environment.TryAdd("LESS", "FRXMK");
        start.Environment.TryAdd("LESSCHARSET", "utf-8");
        try
        {
            return new Pager(Process.Start(start)!, terminal);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_hasEnded)
        {
            WriteAfterEnd(buffer);
            return;
        }
        _written?.Write(buffer);
        try
        {
            _pipe.Write(buffer);
        }
        catch (IOException)
        {
            End();
        }
        if (_written?.Length > s_pipeBytes)
            _written = null;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Flush()
    {
        // nothing is buffered
    }

    /// <summary>Waits until the reader has quit.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_hasEnded)
            End();
        _process.Dispose();
        base.Dispose(disposing);
    }

    void End()
    {
        _hasEnded = true;
        _pipe.Dispose();
        _process.WaitForExit();
        _isMissing = _process.ExitCode is CannotRun or NotFound && _written is not null;
        if (_written is { } text)
            WriteAfterEnd(text.GetBuffer().AsSpan(0, (int)text.Length));
        _written = null;
    }

    /// <summary>The shell has said which command is missing.</summary>
    void WriteAfterEnd(ReadOnlySpan<byte> text)
    {
        if (_isMissing)
            _terminal.Out.Write(ByteText.Of(text));
    }
}
