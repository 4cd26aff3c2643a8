using Drover.Linux.Files;
using Drover.Modules;
using Drover.Text;

namespace Drover.CommandLine;

/// <summary>The file of --metrics.</summary>
public static class MetricsFile
{
    /// <summary>The file of --metrics, or null without it.</summary>
    /// <exception cref="UsageException">--json is given as well.</exception>
    public static string? Of(Arguments arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var path = arguments.Text(CommonOptions.Metrics);
        return path is not null && arguments.Has(CommonOptions.Json)
            ? throw new UsageException("--json and --metrics exclude each other")
            : path;
    }

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
        if (SystemFiles.Current.IsDirectory(path))
            throw new CommandException($"--metrics: {path} is a directory: name a file in it, as drover.prom");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!SystemFiles.Current.IsDirectory(folder))
        {
            throw new CommandException($"--metrics: there is no directory {folder}: install node_exporter "
                + "(prometheus-node-exporter), whose textfile collector reads it, or name a file elsewhere");
        }
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
            throw new CommandException($"--metrics: {FileProblem.Describe(problem)}");
        }
    }
}
