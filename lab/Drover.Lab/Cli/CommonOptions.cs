using Drover.Lab.Guest;
using Drover.Lab.Prepare;

namespace Drover.Lab.Cli;

/// <summary>What <c>run</c> and <c>compare</c> read alike.</summary>
static class CommonOptions
{
    /// <summary>Of QEMU's q35; the lab has been tried up to 128.</summary>
    public const int MaximumCpus = 255;

    public static readonly IReadOnlyList<string> Loaders = Enum.GetNames<Loader>().Select(name => name.ToLowerInvariant()).ToList();

    public static readonly IReadOnlyList<string> Gates = Enum.GetNames<Gate>().Select(name => name.ToLowerInvariant()).ToList();

    public static RunSettings Settings(ArgumentReader arguments, Action<string>? console) => new(
        arguments.Memory("--memory", "4G"),
        arguments.Number("--timeout", 0, 86_400, fallback: 0) is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : null,
        Path.GetFullPath(arguments.Text("--binary") ?? Path.Combine(LabCache.ProjectRoot, "artifacts/native/drover")),
        Options(arguments.Text("--drover-args") ?? ""),
        console);

    /// <summary>Of a command that shows guests: <c>--verbose</c> their consoles, <c>--raw</c> what they sent, too.</summary>
    public static RunSettings GuestSettings(ArgumentReader arguments) =>
        Settings(arguments, arguments.Flag("--verbose") ? Console.Error.WriteLine : null) with { RawFolder = arguments.Text("--raw") };

    /// <summary>They go into a file that the guest's shell reads.</summary>
    static string Options(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || " -=_.,/".Contains(c)) ? text : throw ArgumentReader.Wrong($"--drover-args takes plain options, not '{text}'");

    public static T Parse<T>(string name)
        where T : struct, Enum => Enum.Parse<T>(name, ignoreCase: true);
}
