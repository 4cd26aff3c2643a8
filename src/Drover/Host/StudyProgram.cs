using Drover.CommandLine;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.Runtime;

namespace Drover.Host;

/// <summary>A verb of drover-study, as the help of <c>drover</c> lists it.</summary>
sealed record StudyVerb(string Name, string Summary, Example Example);

/// <summary>The second program, drover-study; its verbs replace this process by it (execve(2)).</summary>
static class StudyProgram
{
    const string FileName = "drover-study";
    const string Self = "/proc/self/exe";

    /// <summary>Where a package puts it; a source tree has it next to <c>drover</c>.</summary>
    public const string InstalledPath = "/usr/lib/drover/" + FileName;

    static readonly string s_sibling = Path.Join(AppContext.BaseDirectory, FileName);

    /// <summary>Its verbs; a test compares them with the program's own.</summary>
    public static IReadOnlyList<StudyVerb> Verbs { get; } =
    [
        new("boot", "show why this boot was slow: what waited for which module, and what would help",
            new Example("drover boot", "this boot")),
        new("watch", "show every module load on this machine as it happens, and which were in vain",
            new Example("drover watch", "until Ctrl-C, then the table")),
        new("timeline", "show when the daemon loaded what, who waited for what, and the critical path",
            new Example("drover timeline", "bars of characters, and the critical path")),
        new("audit", "predict what a boot of this machine costs in module loads, and what Drover would change",
            new Example("drover audit", "this machine")),
        new("why", "show why a module is loaded or not: who asked, which line of which file decides",
            new Example("drover why nouveau", "what would load it, what stops it")),
        new("policy", "check what may be loaded, learn it from this machine, export or import it",
            new Example("drover policy check", "would this machine still boot?")),
        new("report", "show what recordings of module loads tell: who loaded, who waited, what was in vain",
            new Example("drover report calls.jsonl", "a watch's recording, on the terminal")),
        new("herd", "show on a model of the kernel what it costs when all CPUs load the same modules",
            new Example("drover herd", "255 CPUs, each gate, udev and Drover")),
        new("scenario", "record what this machine's devices ask for, as a file for the model",
            new Example("drover scenario --output machine.json", "this machine")),
    ];

    /// <summary>Whether a command line is for drover-study: <c>VERB …</c> or <c>help VERB</c>.</summary>
    public static bool Runs(ReadOnlySpan<string> args) =>
        (args is [var verb, ..] && IsVerb(verb))
        || (args is ["help" or "--help" or "-h", var topic, ..] && IsVerb(topic));

    /// <summary>Replaces this process by drover-study with the same arguments; returns only on failure.</summary>
    public static int Execute(Terminal terminal)
    {
        var path = Find();
        terminal.Warn(path is null ? Missing
            : LinuxPath.Real(path) == LinuxPath.Real(Self) ? $"{path} is drover itself: put {FileName} in its place"
            : $"{path}: cannot be run: {Replace(path)}");
        return ExitCode.Failure;
    }

    static string Replace(string path)
    {
        try
        {
            return ErrnoText.Describe(ProcessImage.Replace(path));
        }
        catch (Exception problem) when (CommandException.MessageOf(problem) is { } message)
        {
            return message;
        }
    }

    /// <summary>The program's file, or null if it is not installed.</summary>
    public static string? Find() => Array.Find([s_sibling, InstalledPath], File.Exists);

    public static string Missing =>
        $"this needs {FileName}, which is not installed: install the package {FileName}, or put it at {InstalledPath} "
        + $"or {s_sibling} (in a source tree, ./drover builds it)";

    static bool IsVerb(string word) => Verbs.Any(verb => verb.Name == word);
}
