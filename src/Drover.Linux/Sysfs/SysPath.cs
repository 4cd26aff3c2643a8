using System.Text;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Sysfs;

/// <summary>Paths below a sysfs: bytes, or strings in Latin-1 as in <see cref="Devices.UeventText"/>.</summary>
static class SysPath
{
    internal const int MaxBytes = Libc.PATH_MAX; // longest path the kernel accepts, with its NUL

    /// <summary>Resolves a link to a path from the root; in sysfs no directory on the way is a link.</summary>
    /// <param name="directory">Path of the directory of the link, from the root, without slashes at its ends.</param>
    /// <returns>The length; 0 if the link leads out of the tree or to its root, or the path is too long.</returns>
    internal static int Resolve(ReadOnlySpan<byte> directory, ReadOnlySpan<byte> target, Span<byte> result)
    {
        if (target.StartsWith((byte)'/') || directory.Length > result.Length)
            return 0;
        directory.CopyTo(result);
        var length = directory.Length;
        foreach (var range in target.Split((byte)'/'))
        {
            var part = target[range];
            if (part.IsEmpty || part is [(byte)'.'])
                continue;
            if (part is [(byte)'.', (byte)'.'])
            {
                if (length == 0)
                    return 0;
                length = Math.Max(result[..length].LastIndexOf((byte)'/'), 0);
                continue;
            }
            if (length + 1 + part.Length > result.Length)
                return 0;
            if (length > 0)
                result[length++] = (byte)'/';
            part.CopyTo(result[length..]);
            length += part.Length;
        }
        return length;
    }

    /// <summary>The parts joined by a slash, with a NUL; empty if <paramref name="buffer"/> is too small.</summary>
    internal static ReadOnlySpan<byte> Join(Span<byte> buffer, ReadOnlySpan<byte> directory, ReadOnlySpan<byte> name)
    {
        var length = directory.Length + 1 + name.Length;
        if (length >= buffer.Length)
            return [];
        directory.CopyTo(buffer);
        buffer[directory.Length] = (byte)'/';
        name.CopyTo(buffer[(directory.Length + 1)..]);
        buffer[length] = 0;
        return buffer[..(length + 1)];
    }

    internal static string ToText(ReadOnlySpan<byte> path) => Encoding.Latin1.GetString(path);

    /// <summary>A DEVPATH: the path with a leading slash.</summary>
    internal static string ToDevPath(ReadOnlySpan<byte> path) =>
        string.Create(path.Length + 1, path, static (text, path) =>
    {
        text[0] = '/';
        Encoding.Latin1.GetChars(path, text[1..]);
    });
}
