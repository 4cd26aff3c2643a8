using System.Globalization;

namespace Drover.Text;

/// <summary>Byte counts as people write and read them; K, M, G, T, P and E are powers of 1024.</summary>
public static class ByteSize
{
    const string Units = "KMGTPE";

    /// <summary>Reads <c>67108864</c>, <c>65536K</c>, <c>64M</c>, <c>64MiB</c> or <c>4T</c>.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var number = text.AsSpan();
        if (number.EndsWith("iB", StringComparison.Ordinal))
            number = number[..^2];
        var unit = number.IsEmpty ? -1 : Units.IndexOf(char.ToUpperInvariant(number[^1]), StringComparison.Ordinal);
        if (unit >= 0)
            number = number[..^1];
        else if (number.Length != text.Length)
            return false;
        var shift = 10 * (unit + 1);
        var isNumber = long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count);
        if (!isNumber || count > long.MaxValue >> shift)
            return false;
        bytes = count << shift;
        return true;
    }

    /// <summary>In the largest unit that gives at least 1: <c>9.9 MiB</c>.</summary>
    public static string Format(long bytes)
    {
        if (bytes < 1024)
            return $"{bytes} B";
        var unit = 0;
        var size = bytes / 1024.0;
        for (; size >= 1024 && unit < Units.Length - 1; unit++)
            size /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{size:0.#} {Units[unit]}iB");
    }
}
