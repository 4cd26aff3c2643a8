using Drover.Linux.Files;
using Drover.Modules;

namespace Drover.Study.Files;

/// <summary>A file that an option names to be written; a dash stands for standard output. One owner.</summary>
sealed class OutputFile : IDisposable
{
    readonly Terminal _terminal;
    readonly string _path;
    readonly FileStream? _file;

    OutputFile(Terminal terminal, string path, FileStream? file) => (_terminal, _path, _file) = (terminal, path, file);

    public bool IsStandardOutput => _file is null;

    /// <summary>Opens the file that an option names before the work that fills it, so that an error is reported first;
    /// null without the option.</summary>
    /// <exception cref="CommandException">It cannot be written.</exception>
    public static OutputFile? Open(Arguments arguments, Option option, Terminal terminal) =>
        arguments.Text(option) is { } path ? Open(path, terminal) : null;

    /// <inheritdoc cref="Open(Arguments, Option, Terminal)"/>
    public static OutputFile Open(string path, Terminal terminal)
    {
        try
        {
            return new(terminal, path, path == InputFile.Dash
                ? null
                : new FileStream(LinuxFiles.OpenOrCreate(path), FileAccess.Write, bufferSize: 0));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(FileProblem.Describe(problem));
        }
    }

    /// <summary>Replaces the contents, and says so on standard error.</summary>
    public void Fill(Action<TextWriter> write)
    {
        Write(write);
        if (_file is null)
            return;
        var size = IsRegular ? $", {ByteSize.Format(_file.Length)}" : "";
        _terminal.Error.WriteLine($"{PlainText.Of(_path)}: written{size}");
    }

    /// <summary>Replaces the contents.</summary>
    /// <exception cref="IOException">They cannot be written; the message names the file.</exception>
    public void Write(Action<TextWriter> write)
    {
        if (_file is null)
        {
            write(_terminal.Out);
            return;
        }
        try
        {
            // some devices can seek, and none can be cut
            if (IsRegular)
                _file.SetLength(0);
            using var writer = new StreamWriter(_file, leaveOpen: true) { NewLine = "\n" };
            write(writer);
        }
        catch (IOException problem) when (!problem.Message.StartsWith(_path, StringComparison.Ordinal))
        {
            // that of a descriptor has no name
            throw new IOException($"{_path}: {problem.Message}", problem.HResult);
        }
    }

    public void Dispose() => _file?.Dispose();

    bool IsRegular => SystemFiles.Current.KindOf(_path) is FileKind.Regular;
}
