using System.Runtime.InteropServices;
using Drover.Kernel;

namespace Drover.Linux.Files;

/// <summary>Messages for failed accesses of files, in the words of the C library, as <see cref="LinuxFiles"/> has them:
/// those of .NET say of a directory that access is denied.</summary>
public static class FileProblem
{
    /// <summary><c>PATH: Is a directory</c>; the exception's own message unless the class library wrote it.</summary>
    public static string Describe(Exception problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        if (problem is FileNotFoundException { FileName: null } && LinuxPath.Real(".") is null)
            return "the working directory was removed: change to another one";
        if (FileErrno.Of(problem) is not { } error || PathIn(problem.Message) is not { } path)
            return problem.Message;
        // .NET opens no directory, and reports EACCES
        if (error is Errno.EACCES && Directory.Exists(path))
            error = Errno.EISDIR;
        return $"{path}: {Marshal.GetPInvokeErrorMessage((int)error)}";
    }

    /// <summary>The path that a message of the class library quotes.</summary>
    static string? PathIn(string message)
    {
        var start = message.IndexOf('\'', StringComparison.Ordinal);
        var end = message.LastIndexOf('\'');
        var isTheirs = message.StartsWith("Could not find ", StringComparison.Ordinal)
            || message.StartsWith("Access to the path ", StringComparison.Ordinal)
            || message.StartsWith("The path ", StringComparison.Ordinal)
            || (start > 0 && message[..start].EndsWith(" : ", StringComparison.Ordinal));
        return isTheirs && end > start ? message[(start + 1)..end] : null;
    }
}
