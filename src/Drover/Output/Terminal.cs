using System.Text;
using Drover.Linux;
using Drover.Modules;

namespace Drover.Output;

/// <summary>Where output goes: results to one writer, everything else to the other. One owner.</summary>
/// <remarks>Console.Out and Console.Error are not used: they look for encodings and terminals that nobody here needs.</remarks>
sealed class Terminal
{
    /// <summary>A report is most often one write.</summary>
    const int ReportChars = 16 << 10;

    readonly Stream? _outStream;
    readonly Stream? _errorStream;
    readonly Func<TerminalSize?> _screen;
    TextWriter? _out;
    TextWriter? _error;

    /// <summary>A terminal of these writers, which says of itself whether a person watches it, and how large a screen its results go to.</summary>
    public Terminal(TextWriter output, TextWriter error, bool isWatched, TerminalSize? screen = null) =>
        (_out, _error, IsWatched, _screen) = (output, error, isWatched, () => screen);

    Terminal(Stream output, Stream error, bool isWatched) =>
        (_outStream, _errorStream, IsWatched, _screen) = (output, error, isWatched, () => TerminalSize.Of(DescriptorStream.StandardOutput));

    /// <summary>The terminal that results go to, as large as it is now: all of it may be written over. Null where they go elsewhere.</summary>
    public TerminalSize? Screen => _screen();

    /// <summary>Results; buffered until the end or <see cref="Flush"/>.</summary>
    public TextWriter Out => _out ??= Writer(_outStream!, autoFlush: false);

    /// <summary>Everything that is not the result: errors, warnings, progress.</summary>
    public TextWriter Error => _error ??= Writer(_errorStream!, autoFlush: true);

    /// <summary>Standard error is a terminal: a line may be written over.</summary>
    public bool IsWatched { get; }

    /// <summary>The process's own.</summary>
    public static Terminal OfProcess() =>
        new(
            new DescriptorStream(DescriptorStream.StandardOutput),
            new DescriptorStream(DescriptorStream.StandardError, mayLose: true),
            TerminalSize.Of(DescriptorStream.StandardError) is not null);

    /// <summary>Results that are a <see cref="RawText"/>: the bytes themselves. A writer of text, as tests have it, gets a character for each.</summary>
    public void WriteRaw(string raw)
    {
        if (_outStream is null)
        {
            Out.Write(raw);
            return;
        }
        Out.Flush();
        _outStream.Write(RawText.BytesOf(raw));
    }

    /// <summary>One line of trouble.</summary>
    public void Complain(string message) => Error.WriteLine($"drover: {message}");

    /// <summary>Lines of the configuration that mean nothing.</summary>
    public void WarnOf(ModprobeConfig config)
    {
        foreach (var warning in config.Warnings)
            Complain(warning);
    }

    /// <exception cref="IOException">The results do not reach whoever wants them.</exception>
    public void Flush() => _out?.Flush();

    static StreamWriter Writer(Stream stream, bool autoFlush) =>
        new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), autoFlush ? -1 : ReportChars) { AutoFlush = autoFlush, NewLine = "\n" };
}
