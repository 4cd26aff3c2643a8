using Drover.Modules;
using Drover.Text;

namespace Drover.Linux.Files;

/// <summary>Files that may be missing, unreadable, or not what they should be, without harm.</summary>
public static class BoundedFile
{
    /// <summary>The whole of a regular file; null if it is none, cannot be read, or is longer than the limit.</summary>
    public static byte[]? TryRead(string path, int maxBytes)
    {
        try
        {
            if (SystemFiles.Current.KindOf(path) is not FileKind.Regular)
                return null;
            using var file = File.OpenRead(path);
            return BoundedRead.TryReadAll(file, maxBytes);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
