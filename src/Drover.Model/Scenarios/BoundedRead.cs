namespace Drover.Model;

/// <summary>Reads what somebody else has made. Stateless; safe for any thread.</summary>
public static class BoundedRead
{
    /// <summary>All of a stream, or null when it is larger than it may be; a device or a pipe has no length to ask for.</summary>
    /// <param name="stream">From where it stands.</param>
    /// <param name="limit">In bytes.</param>
    public static byte[]? TryReadAll(Stream stream, int limit)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var bytes = new MemoryStream();
        var buffer = new byte[64 << 10];
        for (int length; (length = stream.Read(buffer)) > 0;)
        {
            if (bytes.Length + length > limit)
                return null;
            bytes.Write(buffer, 0, length);
        }
        return bytes.ToArray();
    }
}
