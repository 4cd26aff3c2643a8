using Drover.Modules;

namespace Drover.Study.Files;

/// <summary>Reads a file that the command line names; a dash stands for standard input.</summary>
static class InputFile
{
    /// <summary>Standard input or output.</summary>
    public const string Dash = "-";

    public const string StandardInput = "/dev/stdin";

    /// <summary>For messages.</summary>
    public static string NameOf(string path) => path == Dash ? "standard input" : path;

    /// <param name="read">Takes the file from its beginning, and its name for messages.</param>
    /// <exception cref="IOException">It cannot be read; the message names it.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public static T Read<T>(string path, Func<Stream, string, T> read)
    {
        var name = NameOf(path);
        try
        {
            using var stream = Open(path);
            return read(stream, name);
        }
        catch (IOException problem) when (!problem.Message.StartsWith(name, StringComparison.Ordinal))
        {
            // that of a stream has no name
            throw new IOException($"{name}: {problem.Message}", problem.HResult);
        }
    }

    /// <summary>The whole file.</summary>
    /// <exception cref="CommandException">It is longer than the limit.</exception>
    /// <inheritdoc cref="Read"/>
    public static byte[] ReadAllBytes(string path, int maxBytes) => Read(path, (stream, name) =>
        BoundedRead.TryReadAll(stream, maxBytes)
        ?? throw new CommandException($"{name}: larger than {ByteSize.Format(maxBytes)}"));

    static Stream Open(string path)
    {
        if (path != Dash)
            return SystemFiles.Current.OpenRead(path);
        // reading it says so without the name
        return SystemFiles.Current.IsDirectory(StandardInput)
            ? throw new IOException("is a directory")
            : Console.OpenStandardInput();
    }
}
