using Drover.Linux.Files;
using Drover.Modules.Config;
using Drover.Text;

namespace Drover.CommandLine;

/// <summary>Where output goes: results to <see cref="Out"/>, everything else to <see cref="Error"/>.</summary>
/// <remarks>Console.Out and Console.Error initialise encodings and terminals that are not needed.</remarks>
public sealed class Terminal
{
    /// <summary>Most reports are a single write.</summary>
    const int ReportBytes = 16 << 10;

    readonly Stream? _outStream;
    readonly Stream? _errorStream;
    readonly Func<TerminalSize?> _screen;
    TextWriter? _out;
    TextWriter? _error;

    public Terminal(TextWriter output, TextWriter error, bool isWatched, TerminalSize? screen = null) =>
        (_out, _error, IsWatched, _screen) = (output, error, isWatched, () => screen);

    Terminal(Stream output, Stream error, bool isWatched) =>
        (_outStream, _errorStream, IsWatched, _screen) =
            (output, error, isWatched, () => TerminalSize.Of(DescriptorStream.StandardOutput));

    /// <summary>The current size of the terminal that results go to; null if they go elsewhere.</summary>
    public TerminalSize? Screen => _screen();

    /// <summary>Whether results have colours; null where the terminal and NO_COLOR decide.</summary>
    public bool? HasColors { get; init; }

    /// <summary>Results; buffered until the end or <see cref="Flush"/>.</summary>
    public TextWriter Out => _out ??= new ByteWriter(_outStream!, ReportBytes);

    /// <summary>Errors, warnings, progress.</summary>
    public TextWriter Error => _error ??= new ByteWriter(_errorStream!, bufferBytes: 0);

    /// <summary>Standard error is a terminal: a line may be overwritten.</summary>
    public bool IsWatched { get; }

    public static Terminal OfProcess() =>
        new(
            new DescriptorStream(DescriptorStream.StandardOutput),
            new DescriptorStream(DescriptorStream.StandardError, mayLose: true),
            TerminalSize.Of(DescriptorStream.StandardError) is not null);

    /// <summary>Control characters are replaced: names of modules and devices come from others.</summary>
    public void Warn(string message) => Error.WriteLine($"drover: {PlainText.Of(message)}");

    /// <summary>Warns of missing indexes now, and of each damaged one when a look-up meets it.</summary>
    public void WarnOfDamage(ModuleCatalog catalog)
    {
        if (ModuleTrees.Lack(catalog.Tree) is { } lack)
            Warn(lack);
        catalog.Tree.Damaged = Warn;
    }

    /// <summary>Warns of each invalid line of the configuration.</summary>
    public void WarnOf(ModprobeConfig config)
    {
        foreach (var warning in config.Warnings)
            Warn(warning);
    }

    /// <summary>Warns of each line of the policy that does not count.</summary>
    public void WarnOf(ModulePolicy? policy)
    {
        foreach (var problem in policy?.Problems ?? [])
            Warn($"policy: {problem}");
    }

    /// <exception cref="IOException">The results cannot be written.</exception>
    public void Flush() => _out?.Flush();
}
