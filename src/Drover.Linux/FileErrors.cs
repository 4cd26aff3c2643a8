using System.Diagnostics.CodeAnalysis;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Linux;

/// <summary>What reading a module's file can throw, as the errno the kernel would have given had it read the file itself.</summary>
internal static class FileErrors
{
    internal static LoadReply Guard<T>(string path, Func<T> read, out T? result)
    {
        try
        {
            result = read();
            return new(Errno.None);
        }
        catch (ModuleDataException e)
        {
            result = default;
            return new(Errno.EBADMSG, e.Message);
        }
        catch (Exception e) when (ErrnoOf(e) is { } error)
        {
            result = default;
            return new(error, $"{path}: {e.Message}");
        }
    }

    [SuppressMessage("Usage", "CA2201", Justification = "OutOfMemoryException is recognised, not thrown")]
    static Errno? ErrnoOf(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => Errno.ENOENT,
        UnauthorizedAccessException => Errno.EACCES,
        OutOfMemoryException => Errno.ENOMEM,
        IOException => Errno.EIO,
        _ => null,
    };
}
