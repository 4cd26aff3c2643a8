namespace Drover.Devices.Control;

/// <summary>Bytes of a client that were not served yet: messages, each ended by a NUL, and the beginning of one. An idle client's buffer is no memory. One owner, the event loop.</summary>
internal sealed class MessageBuffer
{
    const int FirstBytes = 1 << 10;

    byte[] _bytes = [];
    int _start, _end;
    int _scanned; // up to here there is no NUL: one byte at a time must not cost the square

    /// <summary>Bytes that still fit; 0: a message is too large, once <see cref="TryTake"/> finds none.</summary>
    public int Room => ControlLimits.MaxMessageBytes - (_end - _start);

    /// <summary>Keeps more, at most <see cref="Room"/>. What <see cref="TryTake"/> gave is not valid any more.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        var kept = _end - _start;
        if (kept + bytes.Length > ControlLimits.MaxMessageBytes)
            throw new ArgumentException("more than there is room for", nameof(bytes));
        if (bytes.IsEmpty)
            return;
        var target = _bytes;
        if (kept + bytes.Length > target.Length)
        {
            var size = Math.Max(target.Length, FirstBytes);
            while (size < kept + bytes.Length)
                size *= 2;
            target = new byte[size];
        }
        if (target != _bytes || _end + bytes.Length > target.Length)
        {
            _bytes.AsSpan(_start, kept).CopyTo(target);
            (_bytes, _start, _end, _scanned) = (target, 0, kept, _scanned - _start);
        }
        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    /// <summary>The next whole message without its NUL; valid until <see cref="Append"/>.</summary>
    public bool TryTake(out ReadOnlyMemory<byte> message)
    {
        var length = _bytes.AsSpan(_scanned, _end - _scanned).IndexOf((byte)0);
        if (length < 0)
        {
            _scanned = _end;
            message = default;
            if (_start == _end)
                (_bytes, _start, _end, _scanned) = ([], 0, 0, 0);
            return false;
        }
        message = _bytes.AsMemory(_start, _scanned + length - _start);
        _start = _scanned = _scanned + length + 1;
        return true;
    }
}
