using Microsoft.Win32.SafeHandles;

namespace Drover.Modules;

/// <summary>File type by stat(2).</summary>
public enum FileKind { Regular, Directory, Other }

/// <summary>Port: files by the bytes of their names, which are <c>ByteText</c>; .NET would alter a name that is not
/// UTF-8, and wait for the writer of a FIFO. Failures are .NET's exceptions for the errno: FileNotFoundException,
/// UnauthorizedAccessException, and IOException with the errno as HResult. Safe for any thread.</summary>
public abstract class SystemFiles
{
    /// <summary>Set once, at the start of the program.</summary>
    public static SystemFiles Current { get; set; } = null!;

    /// <summary>The kind of what a path leads to, links followed; null if it leads nowhere.</summary>
    public abstract FileKind? KindOf(string path);

    /// <summary>What a symbolic link has; null if the path is none.</summary>
    public abstract string? LinkTarget(string path);

    /// <summary>Opens a regular file to read; any other kind is an error (EINVAL), and never waited for.</summary>
    public abstract SafeFileHandle OpenRegular(string path);

    /// <summary>Opens a file, device or pipe to read. A FIFO without a writer is at its end.</summary>
    public abstract Stream OpenRead(string path);

    /// <summary>The whole of what <see cref="OpenRead"/> reads: for paths that a user gives.</summary>
    public abstract byte[] ReadAllBytes(string path);

    /// <summary>The whole of a regular file; nothing of /dev/null, a link to which hides a file of configuration. Any
    /// other kind is an error (EINVAL), and never waited for: for files that a directory has.</summary>
    public abstract byte[] ReadRegular(string path);

    /// <summary>The names in a directory, without <c>.</c> and <c>..</c>, in its order.</summary>
    public abstract IReadOnlyList<string> List(string directory);

    /// <summary>Creates a directory with those above it, mode 0755; one that exists is no error.</summary>
    public abstract void CreateDirectories(string path);

    /// <summary>Creates a file to write, mode 0644; one that exists is an error.</summary>
    public abstract SafeFileHandle CreateNew(string path);

    /// <summary>Renames a file, over an existing one.</summary>
    public abstract void Rename(string from, string to);

    /// <summary>Deletes a file; none is no error.</summary>
    public abstract void Delete(string path);

    /// <summary>Replaces a file in one step: a reader sees the old one or the new one. It is PATH.part until then.
    /// </summary>
    public void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".part";
        Delete(temporary); // left by a process that was killed
        try
        {
            using (var file = CreateNew(temporary))
                RandomAccess.Write(file, content, fileOffset: 0);
            Rename(temporary, path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Delete(temporary);
            throw problem.Message.StartsWith(path, StringComparison.Ordinal)
                ? problem
                : new IOException($"{path}: {problem.Message}", problem.HResult); // that of a descriptor has no name
        }
    }

    /// <summary>Reads a file of configuration: one that a user gives may be a pipe.</summary>
    public byte[] ReadConfig(string path, bool isGiven) => isGiven ? ReadAllBytes(path) : ReadRegular(path);

    /// <summary>The message of an exception without the path that it begins with.</summary>
    public static string ReasonOf(Exception problem, string path)
    {
        var message = problem.Message;
        return message.StartsWith($"{path}: ", StringComparison.Ordinal) ? message[(path.Length + 2)..] : message;
    }

    public bool IsDirectory(string path) => KindOf(path) is FileKind.Directory;

    /// <summary>It may be replaced by a file that is renamed: there is none, or a regular one. A device, a pipe, or
    /// what a link leads to is written.</summary>
    public bool IsReplaceable(string path) =>
        KindOf(path) is null or FileKind.Regular && LinkTarget(path) is null;

    /// <summary>Anything but a directory.</summary>
    public bool IsFile(string path) => KindOf(path) is FileKind.Regular or FileKind.Other;
}
