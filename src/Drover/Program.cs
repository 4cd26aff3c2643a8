using Drover.CommandLine;
using Drover.Commands;
using Drover.Host;
using Drover.Kmod;
using Drover.Linux.Files;
using Drover.Linux.Kernel;
using Drover.Linux.Runtime;
using Drover.Modules;

namespace Drover;

/// <summary>Runs a kmod tool, a verb of drover, or drover-study.</summary>
static class Program
{
    /// <summary>The verbs of <c>drover</c>, in the order of the help.</summary>
    public static Verb[] Verbs =>
    [
        new ColdplugVerb(), new DaemonVerb(), new StatusVerb(), new SettleVerb(), new InstallVerb(),
        new UninstallVerb(), new LoadVerb(), new ModulesLoadVerb(), new ResolveVerb(), new SealVerb(),
    ];

    public static int Main(string[] args)
    {
        SystemDecoders.Current = new LibraryDecoders();
        SystemFiles.Current = new LinuxFiles();
        args = ProcessText.Arguments(args);
        var terminal = Terminal.OfProcess();
        // called through a link with the tool's name
        if (KmodTool.Find(Path.GetFileName(Environment.GetCommandLineArgs()[0])) is { } tool)
            return Run(tool, args, terminal);
        return StudyProgram.Runs(args) ? StudyProgram.Execute(terminal) : Run(args, terminal);
    }

    public static int Run(ReadOnlySpan<string> args, Terminal terminal)
    {
        if (!args.IsEmpty && KmodTool.Find(args[0]) is { } tool)
            return Run(tool, args[1..].ToArray(), terminal);
        // enumerated for the hint at a mistyped verb only
        var otherNames = StudyProgram.Verbs.Select(verb => verb.Name).Concat(KmodTool.All.Select(tool => tool.Name));
        return new VerbProgram(Verbs, Help)
        {
            OtherNames = otherNames,
            OtherHelp = HelpOfTool,
        }.Run(args, terminal);
    }

    /// <summary>Runs a kmod tool, which has kmod's error messages.</summary>
    static int Run(KmodTool tool, IReadOnlyList<string> args, Terminal terminal)
    {
        try
        {
            var exit = tool.Run(args, terminal);
            terminal.Flush();
            return exit;
        }
        catch (IOException problem) when (problem.HResult == DescriptorStream.BrokenPipe)
        {
            return ExitCode.Failure;
        }
        catch (Exception problem) when (CommandException.MessageOf(problem) is not null)
        {
            terminal.Error.WriteLine($"{tool.Name}: ERROR: {CommandException.MessageOf(problem)}");
            return ExitCode.Failure;
        }
    }

    static string? HelpOfTool(string name)
    {
        using var text = new StringWriter { NewLine = "\n" };
        return KmodTool.Find(name)?.Run(["--help"], new Terminal(text, TextWriter.Null, isWatched: false)) is not null
            ? text.ToString()
            : null;
    }

    /// <summary>The verbs of both programs, by what they are for.</summary>
    static readonly string[] s_tasks =
    [
        "Load modules: coldplug load modules-load resolve",
        "Load for the whole machine: daemon status settle install uninstall",
        "See what this machine does: boot watch timeline audit",
        "Decide what may be loaded: why policy seal",
        "Compare, and try on a model: report herd scenario",
    ];

    static (string Name, string Summary) SummaryOf(string name) => (name,
        Array.Find(Verbs, verb => verb.Name == name)?.Summary
            ?? StudyProgram.Verbs.First(verb => verb.Name == name).Summary);

    static string Help() => HelpText.ForProgram(
        "drover loads each Linux kernel module once, however many devices, CPUs or programs request it.",
        [
            .. Array.ConvertAll(s_tasks, task => (task[..task.IndexOf(':', StringComparison.Ordinal)],
                Array.ConvertAll(task[(task.IndexOf(':', StringComparison.Ordinal) + 2)..].Split(' '), SummaryOf))),
            ("kmod's tools (also through a link: 'modprobe' -> drover)",
                [.. KmodTool.All.Select(tool => (tool.Name, tool.Summary))]),
        ],
        [.. Verbs.Select(verb => verb.Examples[0]), .. StudyProgram.Verbs.Select(verb => verb.Example)]);
}
