using Drover.Linux.Files;
using Drover.Modules;
using Drover.Text;

namespace Drover.CommandLine;

/// <summary>The file of --metrics.</summary>
public static class MetricsFile
{
    /// <summary>Replaces the file in one step, so that the collector reads no half of it; its name should end in .prom.
    /// A device or a pipe is written.</summary>
    /// <param name="path"><c>-</c> for standard output.</param>
    /// <exception cref="CommandException">It cannot be written.</exception>
    public static void Write(string path, string text, Terminal terminal)
    {
        ArgumentNullException.ThrowIfNull(terminal);
        if (path == "-")
        {
            terminal.Out.Write(text);
            return;
        }
        if (path.Length == 0 || !ByteText.IsUtf8(path))
            throw new UsageException("--metrics needs the name of a file, in UTF-8");
        try
        {
            if (SystemFiles.Current.IsReplaceable(path))
            {
                AtomicFile.WriteAllText(path, text);
                return;
            }
            using var file = new FileStream(LinuxFiles.Create(path), FileAccess.Write, bufferSize: 0);
            file.Write(ByteText.BytesOf(text));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"--metrics: {problem.Message}");
        }
    }
}
