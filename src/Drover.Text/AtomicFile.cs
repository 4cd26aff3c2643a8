namespace Drover.Text;

/// <summary>Replaces a file or link in one step: a reader sees the old one or the new one, never a part.</summary>
public static class AtomicFile
{
    /// <summary>Creates a file under a temporary name and renames it, over an existing one.</summary>
    /// <param name="create">Creates the file or link at the path it is given.</param>
    /// <param name="temporary">The temporary name, on the same file system; the default is PATH.part.</param>
    /// <exception cref="IOException">The file cannot be created or renamed.</exception>
    /// <exception cref="UnauthorizedAccessException">Permission is denied.</exception>
    public static void Replace(string path, Action<string> create, string? temporary = null)
    {
        ArgumentNullException.ThrowIfNull(create);
        temporary ??= path + ".part";
        File.Delete(temporary); // left by a process that was killed
        try
        {
            create(temporary);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Replaces a file by the bytes of this text (<see cref="ByteText"/>).</summary>
    /// <inheritdoc cref="Replace"/>
    public static void WriteAllText(string path, string text) =>
        Replace(path, temporary => File.WriteAllBytes(temporary, ByteText.BytesOf(text)));
}
