namespace Drover.Text;

public static class BoundedRead
{
    /// <summary>The rest of a stream, which may have no length; null when it is longer than the limit.</summary>
    /// <param name="begun">What was read of it already; it comes first, and counts.</param>
    public static byte[]? TryReadAll(Stream stream, int maxBytes, ReadOnlySpan<byte> begun = default)
    {
        using var bytes = new MemoryStream();
        bytes.Write(begun);
        var buffer = new byte[64 << 10];
        for (int length; (length = stream.Read(buffer)) > 0;)
        {
            if (bytes.Length + length > maxBytes)
                return null;
            bytes.Write(buffer, 0, length);
        }
        return bytes.ToArray();
    }
}
