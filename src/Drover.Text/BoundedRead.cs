namespace Drover.Text;

public static class BoundedRead
{
    /// <summary>The rest of a stream, which may have no length; null when it is longer than the limit.</summary>
    public static byte[]? TryReadAll(Stream stream, int maxBytes)
    {
        using var bytes = new MemoryStream();
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
