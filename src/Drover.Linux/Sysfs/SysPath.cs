using System.Text;

namespace Drover.Linux.Sysfs;

/// <summary>Paths below the root of a sysfs, as the bytes they are; in strings every byte is the character of its number, as in <see cref="Devices.UeventText"/>.</summary>
static class SysPath
{
    /// <summary>Longest path the kernel takes, with its NUL (include/uapi/linux/limits.h: PATH_MAX).</summary>
    internal const int MaxBytes = 4096;

    /// <summary>
    /// Where a link leads, by its text alone, from the root and without a slash in front; in sysfs no directory on the way is itself a link.
    /// 0 when it leads out of the tree, to its root, or is too long.
    /// </summary>
    /// <param name="directory">Where the link lies, from the root, without slashes at its ends.</param>
    internal static int Resolve(ReadOnlySpan<byte> directory, ReadOnlySpan<byte> target, Span<byte> result)
    {
        if (target.StartsWith((byte)'/') || directory.Length > result.Length)
        {
            return 0;
        }

        directory.CopyTo(result);
        var length = directory.Length;
        foreach (var range in target.Split((byte)'/'))
        {
            var part = target[range];
            if (part.IsEmpty || part is [(byte)'.'])
            {
                continue;
            }

            if (part is [(byte)'.', (byte)'.'])
            {
                if (length == 0)
                {
                    return 0;
                }

                length = Math.Max(result[..length].LastIndexOf((byte)'/'), 0);
                continue;
            }

            if (length + 1 + part.Length > result.Length)
            {
                return 0;
            }

            if (length > 0)
            {
                result[length++] = (byte)'/';
            }

            part.CopyTo(result[length..]);
            length += part.Length;
        }

        return length;
    }

    /// <summary>The parts joined by slashes and NUL-terminated, in <paramref name="buffer"/>; empty when it is too long for the kernel.</summary>
    internal static ReadOnlySpan<byte> Join(Span<byte> buffer, ReadOnlySpan<byte> directory, ReadOnlySpan<byte> name)
    {
        var length = directory.Length + 1 + name.Length;
        if (length >= buffer.Length)
        {
            return [];
        }

        directory.CopyTo(buffer);
        buffer[directory.Length] = (byte)'/';
        name.CopyTo(buffer[(directory.Length + 1)..]);
        buffer[length] = 0;
        return buffer[..(length + 1)];
    }

    internal static string ToText(ReadOnlySpan<byte> path) => Encoding.Latin1.GetString(path);

    /// <summary>A DEVPATH: from the root, with its slash.</summary>
    internal static string ToDevPath(ReadOnlySpan<byte> path) => string.Create(path.Length + 1, path, static (text, path) =>
    {
        text[0] = '/';
        Encoding.Latin1.GetChars(path, text[1..]);
    });
}
