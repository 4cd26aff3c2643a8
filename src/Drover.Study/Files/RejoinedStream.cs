namespace Drover.Study.Files;

/// <summary>A stream from its beginning, after some bytes were read of it; a pipe cannot go back.</summary>
sealed class RejoinedStream(ReadOnlyMemory<byte> begun, Stream rest) : Stream
{
    ReadOnlyMemory<byte> _begun = begun;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (_begun.IsEmpty)
            return rest.Read(buffer);
        var length = Math.Min(buffer.Length, _begun.Length);
        _begun.Span[..length].CopyTo(buffer);
        _begun = _begun[length..];
        return length;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
